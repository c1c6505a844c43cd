#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/io/folder_lock.hpp"
#include "nn/module.hpp"
#include "nn/optim/accumulate.hpp"
#include "nn/optim/optimizer.hpp"
#include "nn/train/data_parallel.hpp"
#include "nn/train/history.hpp"
#include "nn/train/outer_step.hpp"
#include "nn/train/process_group.hpp"
#include "nn/train/progress.hpp"
#include "nn/train/run.hpp"
#include "nn/train/signals.hpp"

// The implementation of nn::Epochs: its work between the batches and between the epochs.

namespace xtape::nn::detail {

/// Returns a signal that any rank has caught, or 0.
int agreed_signal(ProcessGroup& group, int caught);

/// The part of a run that does not depend on the scalar type.
class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop();

  // For Epoch.
  void begin_batches();
  bool batches_left() const { return !over_; }
  Batch batch();
  void end_batch();
  void add(double loss, std::optional<double> norm);
  void end_epoch(const std::function<Metrics()>& measure);

  // For Epochs.
  void begin();
  void next_epoch();
  bool running() const { return status_ == RunStatus::running; }
  void finish() noexcept;

  const Run& run() const { return run_; }
  const RunState& state() const { return state_; }
  const History& history() const { return history_; }
  RunStatus status() const { return status_; }
  int signal() const { return signal_; }
  const std::string& warning() const { return warning_; }
  std::size_t epoch_number() const { return ended_ ? state_.epoch - 1 : state_.epoch; }
  bool epoch_complete() const { return complete_; }
  std::size_t batches() const { return batches_.size(); }

 protected:
  Loop(const Run& run, Batches& batches);

  /// Creates and locks the folder, and loads the newest checkpoint. All ranks of a group then begin
  /// with the state of rank 0. Derived constructors call open_run() last.
  void open_run();

  /// Returns the group of the run if it has several ranks, or null.
  ProcessGroup* group() const { return group_; }

  /// True if each rank makes steps of its own, and all meet in an outer step.
  bool apart() const { return apart_; }

  /// True if the current batch is the first, or the last, of the batches that share a step.
  ///@{
  bool begins_step() const { return given() % run_.accumulate == 0; }
  bool ends_step() const {
    return (given() + 1) % run_.accumulate == 0 || given() + 1 == batches_.size();
  }
  ///@}
  /// Throws Error about the loss of the current batch. `cause` begins with ": " or is empty.
  [[noreturn]] void fail_loss(double loss, const std::string& cause) const;
  /// Throws ValueError, with the name of the function of Epoch, unless there is a current batch.
  void require_in_batch(const char* function) const;
  std::size_t batch_size() const { return batch_size_; }
  /// Returns the weight of this rank's share in the mean of the batch.
  double batch_weight() const { return batch_share_ / static_cast<double>(batch_size_); }
  /// Returns the number of this rank's samples in the batch.
  double batch_share() const { return batch_share_; }

  virtual std::size_t steps() const = 0;
  virtual double learning_rate() const = 0;
  virtual Rng& tape_rng() = 0;
  virtual void save(const std::filesystem::path& path, const TrainingState& state) = 0;
  virtual void load(const std::filesystem::path& path, TrainingState& state) = 0;
  virtual void share_weights() = 0;
  virtual std::uint64_t weights_hash() const = 0;
  virtual void begin_apart() = 0;
  virtual void count_batch() = 0;
  virtual void outer_step() = 0;
  virtual void keep_best(const std::filesystem::path& path) = 0;
  virtual void write_best(const std::filesystem::path& path) = 0;
  virtual void put_best_back() noexcept = 0;
  virtual void require_finite() const = 0;
  virtual void report(const Score& score) = 0;
  virtual void observe() = 0;
  virtual void record(EpochRecord epoch) = 0;

  History history_;

 private:
  using Clock = std::chrono::steady_clock;

  /// Returns the number of batches of this epoch before the current batch.
  std::size_t given() const { return state_.batches % batches_.size(); }
  bool keeps() const { return !run_.folder.empty(); }
  /// Returns the file of the best weights, for other programs. Checkpoints hold them, too.
  std::filesystem::path best_path() const { return run_.folder / "best.safetensors"; }
  void open_folder();
  void lock_folder();
  int caught_signal() const { return run_.catch_signals ? interrupted() : 0; }
  void share_start(ProcessGroup& group);
  static void share_metrics(ProcessGroup& group, Metrics& metrics);
  void begin_random(const ProcessGroup& group);
  void reduce_batches(ProcessGroup& group);
  bool meets() const;
  void meet();
  void resume(const std::filesystem::path& checkpoint);
  void resume_newest(const std::vector<std::filesystem::path>& checkpoints);
  TrainingState training_state();
  void save();
  void skip_batches();
  void judge(const Metrics& metrics);
  EpochRecord epoch_record(Metrics metrics) const;
  void print_summary() const;
  void print_interruption() const;
  RunStatus next_status();

