/// The time and the memory of a recorded op, in chains of a thousand to a million ops on one number
/// and on arrays of 14. The time is that of a processor, forward and backward together. The first
/// recording of the process is compared with the later ones, and so is the first one after
/// Tape::release(). Each row is a process of its own, because the peak of memory is one of a
/// process.

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>
#include <xtape.hpp>

namespace {

using xtape::Array;
using xtape::Shape;

/// Returns the time that the process has computed. Other programs do not count.
double processor_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

/// Records a chain of `ops` ops, multiply and add in turn, and differentiates it. The factor -1
/// keeps the gradients away from denormal numbers.
template <class T>
void run_chain(xtape::Tape<T>& tape, const Array<T>& start, std::size_t ops) {
  const auto factor = tape.constant(Array<T>(start.shape(), T(-1))),
             term = tape.constant(Array<T>(start.shape(), T(0.001)));
  auto x = tape.variable(start);
  for (std::size_t i = 0; i < ops; i += 2) {
    x = x * factor + term;
  }
  tape.backward(xtape::sum(x));
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

template <class T>
void measure(const char* name, const Shape& shape, std::size_t ops) {
  const auto count = static_cast<double>(ops);
  const Array<T> start(shape, T(0.5));
  {
    xtape::Tape<T> small;
    run_chain(small, start, 64);  // the code is in memory before the clock runs
  }
  const double before = peak_megabytes();
  xtape::Tape<T> tape;
  const auto timed = [&] {
    const double begin = processor_nanoseconds();
    tape.rewind();
    run_chain(tape, start, ops);
    return (processor_nanoseconds() - begin) / count;
  };
  const double first = timed();
  const std::size_t repetitions = std::max<std::size_t>(5, 3'000'000 / ops);
  std::vector<double> times(repetitions);
  std::generate(times.begin(), times.end(), timed);
  std::sort(times.begin(), times.end());
  const double later = times[times.size() / 2];
  const double bytes = static_cast<double>(tape.memory()) / count;
  tape.release();
  const double released = timed();
  fmt::print("{:<14} {:>9} {:>8.1f} {:>8.1f} {:>12.2f} {:>14.2f} {:>9.0f} {:>9.0f}\n", name, ops,
             later, times.front(), first / later, released / later, bytes,
             peak_megabytes() - before);
}

/// Calls `work` in a process of its own. Returns false if the process failed.
template <class Work>
bool in_child(Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main() {
  fmt::print("{:<14} {:>9} {:>8} {:>8} {:>12} {:>14} {:>9} {:>9}\n", "values", "ops", "ns / op",
             "best", "first/later", "released/later", "bytes/op", "peak MB");
  const std::size_t lengths[] = {1'000, 10'000, 100'000, 1'000'000};
  bool right = true;
  for (const std::size_t ops : lengths) {
    right = in_child([&] { measure<double>("one double", Shape{}, ops); }) && right;
  }
  for (const std::size_t ops : lengths) {
    right = in_child([&] { measure<float>("14 floats", Shape{14}, ops); }) && right;
  }
  for (const std::size_t ops : lengths) {
    right = in_child([&] { measure<double>("14 doubles", Shape{14}, ops); }) && right;
  }
  return right ? 0 : 1;
}
