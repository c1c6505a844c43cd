#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "nn/train/loop.hpp"
#include "nn/train/metrics.hpp"

/// @file
/// The classes Epochs and Epoch, for a training loop that you write yourself:
///
///     nn::Epochs epochs(run, model, optimizer, tape, batches);
///     for (nn::Epoch& epoch : epochs) {
///       for (const auto& batch : epoch) {
///         tape.rewind();
///         const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
///         tape.backward(loss);
///         optimizer.step(model, tape);
///         epoch.add(loss);
///       }
///       epoch.end(nn::evaluate(model, validation, tape));
///     }
///
/// The loop has a progress bar, checkpoints, resume, saving on Ctrl-C, early stopping and a
/// history. See nn::Run. nn::fit() is this loop in one call.

namespace xtape::nn {

namespace detail {

template <class V>
inline constexpr bool is_variable = false;
template <class T>
inline constexpr bool is_variable<Variable<T>> = true;

template <class T>
struct ScalarOf;
template <class T>
struct ScalarOf<Variable<T>> {
  using Type = T;
};

}  // namespace detail

/// One epoch of a run: a range of batches.
class Epoch {
 public:
  class Iterator;

  /// Begins the loop over the batches. In a resumed run, the loop has the batches that are left. A
  /// signal ends the loop early. Throws ValueError if it is called twice.
  Iterator begin();

  /// Returns the end of the loop.
  std::default_sentinel_t end() const { return {}; }

  /// Adds the loss of the batch to the mean of the epoch, weighted by its samples. `norm` is the
  /// norm of the gradients, as clip_grad_norm() returns it. A norm that is not finite is left out
  /// of the mean of the epoch. Throws Error if the loss is not finite. For a Variable, which must
  /// still be on the tape, the message names the op where NaN or infinity began. Throws ValueError
  /// outside the loop over the batches, or if the norm is below 0.
  ///@{
  template <class T>
  void add(Variable<T> loss, std::optional<double> norm = {}) {
    typed<T>().require_finite_loss(loss);
    loop_->add(static_cast<double>(loss.item()), norm);
  }
  void add(double loss, std::optional<double> norm = {}) { loop_->add(loss, norm); }
  ///@}

  /// Makes the whole step of a batch, adds its loss to the mean of the epoch, and returns the loss.
  /// The function rewinds the tape, calls `loss()` to record the loss, differentiates it, and steps
  /// the optimizer. Gradients are accumulated and clipped as nn::Run says:
  ///
  ///     epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
  ///
  /// If the loss is not finite, the function calls `loss()` again under find_anomaly(). It then
  /// throws Error with the op that find_anomaly() has found, and the optimizer does not step.
  /// Throws ValueError outside the loop over the batches.
  template <class Loss>
  requires detail::is_variable<std::invoke_result_t<Loss&>>
  double step(Loss&& loss) {
    using T = typename detail::ScalarOf<std::invoke_result_t<Loss&>>::Type;
    return typed<T>().step(std::ref(loss));
  }

  /// Ends the epoch with the scores of the validation. The score of a ConfusionMatrix is its
  /// accuracy. The first of several Metrics decides which epoch is the best. An epoch without end()
  /// has no metrics. Batches that a `break` skipped count as used.
  ///
  /// If a signal has ended the loop over the batches, end() does nothing, because the resumed run
  /// continues the epoch. A callable that returns the scores is then not called.
  ///
  /// If the callable throws, end() may be called again. Throws ValueError if it is called before
  /// the loop over the batches or twice, or if early stopping has no score. Throws Error if a
  /// parameter is not finite. Throws as save_checkpoint() does.
  ///@{
  void end(Metrics metrics) {
    loop_->end_epoch([&] { return std::move(metrics); });
  }
  void end(const ConfusionMatrix& matrix) { end(metrics_of(matrix)); }
  void end(const Score& score) { end(metrics_of(score)); }
  template <std::invocable Measure>
  void end(Measure&& measure) {
    loop_->end_epoch([&] { return metrics_of(measure()); });
  }
  ///@}

  /// Returns the number of the epoch, counted from 1.
  std::size_t number() const { return loop_->epoch_number(); }

  /// True if no batch is left. After a signal, batches may be left.
  bool complete() const { return loop_->epoch_complete(); }

 private:
  friend class Epochs;

  explicit Epoch(detail::Loop& loop) : loop_(&loop) {}

  template <class T>
  detail::TypedLoop<T>& typed() const {
    auto* loop = dynamic_cast<detail::TypedLoop<T>*>(loop_);
    require<ValueError>(loop != nullptr, "Epoch: the loss is not of the type of the run's tape");
    return *loop;
  }

  static Metrics metrics_of(Metrics metrics) { return metrics; }
  static Metrics metrics_of(const ConfusionMatrix& matrix) {
    return {{"accuracy", higher_is_better(matrix.accuracy())}};
  }
  static Metrics metrics_of(const Score& score) { return {{"score", score}}; }

