#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

#include "tensor/processors.hpp"
#include "tests/distributed/ranks.hpp"

namespace ranks {
namespace {

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

}  // namespace

Cases cases_of_numbers() {
  return {{"equal", equal},      {"adam", adam},       {"threads", threads},
          {"local", local},      {"dropout", dropout}, {"statistics", statistics},
          {"freezing", freezing}};
}

}  // namespace ranks
