#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "nn/distributed/mpi.hpp"
#include "tensor/processors.hpp"
#include "tests/support/models.hpp"

// ranks CASE [ARGUMENT]: what several processes do together. Each case runs on any number of ranks,
// and throws if something is wrong. tests/distributed/ranks.sh ends ranks in the middle of a run.

namespace {

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::require;
using Arguments = std::vector<std::string>;

#define EXPECT(condition) \
  require<xtape::Error>(condition, "{}:{}: expected {}", __FILE__, __LINE__, #condition)

/// Returns points of three numbers, whose class is whether their sum is above 0.
template <class T>
nn::Dataset some_points(std::size_t count) {
  xtape::Rng rng{5};
  std::vector<T> points(3 * count);
  std::vector<std::int64_t> classes(count);
  for (std::size_t i = 0; i < count; ++i) {
    T sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      sum += points[3 * i + k] = static_cast<T>(rng.normal());
    }
    classes[i] = sum > 0;
  }
  return {nn::Samples(std::move(points), {3}), nn::Samples(std::move(classes))};
}

nn::Run quiet(nn::Run run) {
  run.progress = nn::ProgressStyle::none;
  run.summary = false;
  return run;
}

/// All objects of a run. Each rank begins with weights, an order and random numbers of its own, so
/// that a run in which they stay apart shows. `dropout` is the rate of its dropout.
template <class T>
struct Parts {
  explicit Parts(std::size_t samples, std::size_t batch_size, std::uint64_t seed = 1,
                 double dropout = 0)
      : data(some_points<T>(samples)),
        rng(seed),
        model{nn::Linear<T>(3, 7, rng), nn::Dropout(dropout), nn::Tanh{}, nn::Linear<T>(7, 2, rng)},
        batches(data, batch_size, rng) {
    tape.rng() = xtape::Rng(seed + 1);
  }

  xtape::Variable<T> loss_of(const nn::Batch& batch) {
    return nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
  }

  std::vector<T> weights() const { return numbers_of<T>(model); }

  nn::Dataset data;
  xtape::Rng rng;
  nn::Sequential<T> model;
  nn::SGD<T> sgd{{.learning_rate = 0.1, .momentum = 0.9}};
  nn::Adam<T> adam{{.learning_rate = 0.01}};
  nn::Optimizer<T>* optimizer = &sgd;
  xtape::Tape<T> tape;
  nn::Batches batches;
};

/// Trains, evaluates each epoch on all samples, and calls `after(steps)` after each step.
template <class T, class After>
nn::History train(Parts<T>& parts, const nn::Run& run, After after) {
  nn::Epochs epochs(quiet(run), parts.model, *parts.optimizer, parts.tape, parts.batches);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.step([&] { return parts.loss_of(batch); });
      after(parts.optimizer->steps());
    }
    epoch.end([&] {
      return nn::validate(parts.model, nn::SoftmaxCrossEntropy{}, parts.data, parts.tape, 5,
                          run.group);
    });
  }
  return epochs.history();
}

template <class T>
nn::History train(Parts<T>& parts, const nn::Run& run) {
  return train(parts, run, [](std::size_t) {});
}

/// Returns the largest difference, relative to numbers above 1.
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double greatest = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    const double difference = std::abs(x - y) / std::max(1., std::abs(y));
    greatest = difference <= greatest ? greatest : difference;  // NaN counts as large
  }
  return greatest;
}

