#include "nn/train/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nn/short_number.hpp"

namespace xtape::nn::detail {
namespace {

namespace fs = std::filesystem;

/// Returns the options of this rank. Rank 0 alone shows the progress and uses the folder.
Run of_rank(Run run, const ProcessGroup* group) {
  require_sound(run);
  if (group != nullptr && group->rank() > 0) {
    run.folder.clear();
    run.resume = run.summary = false;
    run.progress = ProgressStyle::none;
  }
  return run;
}

}  // namespace

Loop::Loop(const Run& run, Batches& batches)
    : group_(several(run.group)),
      run_(of_rank(run, group_)),
      apart_(run.local_steps.every > 0 && !(group_ == nullptr && run.local_steps.only_averages())),
      batches_(batches),
      progress_(run_.progress) {
  if (group_ != nullptr) {
    batches_.shard(group_->rank(), group_->size());
  }
  require<ValueError>(
      batches_.size() > 0, "Epochs: there are no batches to train on: {}",
      batches_.position().items == 0 ? "the dataset is empty" : "drop_last drops the only one");
}

Loop::~Loop() = default;

void Loop::open_run() {
  open_folder();
  if (group_ != nullptr) {
    share_start(*group_);
  }
}

void Loop::begin() {
  require<ValueError>(!std::exchange(begun_, true), "Epochs: its loop has begun before");
  if (run_.catch_signals) {
    signals_.emplace();
  }
  progress_.begin(run_.epochs, batches_.samples());
  steps_met_ = steps();
  if (apart_) {
    begin_apart();
  }
  if (keeps() && state_.best_epoch > 0) {  // the file may be of a later epoch than the checkpoint
    write_best(best_path());
  }
  status_ = next_status();
  if (!running()) {
    finish();
    print_interruption();
  }
}

RunStatus Loop::next_status() {
  caught_ = group_ == nullptr ? caught_signal() : agreed_signal(*group_, caught_signal());
  if (caught_ != 0) {  // also in the last validation: the program may have more to train
    return RunStatus::interrupted;
  }
  const std::size_t completed = state_.epoch - 1;
  if (completed >= run_.epochs) {
    return RunStatus::completed;
  }
  if (run_.early_stop > 0 && completed - state_.best_epoch >= run_.early_stop) {
    return RunStatus::stopped_early;
  }
  return RunStatus::running;
}

void Loop::begin_batches() {
  require<ValueError>(!next_, "Epoch: the loop over its batches has begun before");
  next_.emplace(batches_.begin());
  over_ = complete_ = *next_ == batches_.end();
  progress_.begin_epoch(state_.epoch, state_.samples);
  seconds_before_ = state_.epoch_seconds;
  observe_from_ = 0;
  start_ = Clock::now();
}

Batch Loop::batch() {
  const Batch batch = **next_;
  if (!std::exchange(in_batch_, true)) {
    batch_size_ = batch.total;
    batch_share_ = static_cast<double>(batch.counted);
    if (group_ != nullptr) {
      begin_random(*group_);
    }
    steps_before_ = steps();
    rate_ = learning_rate();
    loss_ = std::nan("");
  }
  return batch;
}

void Loop::fail_loss(double loss, const std::string& cause) const {
  const bool data = cause.starts_with(": constant ") || cause.starts_with(": 'constant' ");
  fail<Error>("step {}: the loss is {}{}; {}", steps_before_ + 1,
              std::isnan(loss) ? "nan" : fmt::format("{}", loss), cause,
              data ? "look for it in the data" : "try a smaller learning rate");
}

void Loop::require_in_batch(const char* function) const {
  require<ValueError>(in_batch_, "Epoch::{}: called outside of the loop over the batches",
                      function);
}

void Loop::add(double loss, std::optional<double> norm) {
  require_in_batch("add");
  if (!std::isfinite(loss)) [[unlikely]] {
    fail_loss(loss, "");
  }
  require<ValueError>(!norm || !(*norm < 0), "Epoch::add: expected a norm of at least 0, got {}",
                      norm.value_or(0));
  loss_ = loss;
  if (group_ == nullptr) {
    state_.loss_sum += loss * static_cast<double>(batch_size_);
    state_.losses += batch_size_;
  } else {
    my_loss_ += loss * batch_share();
    my_losses_ += batch_share();
  }
  if (!norm || !std::isfinite(*norm)) {
    return;
  }
  if (group_ == nullptr) {
    state_.norm_sum += *norm;
    ++state_.norms;
  } else {
    my_norm_ += *norm * batch_weight();
    my_norms_ += batch_weight();
  }
}

void Loop::end_batch() {
  static_cast<void>(batch());  // counts the batch as used even if the body did not look at it
  in_batch_ = false;
  if (group_ != nullptr) {
    tape_rng() = common_;
  }
  const std::size_t saveable_before = apart_ ? steps_met_ : steps_before_;
  const bool met = meets();
  caught_ = 0;
  if (apart_) {
    count_batch();
    counted_ = true;
  }
  if (met) {
    meet();
  }
  require<Error>(
      std::isfinite(state_.loss_sum) && std::isfinite(state_.norm_sum),
      "step {}: the losses of the epoch add up to {}, and the norms to {}; try a smaller "
      "learning rate",
      steps(), state_.loss_sum, state_.norm_sum);
  const bool stepped = steps() != steps_before_;
  state_.samples += batch_size_;
  ++state_.batches;
  state_.steps = steps();
  state_.epoch_seconds =
      seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
  progress_.advance(batch_size_, loss_);
  if (stepped) {
    state_.learning_rate = rate_;
    if (run_.histograms && state_.batches >= observe_from_) {
      observe();
      observe_from_ = state_.batches + std::max<std::size_t>(1, batches_.size() / 4);
    }
  }
  const bool stop = caught_ != 0 && (stepped || state_.steps == 0);
  const bool due =
      run_.save_every > 0 && state_.steps / run_.save_every > saveable_before / run_.save_every;
  if (keeps() && stepped && met && (stop || due)) {
    save();
  }
  ++*next_;
  complete_ = *next_ == batches_.end();
  over_ = complete_ || stop;
}

void Loop::skip_batches() {
  if (in_batch_) {
    end_batch();
  }
  for (; !complete_; complete_ = *next_ == batches_.end()) {
    ++*next_;
  }
  state_.batches = state_.epoch * batches_.size();
  over_ = true;
}

void Loop::end_epoch(const std::function<Metrics()>& measure) {
  require<ValueError>(next_.has_value(), "Epoch::end: called before the loop over the batches");
  require<ValueError>(!ended_, "Epoch::end: called twice in one epoch");
  if (over_ && !complete_) {
    return;  // a signal ended the loop over the batches
  }
  skip_batches();
  if (apart_) {
    meet();  // after a `break`, or a step behind the last batch
  }
  progress_.end_epoch();
  require_finite();
  if (group_ != nullptr) {
    require_same_hash(*group_, weights_hash(), fmt::format("epoch {}: the weights", state_.epoch));
  }
  Metrics metrics = measure();
  if (group_ != nullptr) {
    share_metrics(*group_, metrics);
  }
  judge(metrics);
  record(epoch_record(std::move(metrics)));
  state_.begin_epoch();
  ended_ = true;  // after an exception above, the program may call end() again
  const EpochRecord& epoch = history_.epochs().back();
  report(epoch.metrics.empty() ? lower_is_better(epoch.loss) : epoch.metrics.front().score);
  print_summary();
  if (keeps()) {
    save();
  }
}

void Loop::judge(const Metrics& metrics) {
  if (run_.early_stop == 0) {
    return;
  }
  require<ValueError>(!metrics.empty() && metrics.front().score.better != Better::unknown,
                      "Run: early_stop needs a score: call Epoch::end() with a ConfusionMatrix, or "
                      "with a number that is higher_is_better() or lower_is_better()");
  if (metrics.front().score.beats(state_.best_score)) {
    // May fail: the best stays as it is.
    keep_best(keeps() ? best_path() : fs::path());
    state_.best_score = metrics.front().score.value;
    state_.best_epoch = state_.epoch;
  }
}

EpochRecord Loop::epoch_record(Metrics metrics) const {
  const auto mean = [](double sum, std::size_t count) {
    return count == 0 ? std::nan("") : sum / static_cast<double>(count);
  };
  return {.epoch = state_.epoch,
          .loss = mean(state_.loss_sum, state_.losses),
          .seconds = state_.epoch_seconds,
          .samples = static_cast<double>(state_.samples),
          .learning_rate = state_.learning_rate,
          .gradient_norm = mean(state_.norm_sum, state_.norms),
          .metrics = std::move(metrics)};
}

void Loop::print_summary() const {
  if (!run_.summary) {
    return;
  }
  const EpochRecord& epoch = history_.epochs().back();
  std::string line = fmt::format("epoch {}/{}: ", epoch.epoch, run_.epochs);
  if (!std::isnan(epoch.loss)) {
    line += fmt::format("loss {}, ", short_number(epoch.loss));
  }
  for (const auto& [name, score] : epoch.metrics) {
    line += fmt::format("{} {}, ", name, short_number(score.value));
  }
  progress_.print(line + format_duration(epoch.seconds));
}

void Loop::print_interruption() const {
  if (!run_.summary || status_ != RunStatus::interrupted) {
    return;
  }
  if (state_.steps == 0) {
    progress_.print("interrupted before the first step; nothing is saved");
  } else if (run_.folder.empty()) {
    progress_.print("interrupted; nothing is saved, because the run has no folder");
  } else {
    progress_.print(fmt::format("interrupted; the run is saved in {}", run_.folder.string()));
  }
}

void Loop::next_epoch() {
  if (!ended_ && (!next_ || complete_ || !over_)) {
    end_epoch([] { return Metrics(); });
  }
  status_ = ended_ ? next_status() : RunStatus::interrupted;
  next_.reset();
  over_ = complete_ = ended_ = false;
  if (!running()) {
    finish();
    print_interruption();
  }
}

void Loop::finish() noexcept {
  if (!begun_ || std::exchange(finished_, true)) {
    return;
  }
  if (state_.best_epoch > 0) {
    put_best_back();
  }
  progress_.end_epoch();
  signals_.reset();
  if (group_ == nullptr && status_ != RunStatus::running && caught_signal() != 0) {
    caught_ = caught_signal();  // after next_status()
    status_ = RunStatus::interrupted;
  }
  if (status_ == RunStatus::interrupted) {
    signal_ = caught_;
  }
  lock_.reset();
}

}  // namespace xtape::nn::detail
