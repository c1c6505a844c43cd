#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/train/loop.hpp"

// What a run does if several processes train together.

namespace xtape::nn::detail {
namespace {

/// Returns everything that must be the same on all ranks, as text.
std::string text_of(const Run& run) {
  std::string text = fmt::format("epochs {}, early_stop {}, accumulate {}", run.epochs,
                                 run.early_stop, run.accumulate);
  for (const auto& [name, value] : identity_of(run)) {
    text += fmt::format(", {} {}", name, value);
  }
  return text;
}

void require_same_options(ProcessGroup& group, const Run& run) {
  const std::string mine = text_of(run);
  std::string first = mine;
  share(group, first);
  require<ValueError>(first == mine, "Epochs: the options of rank {} are {}, and of rank 0 {}",
                      group.rank(), mine, first);
}

/// Returns the signal that some rank has caught: SIGINT first, then SIGTERM, or 0.
int signal_of(double interrupted, double terminated) {
  return interrupted > 0 ? SIGINT : terminated > 0 ? SIGTERM : 0;
}

using Series = std::map<std::string, std::vector<double>>;

void share_series(ProcessGroup& group, Series& series) {
  std::size_t count = series.size();
  share(group, count);
  Series shared;
  auto next = series.begin();
  for (; count > 0; --count) {
    std::pair<std::string, std::vector<double>> entry;
    if (group.rank() == 0) {
      entry = *next++;
    }
    share(group, entry.first);
    share(group, entry.second);
    shared.insert(std::move(entry));
  }
  series = std::move(shared);
}

}  // namespace

int agreed_signal(ProcessGroup& group, int caught) {
  std::array<double, 2> ranks{caught == SIGINT ? 1. : 0., caught == SIGTERM ? 1. : 0.};
  group.all_reduce(std::span(ranks));
  return signal_of(ranks[0], ranks[1]);
}

void Loop::share_start(ProcessGroup& group) {
  require_same_options(group, run_);
  Batches::Position position = batches_.position();
  share(group, position);
  Rng::State random = tape_rng().state();
  share(group, random);
  share(group, state_);
  Series series = series_of(history_);
  share_series(group, series);
  if (group.rank() > 0) {
    batches_.restore(position);
    tape_rng().restore(random);
    history_ = history_of(series, state_.epoch - 1);
  }
  share_weights();
}

void Loop::share_metrics(ProcessGroup& group, Metrics& metrics) {
  std::vector<double> values;
  for (const Metric& metric : metrics) {
    values.push_back(metric.score.value);
  }
  share(group, values);
  require<ValueError>(values.size() == metrics.size(),
                      "Epoch::end: rank {} has {} metrics, and rank 0 has {}", group.rank(),
                      metrics.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    metrics[i].score.value = values[i];
  }
}

/// Gives each rank random numbers of its own for the batch. They follow from the numbers that all
/// ranks have in common, which a checkpoint holds.
void Loop::begin_random(const ProcessGroup& group) {
  common_ = tape_rng();
  tape_rng() = Rng{common_() + group.rank()};
}

/// True if the ranks have the same weights after this batch. Otherwise, they train apart.
bool Loop::meets() const {
  return !apart_ || steps() - steps_met_ >= run_.local_steps.every ||
         given() + 1 == batches_.size();
}

/// Gives all ranks the same weights, adds their losses, and finds out whether one has caught a
/// signal.
void Loop::meet() {
  if (apart_ && (counted_ || steps() != steps_met_)) {
    outer_step();
    steps_met_ = steps();
    counted_ = false;
  }
  if (group_ == nullptr) {
    caught_ = caught_signal();
  } else {
    reduce_batches(*group_);
  }
}

/// Adds the losses and the norms of all ranks since the last call, and finds out whether a rank has
/// caught a signal.
void Loop::reduce_batches(ProcessGroup& group) {
  const int mine = caught_signal();
  std::array<double, 6> sums{std::exchange(my_loss_, 0), std::exchange(my_losses_, 0),
                             mine == SIGINT ? 1. : 0.,   mine == SIGTERM ? 1. : 0.,
                             std::exchange(my_norm_, 0), std::exchange(my_norms_, 0)};
  group.all_reduce(std::span(sums));
  state_.loss_sum += sums[0];
  state_.losses += static_cast<std::size_t>(std::llround(sums[1]));
  if (sums[1] > 0) {
    loss_ = sums[0] / sums[1];
  }
  caught_ = signal_of(sums[2], sums[3]);
  if (sums[5] > 0) {  // less than 1 if only some ranks have a norm
    const double norms = std::max(std::round(sums[5]), 1.);
    state_.norm_sum += sums[4] / sums[5] * norms;
    state_.norms += static_cast<std::size_t>(norms);
  }
}

}  // namespace xtape::nn::detail
