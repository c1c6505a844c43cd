#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "autograd/no_grad.hpp"
#include "nn/io/checksum.hpp"
#include "nn/table.hpp"
#include "nn/train/epochs.hpp"

namespace xtape::nn {

/// The result of nn::fit().
struct Fit {
  History history;                        ///< The epochs, including those before a resume.
  RunStatus status = RunStatus::running;  ///< The reason why the run ended.
  int signal = 0;                         ///< The signal that interrupted the run, or 0.
  double seconds = 0;                     ///< The time of the training, without validation.
};

namespace detail {

/// Returns the label of rows that do not count for a criterion, if it has one.
template <class Criterion>
std::optional<std::int64_t> ignored_label(const Criterion& criterion) {
  if constexpr (requires {
                  { criterion.ignore_index } -> std::convertible_to<std::optional<std::int64_t>>;
                }) {
    return criterion.ignore_index;
  }
  return std::nullopt;
}

}  // namespace detail

/// Returns the metrics of a model on a dataset, computed under NoGrad: "accuracy" and "validation
/// loss", the mean of `criterion`. The accuracy is left out unless each target is one integer and
/// the outputs are logits (batch, classes) with at least two classes. Rows whose label is
/// `criterion.ignore_index` do not count for the accuracy. For an empty dataset, there
/// are no metrics. The tape is rewound before each batch. With a group, each rank evaluates its
/// part of the dataset, and all ranks get the metrics of the whole.
template <class Model, class Criterion, class T>
Metrics validate(const Model& model, const Criterion& criterion, const Dataset& data, Tape<T>& tape,
                 std::size_t batch_size = 500, ProcessGroup* group = nullptr) {
  const NoGrad guard{tape};
  ConfusionMatrix matrix;
  double loss = 0;
  for (const Batch& batch : Batches(group == nullptr ? data : shard(data, *group), batch_size)) {
    tape.rewind();
    const Variable<T> output = model(tape.constant(batch.inputs));
    loss += static_cast<double>(criterion(output, batch.targets).item()) *
            static_cast<double>(batch.size());
    const bool labels = batch.targets.are_integers() && batch.targets.shape().empty();
    if (labels && output.shape().size() == 2 && output.shape()[1] > 1) {
      matrix.add(output.value(), batch.targets, detail::ignored_label(criterion));
    }
  }
  if (data.size() == 0) {
    return {};
  }
  if (group != nullptr) {
    group->all_reduce(std::span(&loss, 1));
    matrix = all_reduce(*group, matrix);
  }
  Metrics metrics{{"validation loss", lower_is_better(loss / static_cast<double>(data.size()))}};
  if (matrix.classes() > 0) {
    metrics.insert(metrics.begin(), {"accuracy", higher_is_better(matrix.accuracy())});
  }
  return metrics;
}

/// Trains a model with the loop of nn::Epochs, Epoch::step() and validate(). Batches have
/// `run.batch_size` samples and the options `run.batches`. Their order follows from `run.seed`.
///
///     nn::Adam adam({.learning_rate = 0.01});
///     nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, train, validation,
///             {.epochs = 20, .folder = "runs/iris", .resume = true, .early_stop = 5});
///
/// `criterion(outputs, targets)` returns the mean loss of a batch. Without validation samples,
/// there are no metrics. The seed, a checksum of all samples, and the layers in nn::table() are
/// part of the identity of the run. So a run is not resumed with other data, or with layers of
/// other descriptions. The code within a module or a lambda is not compared. Throws ValueError if
/// `run.early_stop` is set and there are no validation samples. Throws as Epochs and Epoch do.
///@{
template <class Model, class Criterion, class T>
Fit fit(Model& model, const Criterion& criterion, Optimizer<T>& optimizer, const Dataset& train,
        const Dataset& validation, const Run& run) {
  require<ValueError>(run.early_stop == 0 || validation.size() > 0,
                      "fit: early_stop needs samples for validation");
  Run seeded = run;
  seeded.identity.emplace("seed", fmt::format("{}", run.seed));
  if (!run.folder.empty() || run.group != nullptr) {  // ranks compare their identities
    seeded.identity.insert_or_assign("checksum of the samples",
                                     checksum(train) + " " + checksum(validation));
    detail::TableBuilder table;
    table.add(model, "");
    for (const detail::TableRow& row : table.rows()) {
      seeded.identity.insert_or_assign("layer " + row.name, row.layer);
    }
  }
  Rng rng{run.seed};
  Tape<T> tape;
  tape.rng() = Rng{Rng(rng)()};
  Batches batches(train, run.batch_size, rng, run.batches);
  Epochs epochs(seeded, model, optimizer, tape, batches);
  for (Epoch& epoch : epochs) {
    for (const Batch& batch : epoch) {
      epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
    }
    epoch.end([&] { return validate(model, criterion, validation, tape, 500, run.group); });
  }
  return {epochs.history(), epochs.status(), epochs.signal(), epochs.seconds()};
}
template <class Model, class Criterion, class T>
Fit fit(Model& model, const Criterion& criterion, Optimizer<T>& optimizer, const Dataset& train,
        const Run& run) {
  return fit(model, criterion, optimizer, train, Dataset(), run);
}
///@}

}  // namespace xtape::nn
