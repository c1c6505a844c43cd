/// What a training step costs beside the bare matrix products in it: for several networks on one
/// and two threads, the floor, the step and the step with the gather of its batch are timed in
/// turn, in one run, so that their ratios hold on a machine whose speed drifts. Prints a table, and
/// with `--json FILE` writes the same as JSON.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/nets.hpp"
#include "benchmarks/training_step.hpp"
#include "tests/support/allocation_counter.hpp"

namespace {

using benchmarks::Floor;
using benchmarks::microseconds;
using benchmarks::Net;
using benchmarks::Step;

struct Result {
  std::string net;
  std::size_t batch, threads;
  double floor, step, gathered;       // median microseconds
  double step_ratio, gathered_ratio;  // medians of the ratios of neighbouring samples
  double allocations;                 // per step
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

Result measure(const Net& net, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  xtape::Rng rng{1};
  const xtape::nn::Dataset data = benchmarks::mnist_sized(net.widths.front(), net.batch);
  Floor floor(net, rng);
  Step step(net, data, rng), gathered(net, data, rng);
  std::vector<double> floor_times, step_times, gathered_times, step_ratios, gathered_ratios;
  // A sample is long enough for the clock and short enough to share the machine's mood with its
  // neighbours.
  floor();
  const int repetitions = std::max(1, static_cast<int>(1000 / microseconds(3, [&] { floor(); })));
  std::size_t allocations = 0, rounds = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (; elapsed() < seconds || rounds < 20; ++rounds) {
    const std::size_t before = allocation_count();
    const double f = microseconds(repetitions, [&] { floor(); });
    const double s = microseconds(repetitions, [&] { step.on_fixed_batch(); });
    const double g = microseconds(repetitions, [&] { gathered.on_next_batch(); });
    const std::size_t during = allocation_count() - before;
    if (rounds < 5) {
      continue;  // the first rounds warm up
    }
    allocations += during;
    floor_times.push_back(f), step_times.push_back(s), gathered_times.push_back(g);
    step_ratios.push_back(s / f), gathered_ratios.push_back(g / f);
  }
  const double steps = static_cast<double>(2 * (rounds - 5)) * repetitions;
  return {net.name,
          net.batch,
          threads,
          median(floor_times),
          median(step_times),
          median(gathered_times),
          median(step_ratios),
          median(gathered_ratios),
          static_cast<double>(allocations) / steps};
}

void write_json(const char* path, const std::vector<Result>& results) {
  std::string json = "[\n";
  for (const Result& r : results) {
    json += fmt::format(
        "  {{\"net\": \"{}\", \"batch\": {}, \"threads\": {}, \"floor_us\": {:.2f}, "
        "\"step_us\": {:.2f}, \"gathered_us\": {:.2f}, \"step_ratio\": {:.4f}, "
        "\"gathered_ratio\": {:.4f}, \"allocations_per_step\": {:.3f}}}{}\n",
        r.net, r.batch, r.threads, r.floor, r.step, r.gathered, r.step_ratio, r.gathered_ratio,
        r.allocations, &r == &results.back() ? "" : ",");
  }
  json += "]\n";
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr || std::fputs(json.c_str(), file) < 0 || std::fclose(file) != 0) {
    fmt::print(stderr, "xtape_step: cannot write {}\n", path);
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* json = nullptr;
  double seconds = 3;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      json = argv[++i];
    } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::stod(argv[++i]);
    } else {
      fmt::print(stderr, "usage: xtape_step [--seconds PER_ROW] [--json FILE]\n");
      return 2;
    }
  }
  fmt::print("xtape {}, {}; medians in microseconds\n", xtape::version(), xtape::gemm_backend());
  fmt::print(
      "net               batch  threads    floor     step  gathered  step/floor  "
      "gathered/floor  allocations\n");
  std::vector<Result> results;
  for (const Net& net : benchmarks::nets()) {
    for (const std::size_t threads : {1UL, 2UL}) {
      const Result r = measure(net, threads, seconds);
      fmt::print("{:16}  {:5}  {:7}  {:7.1f}  {:7.1f}  {:8.1f}  {:10.3f}  {:14.3f}  {:11.3f}\n",
                 r.net, r.batch, r.threads, r.floor, r.step, r.gathered, r.step_ratio,
                 r.gathered_ratio, r.allocations);
      std::fflush(stdout);
      results.push_back(r);
    }
  }
  if (json != nullptr) {
    write_json(json, results);
  }
  return 0;
}
