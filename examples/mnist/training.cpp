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

/// Validation is off the training images; without any they stay where they are.
struct Split {
  std::optional<nn::Dataset> rest;
  nn::Dataset validation;

  Split(const nn::Dataset& train, std::size_t count) {
    if (count > 0) {
      rest = train;
      validation = split_off(*rest, count);
    }
  }
};

xtape::nn::EpochRecord record_of(const Epoch& epoch) {
  return {.epoch = epoch.number,
          .loss = epoch.loss(),
          .accuracy = epoch.test,
          .validation_accuracy = epoch.validation,
          .seconds = epoch.seconds,
          .learning_rate = epoch.learning_rate};
}

/// The training of one network.
class Training {
 public:
  Training(nn::Sequential<float>& network, const Plan& plan, const nn::Mnist& data, xtape::Rng& rng,
           Progress& progress)
      : network_(network),
        recipe_(plan.recipe),
        options_(plan.options),
        checkpoints_(plan.checkpoints),
        history_(plan.history),
        split_(data.train, plan.options.validation),
        train_(split_.rest ? *split_.rest : data.train),
        test_(data.test),
        batches_(train_, recipe_.batch_size, rng, recipe_.pixels()),
        augment_(recipe_.augment),
        optimizer_(make_optimizer(recipe_, batches_.size())),
        progress_(progress) {
    xtape::Rng seeds = rng;  // a copy: what the tape draws does not change the order of images
    tape_.rng() = xtape::Rng{seeds()};
  }

  Outcome run(const std::function<void(const Epoch&)>& on_epoch) {
    epoch_.number = 1;
    if (checkpoints_.resumes()) {
      resume();
    }
    progress_.begin(recipe_.epochs, train_.size());
    try {
      train_epochs(on_epoch);
    } catch (const xtape::DataError&) {
      outcome_.failure = std::current_exception();
      progress_.end_epoch();
    }
    outcome_.signal = interrupted();
    if (options_.early_stop > 0 && outcome_.last.number > 0) {
      network_ = best_;
    }
    return outcome_;
  }

 private:
  void train_epochs(const std::function<void(const Epoch&)>& on_epoch) {
    while (epoch_.number <= recipe_.epochs) {
      train_epoch();
      if (interrupted() != 0) break;
      measure();
      if (history_ != nullptr) {
        history_->end_epoch(record_of(epoch_), network_);
      }
      on_epoch(epoch_);
      judge();
      if (interrupted() != 0 || hopeless()) break;
      const std::size_t next = epoch_.number + 1;
      epoch_ = {};
      epoch_.number = next;
    }
  }

  /// Trains for what is left of the epoch: all of it, but for a run that goes on.
  void train_epoch() {
    const auto start = Clock::now();
    const double seconds_before = epoch_.seconds;
    progress_.begin_epoch(epoch_.number, epoch_.samples);
    for (const auto& batch : batches_) {
      const double loss = step(batch);
      epoch_.loss_sum += loss * static_cast<double>(batch.size());
      epoch_.samples += batch.size();
      epoch_.seconds = seconds_before + seconds_since(start);
      progress_.advance(batch.size(), loss);
      const bool last = epoch_.samples == train_.size();
      if (checkpoints_.wanted() && (last || interrupted() != 0 || checkpoints_.due(steps_))) {
        save();
      }
      if (interrupted() != 0) break;
    }
    progress_.end_epoch();
    require_finite();
    epoch_.learning_rate = learning_rate_;
  }

  void measure() {
    if (options_.validation > 0) {
      epoch_.validation = accuracy(split_.validation);
    }
    epoch_.test = accuracy(test_);
    outcome_.epochs = epoch_.number;
    outcome_.seconds += epoch_.seconds;
  }

  double accuracy(const nn::Dataset& data) {
    return nn::evaluate(network_, data, tape_, 500, recipe_.pixels()).accuracy();
  }

  /// Decides whose weights are kept: the last epoch's, or with early stopping the best one's.
  void judge() {
    if (options_.early_stop == 0) {
      outcome_.last = epoch_;
    } else if (outcome_.last.number == 0 || epoch_.validation > outcome_.last.validation) {
      outcome_.last = epoch_;
      best_ = network_;
      if (checkpoints_.wanted()) {
        nn::save_weights(checkpoints_.best_weights(), best_);
      }
    }
  }

  bool hopeless() const {
    return options_.early_stop > 0 && epoch_.number - outcome_.last.number >= options_.early_stop;
  }

