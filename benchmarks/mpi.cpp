/// Times training steps on several ranks: ./run bench mpi [SECONDS PER ROW]. Each rank has a batch
/// of its own size, so the speedup of K ranks is at most K. With --links, prints lines of JSON for
/// benchmarks/links.py.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/nets.hpp"
#include "nn/distributed/mpi.hpp"
#include "tests/support/datasets.hpp"

namespace {

namespace nn = xtape::nn;
using Clock = std::chrono::steady_clock;

struct Problem {
  std::string name;
  std::function<nn::Sequential<float>(xtape::Rng&)> make_model;
  xtape::Shape image;
  std::size_t batch;  // of each rank
};

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const std::size_t i : {0UL, 1UL, 2UL}) {
    const benchmarks::Net& net = benchmarks::nets()[i];
    all.push_back({net.name, [&net](xtape::Rng& rng) { return benchmarks::make_model(net, rng); },
                   xtape::Shape{net.widths[0]}, net.batch});
  }
  all.push_back({"convolutions 32-64-64",
                 [](xtape::Rng& rng) {
                   return benchmarks::make_image_model({32, 64, 64}, nn::GELU{}, rng);
                 },
                 {32, 32, 3},
                 64});
  return all;
}

/// A step of training on a fixed batch.
class Step {
 public:
  Step(const Problem& problem, nn::ProcessGroup* group)
      : model_(problem.make_model(rng_)),
        batches_(random_images(problem.batch, problem.image, rng_), problem.batch),
        batch_(*batches_.begin()) {
    if (group != nullptr) {
      weight_ = 1 / static_cast<double>(group->size());
      parallel_.emplace(*group);
    }
  }

  void operator()() {
    tape_.rewind();
    const auto loss = criterion_(model_(tape_.constant(batch_.inputs)), batch_.targets);
    if (parallel_) {
      parallel_->backward(loss, weight_);
    } else {
      tape_.backward(loss);
    }
    sgd_.step(model_, tape_);
    nn::update_statistics(model_, tape_);
  }

  std::size_t parameters() const { return nn::parameter_count(model_); }

  /// Returns how many parameters nn::DataParallel sends in its last bucket.
  std::size_t last_bucket() {
    constexpr std::size_t most = (std::size_t{1} << 20) / sizeof(float);
    std::size_t bucket = 0;
    tape_.rewind();
    const auto loss = criterion_(model_(tape_.constant(batch_.inputs)), batch_.targets);
    tape_.backward(loss, [&](const auto&, const auto& grad) {
      bucket = grad.size() + (bucket + grad.size() > most ? 0 : bucket);
    });
    return bucket;
  }

 private:
  xtape::Rng rng_;
  nn::Sequential<float> model_;
  nn::Batches batches_;
  nn::Batch batch_;
  nn::SoftmaxCrossEntropy criterion_;
  nn::SGD<float> sgd_{{.learning_rate = 1e-4}};
  xtape::Tape<float> tape_;
  double weight_ = 1;
  std::optional<nn::DataParallel<float>> parallel_;
};

/// Returns the time of a call of `step` in milliseconds: the least mean of five rounds. All ranks
/// do the same number of calls.
template <class Call>
double time_of(Call& step, double seconds, nn::ProcessGroup* group) {
  const auto run = [&](std::size_t steps) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < steps; ++i) {
      step();
    }
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  run(3);
  double once = run(3) / 3;
  if (group != nullptr) {
    group->all_reduce(std::span(&once, 1));
    once /= static_cast<double>(group->size());
  }
  const auto steps = 1 + static_cast<std::size_t>(seconds / 5 / once);
  double least = once;
  for (int round = 0; round < 5; ++round) {
    least = std::min(least, run(steps) / static_cast<double>(steps));
  }
  return 1000 * least;
}

void measure(const Problem& problem, double seconds, nn::ProcessGroup& group) {
  const auto fraction = static_cast<double>(group.size());
  std::optional<double> alone;
  group.barrier();
  if (group.rank() == 0) {
    Step step(problem, nullptr);
    alone = time_of(step, seconds, nullptr);
  } else {
    std::this_thread::sleep_for(std::chrono::duration<double>(1.5 * seconds));  // barriers spin
  }
  group.barrier();
  Step apart(problem, nullptr), together(problem, &group);
  const double without = time_of(apart, seconds, &group);
  const double with = time_of(together, seconds, &group);
  if (group.rank() == 0) {
    std::printf("%-22s %10zu %7zu %9.3f %9.3f %9.3f %8.2f %8.2f\n", problem.name.c_str(),
                together.parameters(), problem.batch, *alone, without, with, with / without,
                fraction * *alone / with);
    std::fflush(stdout);
  }
}

/// Prints the times of sums of several sizes, and of training steps.
void measure_links(double seconds, nn::ProcessGroup& group) {
  const bool prints = group.rank() == 0;
  for (const std::size_t size : {1UL, 1000UL, 10'000UL, 100'000UL, 1'000'000UL}) {
    std::vector<float> numbers(size);
    const auto sum = [&] {
      group.start_all_reduce(std::span(numbers));
      group.wait();
    };
    const double time = group.size() == 1 ? 0 : time_of(sum, seconds, &group);
    if (prints && group.size() > 1) {
      std::printf("{\"bytes\": %zu, \"seconds\": %.3g}\n", 4 * size, time / 1000);
    }
  }
  for (const Problem& problem : problems()) {
    Step step(problem, &group);
    const double time = time_of(step, seconds, &group);
    if (prints) {
      std::printf("{\"network\": \"%s\", \"parameters\": %zu, \"last\": %zu, \"seconds\": %.3g}\n",
                  problem.name.c_str(), step.parameters(), step.last_bucket(), time / 1000);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto group = nn::init_process_group();
  return nn::end_together(group.get(), [&] {
    xtape::require<xtape::Error>(group != nullptr,
                                 "usage: mpirun -n RANKS mpi_benchmark [--links] [SECONDS]");
    const bool links = argc > 1 && std::string(argv[1]) == "--links";
    const int first = links ? 2 : 1;
    const double seconds = argc > first ? std::stod(argv[first]) : links ? 1 : 5;
    if (links) {
      measure_links(seconds, *group);
      return 0;
    }
    if (group->rank() == 0) {
      std::printf(
          "%zu ranks of %zu thread%s, milliseconds of a step\n%-22s %10s %7s %9s %9s %9s %8s %8s\n",
          group->size(), xtape::thread_count(), xtape::thread_count() == 1 ? "" : "s", "network",
          "parameters", "batch", "one rank", "no sums", "sums", "ratio", "speedup");
    }
    for (const Problem& problem : problems()) {
      measure(problem, seconds, *group);
    }
    return 0;
  });
}
