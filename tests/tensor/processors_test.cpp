#include "tensor/processors.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "tensor/parallel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#ifdef __linux__
#include <sched.h>
#endif

namespace fs = std::filesystem;
using xtape::detail::cpu_quota;

namespace {

/// A file system with the files that define a quota.
class Machine {
 public:
  void write(const std::string& path, const std::string& text) const {
    const fs::path file = root() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  fs::path root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("A process without control groups has no CPU quota") {
  const Machine machine;
  CHECK(cpu_quota(machine.root()) == INFINITY);
  machine.write("proc/self/cgroup", "0::/\n");
  CHECK(cpu_quota(machine.root()) == INFINITY);
  machine.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  CHECK(cpu_quota(machine.root()) == INFINITY);
}

TEST_CASE("The CPU quota of control groups, version 2, is the least along the path") {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/outer/inner\n");
  machine.write("sys/fs/cgroup/outer/inner/cpu.max", "250000 100000\n");
  CHECK(cpu_quota(machine.root()) == 2.5);
  machine.write("sys/fs/cgroup/outer/cpu.max", "75000 50000\n");
  CHECK(cpu_quota(machine.root()) == 1.5);
  machine.write("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  CHECK(cpu_quota(machine.root()) == 1.5);
  // Within a container the path is not that of the host, and its own group is the root.
  machine.write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  CHECK(cpu_quota(machine.root()) == 0.5);
}

TEST_CASE("The CPU quota of control groups, version 1") {
  for (const std::string mount : {"cpu,cpuacct", "cpu"}) {
    const Machine machine;
    machine.write("proc/self/cgroup",
                  "9:name=systemd:/\n4:cpuset:/box\n3:cpu,cpuacct:/box\n0::/\n");
    const std::string group = "sys/fs/cgroup/" + mount + "/box/";
    machine.write(group + "cpu.cfs_quota_us", "-1\n");
    machine.write(group + "cpu.cfs_period_us", "100000\n");
    CHECK(cpu_quota(machine.root()) == INFINITY);
    machine.write(group + "cpu.cfs_quota_us", "150000\n");
    CHECK(cpu_quota(machine.root()) == 1.5);
    machine.write("sys/fs/cgroup/cpuset/box/cpu.cfs_quota_us", "1\n");  // has no meaning there
    CHECK(cpu_quota(machine.root()) == 1.5);
  }
}

TEST_CASE("Files that tell no CPU quota are passed over") {
  const Machine machine;
  machine.write("proc/self/cgroup", "\nnonsense\n0:\n0::/a\n");
  for (const char* text : {"", "max", "0 100000", "-5 100000", "100000 0", "100000", "x y"}) {
    INFO("cpu.max is '" << text << "'");
    machine.write("sys/fs/cgroup/a/cpu.max", text);
    CHECK(cpu_quota(machine.root()) == INFINITY);
  }
}

TEST_CASE("A process may use at least one processor, and no more than it has") {
  CHECK(xtape::usable_processors() >= 1);
  CHECK(xtape::usable_processors() <= std::thread::hardware_concurrency());
}

#ifdef __linux__
/// Returns the usable processors and the default number of threads of a thread that may use one
/// processor.
std::pair<std::size_t, std::size_t> counts_on_one_processor() {
  std::size_t usable = 0, threads = 0;
  std::jthread([&] {  // it has its own affinity and thread count
    cpu_set_t all, one;
    REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
      if (CPU_ISSET(cpu, &all)) {
        CPU_SET(cpu, &one);
      }
    }
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    usable = xtape::usable_processors();
    threads = xtape::thread_count();
  })
      .join();
  return {usable, threads};
}

TEST_CASE("The default number of threads is that of the affinity mask") {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) {
    XTAPE_SKIP("SKIPPED: OMP_NUM_THREADS sets another number of threads");
  }
  CHECK(counts_on_one_processor() == std::pair<std::size_t, std::size_t>(1, 1));
  for (const char* ignored :
       {"", "abc", "0", "-2", "4x", "2,foo", "1 2", "2,0", "2.0", "99999999999999999999"}) {
    ::setenv("OMP_NUM_THREADS", ignored, 1);
    const auto counts = counts_on_one_processor();
    ::unsetenv("OMP_NUM_THREADS");
    INFO("OMP_NUM_THREADS is '" << ignored << "'");
    CHECK(counts == std::pair<std::size_t, std::size_t>(1, 1));
  }
}
#endif