  ProcessGroup* group_;
  Run run_;
  bool apart_;
  Batches& batches_;
  RunState state_;
  RunStatus status_ = RunStatus::running;
  int signal_ = 0;
  std::string warning_;
  std::optional<FolderLock> lock_;
  std::optional<CatchSignals> signals_;
  mutable Progress progress_;
  bool begun_ = false, finished_ = false;

  // The state of the current epoch.
  std::optional<Batches::Iterator> next_;
  bool over_ = false;      // no batch is left, or a signal ends the loop
  bool complete_ = false;  // no batch is left
  bool ended_ = false;     // end_epoch() has been called
  Clock::time_point start_;
  double seconds_before_ = 0;     // spent on the epoch before start_
  std::size_t observe_from_ = 0;  // the next gradients to observe follow so many batches

  // The state of the current batch.
  bool in_batch_ = false;
  std::size_t batch_size_ = 0, steps_before_ = 0;
  double batch_share_ = 0;      // a whole number, so that means of counts are exact
  double rate_ = 0, loss_ = 0;  // the loss is NaN until add()
  int caught_ = 0;              // a signal that a rank has caught
  Rng common_;                  // the tape's random numbers, which all ranks have in common

  // The state since the ranks last had the same weights.
  std::size_t steps_met_ = 0;           // the steps until then
  bool counted_ = false;                // there was a batch
  double my_loss_ = 0, my_losses_ = 0;  // the sum and the weight of this rank's losses
  double my_norm_ = 0, my_norms_ = 0;   // and of its norms
};

/// A reference to a model of any class.
template <class T>
class ModelReference {
 public:
  using Visitor = std::function<void(const ParameterName&, Array<T>&)>;

  template <class Model>
  explicit ModelReference(Model& model)
      : each_([&model](const Visitor& visitor, const ParameterName* prefix) {
          for_each_array(model, visitor, prefix);
        }) {}

  void each_array(const Visitor& visitor, const ParameterName* prefix) const {
    each_(visitor, prefix);
  }

 private:
  std::function<void(const Visitor&, const ParameterName*)> each_;
};

/// A run with the scalar type T.
template <class T>
class TypedLoop final : public Loop {
 public:
  TypedLoop(const Run& run, ModelReference<T> model, Optimizer<T>& optimizer, Tape<T>& tape,
            Batches& batches);

  /// Makes the step of a batch, or its share of a step of several batches. See Epoch::step().
  double step(const std::function<Variable<T>()>& loss);

  /// Throws Error if the loss is not finite. The message names the first op on the tape that was
  /// not finite.
  void require_finite_loss(Variable<T> loss) const;

 private:
  /// Replaces the gradients on the tape by the mean over several batches. Returns false if the step
  /// waits for more batches.
  bool average_gradients();
  [[noreturn]] void explain(double loss, const std::function<Variable<T>()>& again);

  std::size_t steps() const override { return optimizer_.steps(); }
  double learning_rate() const override { return optimizer_.learning_rate(); }
  Rng& tape_rng() override { return tape_.rng(); }
  void save(const std::filesystem::path& path, const TrainingState& state) override;
  void load(const std::filesystem::path& path, TrainingState& state) override;
  void keep_best(const std::filesystem::path& path) override;
  void write_best(const std::filesystem::path& path) override;
  void put_best_back() noexcept override;
  void require_finite() const override;
  void report(const Score& score) override { optimizer_.report(score); }
  void observe() override { history_.observe(model_, tape_); }
  void record(EpochRecord epoch) override;

  void share_weights() override;
  std::uint64_t weights_hash() const override { return hash_of(model_); }
  void begin_apart() override { outer_->begin(); }
  void count_batch() override { outer_->count(batch_share(), static_cast<double>(batch_size())); }
  void outer_step() override { outer_->step(); }

  std::vector<Array<T>> copy_model() const;
  void write_model(const std::vector<Array<T>>& from) const;

  ModelReference<T> model_;
  Optimizer<T>& optimizer_;
  Tape<T>& tape_;
  GradientAccumulator<T> gradients_;
  std::optional<DataParallel<T>> parallel_;  // unless the ranks train apart
  std::optional<OuterStep<T>> outer_;        // if they do
  std::vector<Array<T>> best_;               // with early stopping
};

extern template class TypedLoop<float>;
extern template class TypedLoop<double>;

}  // namespace xtape::nn::detail
