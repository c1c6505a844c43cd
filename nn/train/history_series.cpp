#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "nn/train/history.hpp"
#include "tensor/error.hpp"

// A history as columns of numbers, and back.

namespace xtape::nn {
namespace {

constexpr double most_power = 1100;  // doubles lie between powers of two of this size

constexpr const char* series_key = "history.";
constexpr std::string_view metric_key = "metric.", parameter_key = "parameter.";

/// Returns the name of a column. The columns of a kind sort by their index.
std::string ordered(std::string_view kind, std::size_t index, std::string_view name) {
  return fmt::format("{}{:06}.{}", kind, index, name);
}

/// Returns the name that ordered() got.
std::string_view name_of(std::string_view key, std::string_view kind) {
  key.remove_prefix(std::min(key.size(), kind.size()));
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

std::string_view prefix_of(Better better) {
  return better == Better::higher ? "higher." : better == Better::lower ? "lower." : "number.";
}

/// Returns the metric of a column, whose name begins with the prefix of its score.
Metric metric_of(std::string_view name, double value) {
  for (const Better better : {Better::higher, Better::lower, Better::unknown}) {
    if (name.starts_with(prefix_of(better))) {
      return {std::string(name.substr(prefix_of(better).size())), {value, better}};
    }
  }
  fail<ValueError>("its metric '{}' is neither higher. nor lower. nor number.", name);
}

void append(std::vector<double>& column, const Histogram& histogram) {
  column.push_back(static_cast<double>(histogram.counts.size()));
  column.push_back(histogram.low);
  column.push_back(histogram.high);
  for (const std::uint64_t count : histogram.counts) {
    column.push_back(static_cast<double>(count));
  }
}

/// An epoch without the parameter has a record without bins.
void append(std::vector<double>& column, const ParameterRecord& record) {
  column.insert(column.end(), {record.weight_rms, record.gradient_rms, record.zero_gradients});
  append(column, record.weights);
  append(column, record.gradients);
}

/// Returns the prefix of the first score of this name.
std::string_view prefix_of(const History& history, const std::string& metric) {
  for (const EpochRecord& epoch : history.epochs()) {
    for (const auto& [name, score] : epoch.metrics) {
      if (name == metric) {
        return prefix_of(score.better);
      }
    }
  }
  return prefix_of(Better::unknown);
}

/// Takes numbers off the front of a column.
class Taker {
 public:
  Taker(const std::string& name, const std::vector<double>& column)
      : name_(name), column_(column) {}

  double number() {
    require<ValueError>(next_ < column_.size(), "its series.{} ends too soon", name_);
    return column_[next_++];
  }

  std::size_t count() {
    const double value = number();
    require_is(value >= 0 && value < 0x1p53 && value == std::floor(value), value, "count");
    return static_cast<std::size_t>(value);
  }

  /// Takes a root mean square. It is NaN or infinite if the numbers were.
  double root_mean_square() {
    const double value = number();
    require_is(!(value < 0), value, "root mean square");
    return value;
  }

  double share() {
    const double value = number();
    require_is(value >= 0 && value <= 1, value, "share");
    return value;
  }

  /// Takes a histogram of numbers from -most to most.
  Histogram histogram(double most) {
    const std::size_t bins = count();
    require<ValueError>(bins <= column_.size(), "its series.{} ends too soon", name_);
    Histogram histogram{number(), number(), {}};
    const auto& [low, high, counts] = histogram;
    require<ValueError>(-most <= low && low <= high && high <= most,
                        "its series.{} has a histogram from {} to {}", name_, low, high);
    for (std::size_t i = 0; i < bins; ++i) {
      histogram.counts.push_back(count());
    }
    return histogram;
  }

  ParameterRecord parameter(std::string_view name) {
    ParameterRecord record;
    record.name = name;
    record.weight_rms = root_mean_square();
    record.gradient_rms = root_mean_square();
    record.zero_gradients = share();
    record.weights = histogram(std::numeric_limits<double>::max());
    record.gradients = histogram(most_power);
    return record;
  }

  void require_end() const {
    require<ValueError>(next_ == column_.size(), "its series.{} has {} numbers, expected {}", name_,
                        column_.size(), next_);
  }

 private:
  void require_is(bool sound, double value, const char* what) const {
    require<ValueError>(sound, "its series.{} has {} where a {} is", name_, value, what);
  }

  const std::string& name_;
  const std::vector<double>& column_;
  std::size_t next_ = 0;
};

/// Reads one column into all epochs.
void read_column(const std::string& key, const std::vector<double>& column,
                 std::vector<EpochRecord>& epochs) {
  Taker taker(key, column);
  for (EpochRecord& epoch : epochs) {
    if (key.starts_with(metric_key)) {
      epoch.metrics.push_back(metric_of(name_of(key, metric_key), taker.number()));
    } else if (key.starts_with(parameter_key)) {
      ParameterRecord record = taker.parameter(name_of(key, parameter_key));
      if (!record.weights.counts.empty()) {
        epoch.parameters.push_back(std::move(record));
      }
    } else {
      bool known = false;
      EpochRecord::visit(epoch, [&](const char* name, double& number) {
        if (key == std::string(series_key) + name) {
          number = taker.number();
          known = true;
        }
      });
      require<ValueError>(known, "its series.{} is unknown", key);
    }
  }
  taker.require_end();
}

}  // namespace

Series series_of(const History& history) {
  const auto metrics = names_of(history, &EpochRecord::metrics);
  const auto parameters = names_of(history, &EpochRecord::parameters);
  Series series;
  for (const EpochRecord& epoch : history.epochs()) {
    EpochRecord::visit(epoch, [&](const char* name, double number) {
      series[std::string(series_key) + name].push_back(number);
    });
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const std::string key = std::string(prefix_of(history, metrics[i])) + metrics[i];
      series[ordered(metric_key, i, key)].push_back(epoch.metric(metrics[i]));
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const ParameterRecord* record = epoch.parameter(parameters[i]);
      append(series[ordered(parameter_key, i, parameters[i])],
             record == nullptr ? ParameterRecord() : *record);
    }
  }
  return series;
}

History history_of(const Series& series, std::size_t epochs) {
  if (epochs > 0) {
    const auto loss = series.find(std::string(series_key) + "loss");
    const std::size_t held = loss == series.end() ? 0 : loss->second.size();
    require<ValueError>(held == epochs, "its history is of {} epochs, expected {}", held, epochs);
  }
  std::vector<EpochRecord> records(epochs);
  for (const auto& [key, column] : series) {
    read_column(key, column, records);
  }
  History history;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].epoch = i + 1;
    history.end_epoch(std::move(records[i]));
  }
  return history;
}

}  // namespace xtape::nn