/// Trains on all ranks and on this one alone, and compares.
template <class T>
void compare(nn::ProcessGroup& group, nn::Run run, std::size_t samples, std::size_t batch_size,
             double tolerance, bool adam = false) {
  Parts<T> alone(samples, batch_size), together(samples, batch_size, 1 + group.rank());
  if (adam) {
    alone.optimizer = &alone.adam, together.optimizer = &together.adam;
  }
  const nn::History one = train(alone, run);
  run.group = &group;
  const nn::History all = train(together, run);
  const double difference = distance(together.weights(), alone.weights());
  if (group.rank() == 0) {
    std::printf("%zu samples, batches of %zu, %zu steps: difference %.2g\n", samples, batch_size,
                together.optimizer->steps(), difference);
  }
  EXPECT(together.optimizer->steps() == alone.optimizer->steps());
  EXPECT(difference <= (group.size() == 1 ? 0 : tolerance));
  EXPECT(all.epochs().size() == one.epochs().size());
  for (std::size_t i = 0; i < one.epochs().size(); ++i) {
    const nn::EpochRecord &a = all.epochs()[i], &b = one.epochs()[i];
    EXPECT(std::abs(a.loss - b.loss) <= (group.size() == 1 ? 0 : 10 * tolerance));
    EXPECT(a.metric("accuracy") == b.metric("accuracy"));
    EXPECT(std::abs(a.metric("validation loss") - b.metric("validation loss")) <= 10 * tolerance);
    EXPECT(a.samples == b.samples);
  }
}

/// As many epochs as 200 steps need.
std::size_t epochs_of_200(std::size_t samples, std::size_t batch_size) {
  const std::size_t batches = (samples + batch_size - 1) / batch_size;
  return (200 + batches - 1) / batches;
}

/// Ranks together compute what one computes alone. The last batch of 103 is ragged. The last batch
/// of 25 has one sample, so that all ranks but one have none.
void equal(nn::ProcessGroup& group, const Arguments&) {
  for (const std::size_t samples : {96UL, 103UL, 25UL, 1UL}) {
    const nn::Run run{.epochs = epochs_of_200(samples, 8)};
    compare<float>(group, run, samples, 8, 1e-6);
    compare<double>(group, run, samples, 8, 1e-12);
  }
  compare<double>(group, {.epochs = 4, .accumulate = 3, .max_norm = 0.1}, 103, 8, 1e-12);
}

/// The same with Adam, which divides by roots of small numbers.
void adam(nn::ProcessGroup& group, const Arguments&) {
  for (const std::size_t samples : {96UL, 103UL, 25UL, 1UL}) {
    const nn::Run run{.epochs = epochs_of_200(samples, 8)};
    compare<float>(group, run, samples, 8, 1e-6, true);
    compare<double>(group, run, samples, 8, 1e-12, true);
  }
}

/// Unless OMP_NUM_THREADS is set, the ranks of a machine share its processors.
void threads(nn::ProcessGroup& group, const Arguments&) {
  const std::size_t all = xtape::usable_processors();
  EXPECT(xtape::thread_count() == std::max<std::size_t>(1, all / group.size()));
}

/// A mean after each step is data parallel, with the velocities of SGD, too.
void local(nn::ProcessGroup& group, const Arguments&) {
  for (const std::size_t samples : {96UL, 103UL, 25UL, 1UL}) {
    nn::Run run{.epochs = epochs_of_200(samples, 8), .group = &group};
    Parts<double> together(samples, 8), apart(samples, 8, 1 + group.rank());
    train(together, run);
    run.local_steps.every = 1;
    train(apart, run);
    const double difference = distance(apart.weights(), together.weights());
    EXPECT(difference <= (group.size() == 1 ? 0 : 1e-12));
  }
}

/// Dropout draws other numbers on each rank, and the same in each run.
void dropout(nn::ProcessGroup& group, const Arguments&) {
  Parts<double> first(40, 8, 1, 0.5), second(40, 8, 1, 0.5);
  std::vector<double> losses;
  train(first, {.epochs = 3, .group = &group}, [&](std::size_t) {
    std::vector<double> all(group.size());
    group.all_gather(first.tape.rng().uniform(), all);
    losses = all;
  });
  train(second, {.epochs = 3, .group = &group}, [&](std::size_t) {
    std::vector<double> all(group.size());
    group.all_gather(second.tape.rng().uniform(), all);
  });
  EXPECT(first.weights() == second.weights());
  for (std::size_t i = 1; i < losses.size(); ++i) {
    EXPECT(losses[i] != losses[0]);
  }
}