  /// Returns the loss.
  double step(const nn::Batch& batch) {
    const xtape::Rng rng = tape_.rng();
    tape_.rewind();
    const auto loss = loss_of(network_(images(batch)), batch.labels);
    if (!std::isfinite(loss.item())) [[unlikely]] {
      tape_.rng() = rng;  // for the same dropout and the same distorted images
      explain(loss.item(), batch);
    }
    tape_.backward(loss);
    if (history_ != nullptr && steps_ % std::max<std::size_t>(1, batches_.size() / 4) == 0) {
      history_->observe(network_, tape_);
    }
    learning_rate_ = optimizer_->learning_rate();
    optimizer_->step(network_, tape_);
    steps_ = optimizer_->steps();
    return static_cast<double>(loss.item());
  }

  /// Computes the loss of a batch once more, to say where it went bad.
  [[noreturn]] void explain(float loss, const nn::Batch& batch) {
    const auto cause =
        xtape::find_anomaly(tape_, [&] { return loss_of(network_(images(batch)), batch.labels); });
    xtape::fail<xtape::Error>("step {}: the loss is {}: {}; try a smaller --learning-rate",
                              steps_ + 1, loss, cause.value_or("not when computed again"));
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

  nn::TrainingState state() {
    const Epoch& last = outcome_.last;
    return {.batches = &batches_,
            .rngs = {{"tape", &tape_.rng()}},
            .numbers = {{"epoch", static_cast<double>(epoch_.number)},
                        {"loss_sum", epoch_.loss_sum},
                        {"samples", static_cast<double>(epoch_.samples)},
                        {"epoch_seconds", epoch_.seconds},
                        {"seconds", outcome_.seconds},
                        {"last", static_cast<double>(last.number)},
                        {"last_validation", last.validation.value_or(0)},
                        {"last_test", last.test}}};
  }

  /// What is kept must be worth it: the step before may have spoilt the weights.
  void require_finite() const {
    if (const auto bad = find_bad_parameter(network_)) {
      xtape::fail<xtape::Error>("step {}: {}; try a smaller --learning-rate", steps_, *bad);
    }
  }

  void save() {
    require_finite();
    checkpoints_.save(steps_, network_, *optimizer_, state());
  }

  void resume() {
    nn::TrainingState restored = state();
    restored.check = [&](const nn::CheckpointNumbers& saved) {
      require_consistent(saved, {.epochs = recipe_.epochs,
                                 .images = train_.size(),
                                 .batch_size = recipe_.batch_size,
                                 .early_stop = options_.early_stop});
    };
    checkpoints_.load(network_, *optimizer_, restored);
    const auto& numbers = restored.numbers;
    const auto count = [&](const char* name) { return static_cast<std::size_t>(numbers.at(name)); };
    steps_ = optimizer_->steps();
    epoch_.number = count("epoch");
    epoch_.loss_sum = numbers.at("loss_sum");
    epoch_.samples = count("samples");
    epoch_.seconds = numbers.at("epoch_seconds");
    outcome_.epochs = epoch_.number - 1;
    outcome_.seconds = numbers.at("seconds");
    outcome_.last.number = count("last");
    outcome_.last.validation = numbers.at("last_validation");
    outcome_.last.test = numbers.at("last_test");
    if (options_.early_stop > 0 && outcome_.last.number > 0) {
      best_ = network_;
      nn::load_weights(checkpoints_.best_weights(), best_);
    }
  }

  nn::Sequential<float>& network_;
  const Recipe& recipe_;
  const cli::TrainingOptions& options_;
  const Checkpoints& checkpoints_;
  xtape::nn::History* history_;
  Split split_;
  const nn::Dataset& train_;
  const nn::Dataset& test_;
  nn::Batches batches_;
  nn::Augment augment_;
  std::unique_ptr<nn::Optimizer<float>> optimizer_;
  double learning_rate_ = 0;  // of the last step
  Progress& progress_;
  xtape::Tape<float> tape_;
  std::size_t steps_ = 0;
  Epoch epoch_;
  Outcome outcome_;
  nn::Sequential<float> best_;
};

}  // namespace

Outcome train(nn::Sequential<float>& network, const Plan& plan, const nn::Mnist& data,
              xtape::Rng& rng, Progress& progress,
              const std::function<void(const Epoch&)>& on_epoch) {
  return Training(network, plan, data, rng, progress).run(on_epoch);
}

}  // namespace mnist