  detail::Loop* loop_;
};

/// An input iterator over the batches of an epoch.
class Epoch::Iterator {
 public:
  using value_type = Batch;                ///< Required by std::input_iterator.
  using difference_type = std::ptrdiff_t;  ///< Required by std::input_iterator.

  /// Returns the current batch.
  Batch operator*() const { return loop_->batch(); }

  /// Ends the batch: counts it, shows the progress, and saves a checkpoint if one is due.
  ///@{
  Iterator& operator++() {
    loop_->end_batch();
    return *this;
  }
  void operator++(int) { loop_->end_batch(); }
  ///@}

  /// True if no batch follows.
  bool operator==(std::default_sentinel_t) const { return !loop_->batches_left(); }

 private:
  friend class Epoch;

  explicit Iterator(detail::Loop& loop) : loop_(&loop) {}

  detail::Loop* loop_;
};

inline Epoch::Iterator Epoch::begin() {
  loop_->begin_batches();
  return Iterator(*loop_);
}

/// The epochs of a run, as a range. Epochs refers to the model, the optimizer, the tape and the
/// batches. They must outlive it and must not move.
///
/// The constructor resumes the run if Run::resume is set. When the loop over the epochs ends, the
/// folder is unlocked, and the previous signal handlers are restored. With early stopping, the
/// model gets the weights of the best epoch. After a `break` or an exception, the destructor does
/// this. The checkpoints stay, and the run can be resumed from them.
class Epochs {
 public:
  class Iterator;

  /// Begins or resumes a run. Strong exception guarantee for the model. Throws ValueError if an
  /// option is out of range, or if there are no batches. Throws ValueError if the ranks of a group
  /// have other options than rank 0, and calls Batches::shard(). Throws ValueError if another run
  /// uses the folder, or if the folder holds checkpoints and Run::resume is not set. Throws
  /// DataError if the folder cannot be used. Throws as load_checkpoint() does.
  template <class Model, class T>
  Epochs(const Run& run, Model& model, Optimizer<T>& optimizer, Tape<T>& tape, Batches& batches)
      : loop_(std::make_unique<detail::TypedLoop<T>>(run, detail::ModelReference<T>(model),
                                                     optimizer, tape, batches)),
        epoch_(*loop_) {}

  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;
  ~Epochs() { loop_->finish(); }

  /// Begins the loop over the epochs. A finished run has no epochs left. Throws ValueError if it is
  /// called twice.
  Iterator begin();

  /// Returns the end of the loop.
  std::default_sentinel_t end() const { return {}; }

  /// Returns the epochs so far, including those before a resume.
  const History& history() const { return loop_->history(); }

  /// Returns the status of the run: running, or the reason why it ended.
  RunStatus status() const { return loop_->status(); }

  /// Returns the signal that interrupted the run, or 0.
  int signal() const { return loop_->signal(); }

  /// Returns the record of the best epoch if early stopping is on, and of the last epoch otherwise.
  /// After the loop, the model has the weights of that epoch, unless a signal ended the run within
  /// an epoch and early stopping is off. The result is null before the end of the first epoch.
  const EpochRecord* kept() const;

  /// Returns the time of training in seconds, without an incomplete epoch.
  double seconds() const { return loop_->state().seconds; }

  /// Returns a warning on one line if the file system of the folder has no locks. Otherwise, the
  /// text is empty.
  const std::string& warning() const { return loop_->warning(); }

 private:
  std::unique_ptr<detail::Loop> loop_;
  Epoch epoch_;
};

/// An input iterator over the epochs of a run.
class Epochs::Iterator {
 public:
  using value_type = Epoch;                ///< Required by std::input_iterator.
  using difference_type = std::ptrdiff_t;  ///< Required by std::input_iterator.

  /// Returns the current epoch.
  Epoch& operator*() const { return epochs_->epoch_; }

  /// Ends the current epoch, unless Epoch::end() has done so, and goes to the next epoch.
  ///@{
  Iterator& operator++() {
    epochs_->loop_->next_epoch();
    return *this;
  }
  void operator++(int) { epochs_->loop_->next_epoch(); }
  ///@}

  /// True if no epoch follows.
  bool operator==(std::default_sentinel_t) const { return !epochs_->loop_->running(); }

 private:
  friend class Epochs;

  explicit Iterator(Epochs& epochs) : epochs_(&epochs) {}

  Epochs* epochs_;
};

inline Epochs::Iterator Epochs::begin() {
  loop_->begin();
  return Iterator(*this);
}

inline const EpochRecord* Epochs::kept() const {
  const std::size_t best = loop_->state().best_epoch;
  const auto& epochs = history().epochs();
  return best > 0 ? &epochs[best - 1] : epochs.empty() ? nullptr : &epochs.back();
}

}  // namespace xtape::nn