/// The running mean is the mean over the whole batch, on all ranks.
void statistics(nn::ProcessGroup& group, const Arguments&) {
  const nn::Dataset data = some_points<double>(47);
  const auto measure = [&](nn::ProcessGroup* ranks) {
    nn::Sequential<double> model{nn::BatchNorm<double>(3)};
    nn::SGD<double> still({.learning_rate = 0.});
    xtape::Tape<double> tape;
    nn::Batches batches(data, 10);
    nn::Epochs epochs(quiet({.epochs = 2, .group = ranks}), model, still, tape, batches);
    for (nn::Epoch& epoch : epochs) {
      for (const auto& batch : epoch) {
        epoch.step([&] { return mean(square(model(tape.constant(batch.inputs)))); });
      }
    }
    std::vector<xtape::Array<double>> buffers;
    nn::for_each_buffer(
        model, [&](const nn::ParameterName&, const auto& buffer) { buffers.push_back(buffer); });
    return buffers;
  };
  const auto alone = measure(nullptr), together = measure(&group);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT(std::abs(alone[0](i) - together[0](i)) < 1e-12);
    EXPECT(std::abs(alone[0](i)) > 1e-3);
  }
  EXPECT(alone[2]() == together[2]());
}

/// Parameters that are frozen or thawed between steps are averaged, too.
void freezing(nn::ProcessGroup& group, const Arguments&) {
  const auto gradients = [&](nn::ProcessGroup* ranks) {
    Parts<double> parts(20, 10);
    std::optional<nn::DataParallel<double>> parallel;
    if (ranks != nullptr) {
      parallel.emplace(*ranks, 100);  // several buckets
      parts.batches.shard(ranks->rank(), ranks->size());
    }
    std::vector<double> all;
    for (int step = 0; step < 6; ++step) {
      for (const auto& batch : parts.batches) {
        parts.tape.rewind();
        std::vector<const xtape::Array<double>*> parameters;
        nn::for_each_parameter(
            parts.model, [&](const nn::ParameterName&, const xtape::Array<double>& array) -> void {
              parameters.push_back(&array);
            });
        if (step / 2 != 2) {
          parts.tape.freeze(*parameters[step / 2 == 1 ? 0 : 2]);
        }
        const auto loss = parts.loss_of(batch);
        if (parallel) {
          parallel->backward(loss, batch.weight());
        } else {
          parts.tape.backward(loss);
        }
        nn::for_each_parameter(
            parts.model, [&](const nn::ParameterName&, const xtape::Array<double>& array) -> void {
              if (const auto* grad = parts.tape.find_grad(array)) {
                all.insert(all.end(), grad->data(), grad->data() + grad->size());
              }
            });
      }
    }
    return all;
  };
  EXPECT(distance(gradients(&group), gradients(nullptr)) < 1e-12);
}

/// Early stopping ends all ranks at once, with the weights of the best epoch.
void early_stop(nn::ProcessGroup& group, const Arguments& arguments) {
  const fs::path folder = arguments.at(0);
  Parts<float> parts(9, 4, 3 + group.rank());
  nn::Run run{.epochs = 50, .folder = folder, .resume = true, .early_stop = 2, .group = &group};
  const nn::History history = train(parts, run);
  EXPECT(history.epochs().size() < 50);
  nn::detail::require_same_hash(group, nn::hash_of(parts.model), "the weights");
  Parts<float> again(9, 4, 7 + group.rank());
  train(again, run);
  EXPECT(again.weights() == parts.weights());
}

/// A run in two parts ends with the bits of a whole one, also if the ranks train apart.
void resume(nn::ProcessGroup& group, const Arguments& arguments) {
  const fs::path folder = arguments.at(0);
  nn::LocalSteps local_steps;
  const auto run = [&](std::size_t epochs, const fs::path& kept) {
    Parts<float> parts(21, 4, 1 + group.rank(), 0.3);
    const nn::History history = train(parts, {.epochs = epochs,
                                              .folder = kept,
                                              .resume = !kept.empty(),
                                              .save_every = 2,
                                              .group = &group,
                                              .local_steps = local_steps});
    EXPECT(history.epochs().size() == epochs);
    return parts.weights();
  };
  for (const std::size_t every : {0UL, 1UL, 4UL}) {
    local_steps = every == 0 ? nn::LocalSteps() : nn::diloco(every);
    const fs::path kept = folder / std::to_string(every);
    const auto whole = run(5, {});
    run(2, kept);
    EXPECT(run(5, kept) == whole);
  }
}

