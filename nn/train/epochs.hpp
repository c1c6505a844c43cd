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
/// The loop of a training run, which stays the reader's own:
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
/// It comes with a progress bar, checkpoints, resume, Ctrl-C that saves, early stopping and a
/// history; see nn::Run. nn::fit() is this loop in one call.

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

  /// Begins the loop over the batches. A resumed run gives those that are left. The loop ends early
  /// after a signal. Throws ValueError the second time.
  Iterator begin();

  /// Returns the end of the loop.
  std::default_sentinel_t end() const { return {}; }

  /// Adds the loss of the batch to the mean of the epoch, weighted by its samples. `norm` is the
  /// norm of the gradients, as clip_grad_norm() returns it. Throws Error if the loss is not finite.
  /// For a Variable, which must still be on the tape, the message names the op where NaN or
  /// infinity began. Throws ValueError outside of the loop over the batches.
  ///@{
  template <class T>
  void add(Variable<T> loss, std::optional<double> norm = {}) {
    typed<T>().require_finite_loss(loss);
    loop_->add(static_cast<double>(loss.item()), norm);
  }
  void add(double loss, std::optional<double> norm = {}) { loop_->add(loss, norm); }
  ///@}

  /// Makes the whole step of a batch, and adds its loss, which is returned. It rewinds the tape,
  /// calls `loss()` to record the loss, differentiates it, and steps the optimizer, with the
  /// accumulation and the clipping of nn::Run:
  ///
  ///     epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
  ///
  /// If the loss is not finite, it calls `loss()` again under find_anomaly() and throws Error with
  /// the op that find_anomaly() named. Then the optimizer has not stepped. Throws ValueError
  /// outside of the loop over the batches.
  template <class Loss>
  requires detail::is_variable<std::invoke_result_t<Loss&>>
  double step(Loss&& loss) {
    using T = typename detail::ScalarOf<std::invoke_result_t<Loss&>>::Type;
    return typed<T>().step(std::ref(loss));
  }

  /// Ends the epoch with the scores of the validation. A ConfusionMatrix gives its accuracy. The
  /// first of several Metrics decides which epoch is the best. An epoch without end() has no
  /// metrics. Batches that a `break` left out count as given.
  ///
  /// A signal may have ended the loop over the batches. Then end() does nothing, because the
  /// resumed run continues the epoch. A callable that returns the scores is not called then.
  ///
  /// Throws ValueError before the loop over the batches, the second time, and if early stopping has
  /// no score; Error if a parameter is not finite; and as save_checkpoint() does. If the callable
  /// throws, end() may be called again.
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

  /// Returns true if no batch is left. After a signal some may be.
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
  using value_type = Batch;                ///< What std::input_iterator asks for.
  using difference_type = std::ptrdiff_t;  ///< What std::input_iterator asks for.

  /// Returns the batch of this turn.
  Batch operator*() const { return loop_->batch(); }

  /// Ends the turn: counts it, shows the progress, and saves when it is time.
  ///@{
  Iterator& operator++() {
    loop_->end_batch();
    return *this;
  }
  void operator++(int) { loop_->end_batch(); }
  ///@}

  /// Returns true if no turn follows.
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

/// The epochs of a run, as a range. It refers to the model, the optimizer, the tape and the
/// batches, which must stay in place.
///
/// The constructor resumes the run if Run::resume is set. When the loop over the epochs ends, the
/// folder is unlocked, signals do again what they did before, and with early stopping the model
/// gets the weights of the best epoch. After a `break` or an exception, the destructor does this.
/// The checkpoints stay, and the run can be resumed from them.
class Epochs {
 public:
  class Iterator;

  /// Throws ValueError if an option is out of range, if there are no batches, and if the folder is
  /// used by another run or holds checkpoints that the run is not to resume from; DataError if the
  /// folder cannot be used, and as load_checkpoint() does. Then the model has not changed.
  template <class Model, class T>
  Epochs(const Run& run, Model& model, Optimizer<T>& optimizer, Tape<T>& tape, Batches& batches)
      : loop_(std::make_unique<detail::TypedLoop<T>>(run, detail::ModelReference<T>(model),
                                                     optimizer, tape, batches)),
        epoch_(*loop_) {}

  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;
  ~Epochs() { loop_->finish(); }

  /// Begins the loop over the epochs. A finished run has none left. Throws ValueError the second
  /// time.
  Iterator begin();

  /// Returns the end of the loop.
  std::default_sentinel_t end() const { return {}; }

  /// Returns the epochs so far, those before a resume too.
  const History& history() const { return loop_->history(); }

  /// Returns how the run has ended.
  RunStatus status() const { return loop_->status(); }

  /// Returns the signal that has interrupted the run, or 0.
  int signal() const { return loop_->signal(); }

  /// Returns the record of the best epoch with early stopping, else of the last one. After the loop
  /// the model has the weights of that epoch. Null before the end of the first epoch.
  const EpochRecord* kept() const;

  /// Returns the seconds spent on training, without those of an epoch that is not complete.
  double seconds() const { return loop_->state().seconds; }

  /// Returns a warning on one line if the file system of the folder has no locks. Usually empty.
  const std::string& warning() const { return loop_->warning(); }

 private:
  std::unique_ptr<detail::Loop> loop_;
  Epoch epoch_;
};

/// An input iterator over the epochs of a run.
class Epochs::Iterator {
 public:
  using value_type = Epoch;                ///< What std::input_iterator asks for.
  using difference_type = std::ptrdiff_t;  ///< What std::input_iterator asks for.

  /// Returns the current epoch.
  Epoch& operator*() const { return epochs_->epoch_; }

  /// Goes to the next epoch, and ends this one unless Epoch::end() has done so.
  ///@{
  Iterator& operator++() {
    epochs_->loop_->next_epoch();
    return *this;
  }
  void operator++(int) { epochs_->loop_->next_epoch(); }
  ///@}

  /// Returns true if no epoch follows.
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
