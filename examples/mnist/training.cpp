#include "examples/mnist/training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "examples/mnist/descent.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/signals.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Moves the last `count` images of `data` into a dataset of their own.
nn::Dataset split_off(nn::Dataset& data, std::size_t count) {
  xtape::require<xtape::ValueError>(count < data.size(),
                                    "--validation: {} of {} training images leave none to train on",
                                    count, data.size());
  const std::size_t left = data.size() - count;
  const auto images = data.images.begin() + static_cast<std::ptrdiff_t>(left * data.features());
  const auto labels = data.labels.begin() + static_cast<std::ptrdiff_t>(left);
  nn::Dataset part{
      data.rows, data.columns, {images, data.images.end()}, {labels, data.labels.end()}};
  data.images.resize(left * data.features());
  data.labels.resize(left);
  return part;
}

/// Targets of which all classes share a part (Szegedy et al. 2016): 1 - smoothing + smoothing /
/// classes for the label, smoothing / classes for the others.
void smooth_targets(std::span<const std::uint8_t> labels, double smoothing,
                    xtape::Array<float>& targets) {
  resize(targets, xtape::Shape{labels.size(), classes});
  std::fill(targets.storage().begin(), targets.storage().end(),
            static_cast<float>(smoothing / static_cast<double>(classes)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    targets.data()[i * classes + labels[i]] += static_cast<float>(1 - smoothing);
  }
}

/// The training of one network.
class Training {
 public:
  Training(nn::Sequential<float>& network, const Recipe& recipe, const nn::Dataset& data,
           xtape::Rng& rng, Progress& progress, History* history)
      : network_(network),
        recipe_(recipe),
        batches_(data, recipe.batch_size, rng, recipe.pixels()),
        augment_(recipe.augment),
        descent_(recipe, batches_.size()),
        progress_(progress),
        history_(history) {
    tape_.rng() = xtape::Rng{rng()};
  }

  Epoch epoch(std::size_t number) {
    Epoch epoch;
    epoch.number = number;
    const auto start = Clock::now();
    progress_.begin_epoch(number);
    for (const auto& batch : batches_) {
      const double loss = step(batch);
      epoch.loss += loss * static_cast<double>(batch.size());
      epoch.samples += batch.size();
      progress_.advance(batch.size(), loss);
      if (interrupted() != 0) break;
    }
    progress_.end_epoch();
    epoch.loss /= static_cast<double>(epoch.samples);
    epoch.learning_rate = descent_.learning_rate(steps_ - 1);
    epoch.seconds = seconds_since(start);
    xtape::require<xtape::Error>(std::isfinite(epoch.loss),
                                 "the loss is {} after epoch {}: try a smaller --learning-rate",
                                 epoch.loss, number);
    return epoch;
  }

  double accuracy(const nn::Dataset& data) {
    return nn::evaluate(network_, data, tape_, 500, recipe_.pixels()).accuracy();
  }

 private:
  /// Returns the loss.
  double step(const nn::Batch& batch) {
    tape_.rewind();
    const auto loss = loss_of(network_(images(batch)), batch.labels);
    tape_.backward(loss);
    if (history_ != nullptr && steps_ % std::max<std::size_t>(1, batches_.size() / 4) == 0) {
      history_->observe(network_, tape_);
    }
    descent_.step(network_, tape_, steps_++);
    return static_cast<double>(loss.item());
  }

  xtape::Variable<float> images(const nn::Batch& batch) {
    if (!recipe_.augment.any()) {
      return tape_.constant(batch.images);
    }
    return tape_.constant(
        [&](xtape::Array<float>& out) { augment_(batch.images, tape_.rng(), out); });
  }

  xtape::Variable<float> loss_of(xtape::Variable<float> logits,
                                 std::span<const std::uint8_t> labels) {
    if (recipe_.label_smoothing == 0) {
      return nn::SoftmaxCrossEntropy{}(logits, labels);
    }
    const auto targets = tape_.constant(
        [&](xtape::Array<float>& out) { smooth_targets(labels, recipe_.label_smoothing, out); });
    return nn::SoftmaxCrossEntropy{}(logits, targets);
  }

  nn::Sequential<float>& network_;
  const Recipe& recipe_;
  nn::Batches batches_;
  nn::Augment augment_;
  Descent descent_;
  Progress& progress_;
  History* history_;
  xtape::Tape<float> tape_;
  std::size_t steps_ = 0;
};

EpochRecord record_of(const Epoch& epoch) {
  return {.epoch = epoch.number,
          .loss = epoch.loss,
          .accuracy = epoch.test,
          .validation_accuracy = epoch.validation,
          .seconds = epoch.seconds,
          .learning_rate = epoch.learning_rate};
}

}  // namespace

Outcome train(nn::Sequential<float>& network, const Recipe& recipe, const TrainingOptions& options,
              const nn::Mnist& data, xtape::Rng& rng, Progress& progress,
              const std::function<void(const Epoch&)>& on_epoch, History* history) {
  std::optional<nn::Dataset> rest;
  nn::Dataset validation;
  if (options.validation > 0) {
    rest = data.train;
    validation = split_off(*rest, options.validation);
  }
  const nn::Dataset& train = rest ? *rest : data.train;
  Training training(network, recipe, train, rng, progress, history);
  progress.begin(recipe.epochs, train.size());

  Outcome outcome;
  nn::Sequential<float> best;
  for (std::size_t number = 1; number <= recipe.epochs; ++number) {
    Epoch epoch = training.epoch(number);
    outcome.seconds += epoch.seconds;
    if (interrupted() != 0) break;
    if (options.validation > 0) {
      epoch.validation = training.accuracy(validation);
    }
    epoch.test = training.accuracy(data.test);
    if (history != nullptr) {
      history->end_epoch(record_of(epoch), network);
    }
    on_epoch(epoch);
    const bool better = number == 1 || epoch.validation > outcome.last.validation;
    if (options.early_stop == 0 || better) {
      outcome.last = epoch;
    }
    if (options.early_stop > 0 && better) {
      best = network;
    }
    const bool hopeless =
        options.early_stop > 0 && number - outcome.last.number >= options.early_stop;
    if (hopeless || interrupted() != 0) break;
  }
  outcome.signal = interrupted();
  if (options.early_stop > 0 && outcome.last.number > 0) {
    network = best;
  }
  return outcome;
}

}  // namespace mnist
