#include "tensor/processors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xtape {
namespace {

namespace fs = std::filesystem;

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// Returns the number of processors in the places that OpenMP binds threads to, or 0 if it binds
/// none.
int processors_of_openmp() noexcept {
#ifdef _OPENMP
  return omp_get_proc_bind() == omp_proc_bind_false ? 0 : omp_get_num_procs();
#else
  return 0;
#endif
}

/// Returns the number of processors that the affinity mask allows.
std::size_t affinity() {
#ifdef __linux__
  // A machine may have more processors than a cpu_set_t has bits.
  for (std::size_t bits = CPU_SETSIZE; bits <= std::size_t{1} << 20; bits *= 2) {
    cpu_set_t* set = CPU_ALLOC(bits);
    if (set == nullptr) {
      break;
    }
    const std::size_t bytes = CPU_ALLOC_SIZE(bits);
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) {
      return static_cast<std::size_t>(std::max(count, processors_of_openmp()));
    }
  }
#endif
  return std::thread::hardware_concurrency();
}

/// Returns the quota of one control group, in processors, without its parents.
double quota_of(const fs::path& group) {
  std::string quota;
  double period = 0;
  if (std::ifstream file(group / "cpu.max"); !(file >> quota >> period)) {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  const double time = std::strtod(quota.c_str(), nullptr);  // 0 for "max"
  return time > 0 && period > 0 ? time / period : unlimited;
}

/// Returns the smallest quota of the group `path` below `mount` and of its parents.
double quota_along(const fs::path& mount, const fs::path& path) {
  double least = quota_of(mount);
  fs::path group = mount;
  for (const fs::path& name : path.relative_path()) {
    group /= name;
    least = std::min(least, quota_of(group));
  }
  return least;
}

/// True if a comma-separated list contains the name.
bool lists(std::string_view list, std::string_view name) {
  for (std::size_t end = 0; !list.empty(); list.remove_prefix(std::min(end + 1, list.size()))) {
    end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == name) {
      return true;
    }
  }
  return false;
}

}  // namespace

double detail::cpu_quota(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  double least = unlimited;
  std::ifstream groups(root / "proc/self/cgroup");
  // Each line is "number:controllers:path". In version 2, the controllers are empty.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path path = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min({least, quota_along(mounts, path), quota_along(mounts / "unified", path)});
    } else if (lists(controllers, "cpu")) {
      least = std::min(
          {least, quota_along(mounts / controllers, path), quota_along(mounts / "cpu", path)});
    }
  }
  return least;
}

#ifdef __linux__
bool detail::usable_set(cpu_set_t& processors) noexcept {
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) {
    return false;
  }
#ifdef _OPENMP
  if (processors_of_openmp() > CPU_COUNT(&processors)) {
    std::array<int, CPU_SETSIZE> numbers{};
    for (int place = 0; place < omp_get_num_places(); ++place) {
      const int count = omp_get_place_num_procs(place);
      if (count > CPU_SETSIZE) {
        return false;
      }
      omp_get_place_proc_ids(place, numbers.data());
      for (int i = 0; i < count; ++i) {
        CPU_SET(static_cast<std::size_t>(numbers[static_cast<std::size_t>(i)]), &processors);
      }
    }
  }
#endif
  return true;
}
#endif

std::size_t usable_processors() noexcept {
  std::size_t count = 1;
  try {
    count = affinity();
    // Threads beyond the quota are stopped together. Below half a processor, that costs more than
    // the last thread gives.
    const double quota = std::round(detail::cpu_quota());
    count = quota < static_cast<double>(count) ? static_cast<std::size_t>(quota) : count;
  } catch (const std::exception&) {
    // Out of memory or invalid file names: use what is known so far.
  }
  return std::max<std::size_t>(count, 1);
}

}  // namespace xtape
