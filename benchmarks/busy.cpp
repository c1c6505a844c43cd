/// What a second thread is worth beside other programs: the mean time of a training step on one
/// thread and on two, on an otherwise idle machine and beside two, three and four busy processes,
/// which this program starts itself. One thread and two take turns, so that both see the same load.

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/nets.hpp"
#include "benchmarks/training_step.hpp"

namespace {

using benchmarks::Step;

/// Processes that compute and never wait, for as long as the object lives.
class BusyProcesses {
 public:
  explicit BusyProcesses(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const pid_t parent = ::getpid();
      const pid_t child = ::fork();
      if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned number = 0; ::getppid() == parent || number > 0;) {
          number = number + 1;
        }
        ::_exit(0);
      }
      if (child > 0) {
        children_.push_back(child);
      }
    }
  }
  ~BusyProcesses() {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  BusyProcesses(const BusyProcesses&) = delete;
  BusyProcesses& operator=(const BusyProcesses&) = delete;

 private:
  std::vector<pid_t> children_;
};

/// Steps, and the seconds that they took.
struct Total {
  std::size_t steps = 0;
  double seconds = 0;
  double mean() const { return seconds * 1e6 / static_cast<double>(steps); }
};

void train_for(double seconds, std::size_t threads, Step& step, Total& total) {
  xtape::set_thread_count(threads);
  const auto start = std::chrono::steady_clock::now();
  double elapsed = 0;
  std::size_t steps = 0;
  while (elapsed < seconds) {
    step.on_next_batch();
    ++steps;
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  total.steps += steps;
  total.seconds += elapsed;
}

void measure(std::size_t busy, double seconds) {
  const BusyProcesses processes(busy);
  const benchmarks::Net& net = benchmarks::nets().front();
  xtape::Rng rng{1};
  const xtape::nn::Dataset data = benchmarks::mnist_sized(net.widths.front(), net.batch);
  Step step(net, data, rng);
  Total one, two;
  constexpr double turn = 1;
  for (double spent = 0; spent < seconds; spent += 2 * turn) {
    train_for(turn, 1, step, one);
    train_for(turn, 2, step, two);
  }
  fmt::print("{:14}  {:10.0f}  {:11.0f}  {:5.2f}\n", busy, one.mean(), two.mean(),
             two.mean() / one.mean());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 20;
  if (argc == 3 && std::strcmp(argv[1], "--seconds") == 0) {
    seconds = std::stod(argv[2]);
  } else if (argc != 1) {
    fmt::print(stderr, "usage: busy_benchmark [--seconds PER_ROW]\n");
    return 2;
  }
  fmt::print("xtape {}, {}; {} with its gather, mean microseconds a step\n", xtape::version(),
             xtape::gemm_backend(), benchmarks::nets().front().name);
  fmt::print("busy processes  one thread  two threads  ratio\n");
  for (const std::size_t busy : {0UL, 2UL, 3UL, 4UL}) {
    measure(busy, seconds);
  }
  return 0;
}
