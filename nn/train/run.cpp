#include "nn/train/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "tensor/error.hpp"
#include "tensor/matmul_precision.hpp"

namespace xtape::nn::detail {
namespace {

bool is_count(double number) {
  return number >= 0 && number < 0x1p53 && number == std::floor(number);
}

/// Reads the numbers of a state by name.
struct Reader {
  const std::map<std::string, double>& numbers;

  template <class Number>
  void operator()(const char* name, Number& to) const {
    const auto found = numbers.find(name);
    require<ValueError>(found != numbers.end(), "it has no number.{}", name);
    if constexpr (!std::is_same_v<Number, double>) {
      require<ValueError>(is_count(found->second), "its number.{} is {}, expected a whole number",
                          name, found->second);
    }
    to = static_cast<Number>(found->second);
  }
};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double most_seconds = 1e10;  // 300 years

void require_between(const char* name, double number, double least, double most) {
  require<ValueError>(std::isfinite(number) && least <= number && number <= most,
                      "its number.{} is {}, expected a finite number from {} to {}", name, number,
                      least, most);
}

void require_count(const char* name, std::size_t number, std::size_t least, std::size_t most) {
  require<ValueError>(least <= number && number <= most, "its number.{} is {}, expected {}", name,
                      number,
                      least == most ? fmt::format("{}", least)
                                    : fmt::format("a whole number from {} to {}", least, most));
}

/// The best epoch is one that early stopping has not given up, if there is one.
void require_best(const RunState& state, std::size_t early_stop) {
  const std::size_t completed = state.epoch - 1;
  if (early_stop == 0 || completed == 0) {
    require_count("best_epoch", state.best_epoch, 0, 0);
    return;
  }
  const std::size_t first = completed > early_stop ? completed - early_stop : 1;
  if (state.best_epoch != 0 || completed > early_stop) {  // 0: no score was a number yet
    require_count("best_epoch", state.best_epoch, first, completed);
  }
}

/// A sum is 0 if it has no summands.
void require_sum(const char* name, double sum, const char* count_name, std::size_t count) {
  require<ValueError>(count > 0 || sum == 0, "its number.{} is {}, but its number.{} is 0", name,
                      sum, count_name);
}

/// Checks the sums of the epoch. Between two epochs, nothing of the next one has been counted.
void require_sums(const RunState& state) {
  require_between("loss_sum", state.loss_sum, -infinity, infinity);
  require_between("norm_sum", state.norm_sum, 0, infinity);
  require_between("epoch_seconds", state.epoch_seconds, 0, most_seconds);
  require_between("seconds", state.seconds, 0, most_seconds);
  if (state.samples == 0) {
    require_count("losses", state.losses, 0, 0);
    require_count("norms", state.norms, 0, 0);
  }
  require_sum("loss_sum", state.loss_sum, "losses", state.losses);
  require_sum("norm_sum", state.norm_sum, "norms", state.norms);
  require_sum("epoch_seconds", state.epoch_seconds, "samples", state.samples);
}

/// Checks the numbers of the record of an epoch. A mean of nothing is NaN.
void require_record(const EpochRecord& epoch, const RunShape& shape) {
  const auto require_number = [&](const char* name, double number, bool sound,
                                  const std::string& wanted) {
    require<ValueError>(sound, "its series.history.{} is {} in epoch {}, expected {}", name, number,
                        epoch.epoch, wanted);
  };
  const auto within = [](double number, double most) { return number >= 0 && number <= most; };
  const double norm = epoch.gradient_norm, rate = epoch.learning_rate;
  require_number("loss", epoch.loss, !std::isinf(epoch.loss), "a finite number or nan");
  require_number("gradient_norm", norm, std::isnan(norm) || (norm >= 0 && !std::isinf(norm)),
                 "a finite number of at least 0 or nan");
  require_number("learning_rate", rate, rate >= 0 && !std::isinf(rate),
                 "a finite number of at least 0");
  require_number("seconds", epoch.seconds, within(epoch.seconds, most_seconds),
                 fmt::format("a number from 0 to {}", most_seconds));
  require_number(
      "samples", epoch.samples,
      within(epoch.samples, static_cast<double>(shape.samples)) && is_count(epoch.samples),
      fmt::format("a whole number from 0 to {}", shape.samples));
}

}  // namespace

void RunState::begin_epoch() {
  seconds += epoch_seconds;
  epoch_seconds = loss_sum = norm_sum = 0;
  samples = losses = norms = 0;
  ++epoch;
}

std::map<std::string, double> numbers_of(const RunState& state) {
  std::map<std::string, double> numbers;
  RunState::visit(state, [&](const char* name, auto number) {
    numbers.emplace(name, static_cast<double>(number));
  });
  return numbers;
}

RunState state_of(const std::map<std::string, double>& numbers) {
  RunState state;
  RunState::visit(state, Reader{numbers});
  return state;
}

RunState require_consistent(const CheckpointNumbers& saved, const RunShape& shape) {
  const RunState state = state_of(saved.numbers);
  const std::size_t given = saved.position.within_epoch ? saved.position.given : 0;
  require<ValueError>(state.epoch > 0 && given <= shape.batches,
                      "its number.epoch is {} and its batches are after {} of {}", state.epoch,
                      given, shape.batches);
  const std::size_t batches = (state.epoch - 1) * shape.batches + given;
  require<ValueError>(state.batches == batches,
                      "its number.epoch is {} and its batches are after {} of {}, which is batch "
                      "{}, but its number.batches is {}",
                      state.epoch, given, shape.batches, batches, state.batches);
  require<ValueError>(saved.position.epochs >= state.epoch - (saved.position.within_epoch ? 0 : 1),
                      "its number.epoch is {}, but its batches have begun {} epochs", state.epoch,
                      saved.position.epochs);
  require<ValueError>(state.steps == saved.steps,
                      "its number.steps is {}, but its optimizer has made {} steps", state.steps,
                      saved.steps);
  const std::size_t samples = std::min(given * shape.batch_size, shape.samples);
  require_count("samples", state.samples, samples, samples);
  require_best(state, shape.early_stop);
  require<ValueError>(std::isnan(state.best_score) == (state.best_epoch == 0),
                      "its number.best_score is {}, but its number.best_epoch is {}",
                      state.best_score, state.best_epoch);
  require_between("learning_rate", state.learning_rate, 0, infinity);
  require_sums(state);
  return state;
}

void require_consistent(const History& history, const RunState& state, const RunShape& shape) {
  double seconds = 0;
  for (const EpochRecord& epoch : history.epochs()) {
    require_record(epoch, shape);
    seconds += epoch.seconds;
  }
  require<ValueError>(std::abs(seconds - state.seconds) <= 1e-9 * seconds,
                      "its number.seconds is {}, but its epochs took {}", state.seconds, seconds);
}

void require_sound(const Run& run) {
  const auto require_some = [](const char* name, std::size_t number) {
    require<ValueError>(number > 0, "Run: expected {} of at least 1, got 0", name);
  };
  require_some("epochs", run.epochs);
  require_some("keep", run.keep);
  require_some("accumulate", run.accumulate);
  require_some("batch_size", run.batch_size);
  require<ValueError>(!run.max_norm || *run.max_norm > 0,
                      "Run: expected a max_norm above 0, got {}", run.max_norm.value_or(0));
  require<ValueError>(run.statistics_momentum > 0 && run.statistics_momentum <= 1,
                      "Run: expected a statistics_momentum above 0 and at most 1, got {}",
                      run.statistics_momentum);
  const LocalSteps& apart = run.local_steps;
  require<ValueError>(std::isfinite(apart.outer_rate) && apart.outer_rate > 0,
                      "Run: expected a local_steps.outer_rate above 0, got {}", apart.outer_rate);
  require<ValueError>(apart.outer_momentum >= 0 && apart.outer_momentum < 1,
                      "Run: expected a local_steps.outer_momentum in [0, 1), got {}",
                      apart.outer_momentum);
  require<ValueError>(apart.every > 0 || apart.only_averages(),
                      "Run: an outer step needs local_steps.every of at least 1, got 0");
  require<ValueError>(!run.resume || !run.folder.empty(), "Run: there is no folder to resume from");
}

Identity identity_of(const Run& run) {
  Identity identity = run.identity;
  identity.emplace("early_stop", fmt::format("{}", run.early_stop));
  identity.emplace("accumulate", fmt::format("{}", run.accumulate));
  identity.emplace("max_norm", run.max_norm ? fmt::format("{}", *run.max_norm) : "none");
  if (run.statistics_momentum != Run().statistics_momentum) {
    identity.emplace("statistics_momentum", fmt::format("{}", run.statistics_momentum));
  }
  if (run.local_steps.every > 0) {
    const auto& [every, rate, momentum] = run.local_steps;
    identity.emplace("local_steps",
                     fmt::format("{}, outer rate {}, outer momentum {}", every, rate, momentum));
  }
  if (matmul_precision() == Precision::bfloat16) {
    identity.emplace("matmul_precision", "bfloat16");
  }
  return identity;
}

}  // namespace xtape::nn::detail