/// Trains with checkpoints, slowly, to be ended from outside. Prints the hash of the weights. With
/// a third argument, the ranks train apart.
void slow(nn::ProcessGroup& group, const Arguments& arguments) {
  Parts<float> parts(21, 4, 1 + group.rank(), 0.3);
  const nn::LocalSteps apart = arguments.size() > 2 ? nn::diloco(4) : nn::LocalSteps();
  nn::Epochs epochs(quiet({.epochs = 6,
                           .folder = arguments.at(0),
                           .resume = true,
                           .save_every = 1,
                           .group = &group,
                           .local_steps = apart}),
                    parts.model, *parts.optimizer, parts.tape, parts.batches);
  const auto pause = std::chrono::milliseconds(std::stoul(arguments.at(1)));
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.step([&] { return parts.loss_of(batch); });
      std::this_thread::sleep_for(pause);
    }
  }
  if (group.rank() == 0) {
    const std::string end =
        fmt::format("steps {}, signal {}, weights {:016x}\n", parts.optimizer->steps(),
                    epochs.signal(), nn::hash_of(parts.model));
    std::fputs(end.c_str(), stdout);
    std::ofstream(arguments.at(0) + ".end")
        << end;  // Open MPI 5 drops what is printed after SIGTERM
  }
}

/// A bit of a weight flips on one rank, whose number is in the message.
void drift(nn::ProcessGroup& group, const Arguments& arguments) {
  const std::size_t rank = std::stoul(arguments.at(0));
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 3, .group = &group}, [&](std::size_t steps) {
    if (steps == 8 && group.rank() == rank) {
      nn::for_each_parameter(parts.model, [](const nn::ParameterName&, xtape::Array<float>& array) {
        auto* bytes = reinterpret_cast<unsigned char*>(array.data());
        bytes[0] = static_cast<unsigned char>(bytes[0] ^ 1);
      });
    }
  });
}

/// A rank throws in the middle of a run.
void failure(nn::ProcessGroup& group, const Arguments& arguments) {
  const std::size_t rank = std::stoul(arguments.at(0));
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 100000, .group = &group}, [&](std::size_t steps) {
    require<xtape::Error>(steps < 50 || group.rank() != rank, "the teapot is broken");
  });
}

/// The options of the ranks differ.
void options(nn::ProcessGroup& group, const Arguments&) {
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 2 + group.rank(), .group = &group});
}

/// Many short runs, for random delays.
void schedules(nn::ProcessGroup& group, const Arguments& arguments) {
  std::vector<double> first;
  for (std::size_t i = std::stoul(arguments.at(0)); i > 0; --i) {
    Parts<double> parts(11, 4, 1 + group.rank());
    train(parts, {.epochs = 1, .group = &group});
    EXPECT(first.empty() || first == parts.weights());
    first = parts.weights();
  }
}

using Case = void (*)(nn::ProcessGroup&, const Arguments&);
const std::map<std::string, Case> cases{
    {"equal", equal},       {"dropout", dropout},       {"statistics", statistics},
    {"freezing", freezing}, {"early_stop", early_stop}, {"resume", resume},
    {"slow", slow},         {"drift", drift},           {"failure", failure},
    {"options", options},   {"schedules", schedules},   {"local", local},
    {"adam", adam},         {"threads", threads}};

}  // namespace

int main(int argc, char** argv) {
  const auto group = nn::init_process_group();
  return nn::end_together(group.get(), [&] {
    require<xtape::Error>(group != nullptr && argc > 1 && cases.count(argv[1]) > 0,
                          "usage: mpirun ranks CASE [ARGUMENT]");
    cases.at(argv[1])(*group, {argv + 2, argv + argc});
    return 0;
  });
}
