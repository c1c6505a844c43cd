#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "nn/train/history.hpp"
#include "tensor/error.hpp"

// A history as columns of numbers, and back.

namespace xtape::nn {
namespace {

constexpr const char* number_key = "history.";
constexpr std::string_view metric_key = "metric.", parameter_key = "parameter.";

/// The columns' names sort as the metrics and the parameters do.
std::string ordered(std::string_view kind, std::size_t index, std::string_view name) {
  return fmt::format("{}{:06}.{}", kind, index, name);
}

/// Splits what ordered() has joined: the name without its number.
std::string_view name_of(std::string_view key, std::string_view kind) {
  key.remove_prefix(std::min(key.size(), kind.size()));
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

std::string_view sense_of(Better better) {
  return better == Better::higher ? "higher." : better == Better::lower ? "lower." : "number.";
}

/// A metric's name begins with the sense of its score.
Metric metric_of(std::string_view name, double value) {
  for (const Better better : {Better::higher, Better::lower, Better::unknown}) {
    if (name.starts_with(sense_of(better))) {
      return {std::string(name.substr(sense_of(better).size())), {value, better}};
    }
  }
  fail<ValueError>("its metric '{}' has no sense", name);
}

void append(std::vector<double>& column, const Histogram& histogram) {
  column.push_back(static_cast<double>(histogram.counts.size()));
  column.push_back(histogram.low);
  column.push_back(histogram.high);
  for (const std::uint64_t count : histogram.counts) {
    column.push_back(static_cast<double>(count));
  }
}

void append(std::vector<double>& column, const ParameterRecord& record) {
  column.insert(column.end(), {record.weight_rms, record.gradient_rms, record.zero_gradients});
  append(column, record.weights);
  append(column, record.gradients);
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
    require<ValueError>(value >= 0 && value < 0x1p53 && value == std::floor(value),
                        "its series.{} has {} where a count is", name_, value);
    return static_cast<std::size_t>(value);
  }

  Histogram histogram() {
    const std::size_t bins = count();
    require<ValueError>(bins <= column_.size(), "its series.{} ends too soon", name_);
    Histogram histogram{number(), number(), {}};
    for (std::size_t i = 0; i < bins; ++i) {
      histogram.counts.push_back(count());
    }
    return histogram;
  }

  ParameterRecord parameter(std::string_view name) {
    ParameterRecord record;
    record.name = name;
    record.weight_rms = number();
    record.gradient_rms = number();
    record.zero_gradients = number();
    record.weights = histogram();
    record.gradients = histogram();
    return record;
  }

  void require_end() const {
    require<ValueError>(next_ == column_.size(), "its series.{} has {} numbers, expected {}", name_,
                        column_.size(), next_);
  }

 private:
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
      epoch.parameters.push_back(taker.parameter(name_of(key, parameter_key)));
    } else {
      bool known = false;
      EpochRecord::visit(epoch, [&](const char* name, double& number) {
        if (key == std::string(number_key) + name) {
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
  Series series;
  for (const EpochRecord& epoch : history.epochs()) {
    EpochRecord::visit(epoch, [&](const char* name, double number) {
      series[std::string(number_key) + name].push_back(number);
    });
    for (std::size_t i = 0; i < epoch.metrics.size(); ++i) {
      const auto& [name, score] = epoch.metrics[i];
      auto& column = series[ordered(metric_key, i, std::string(sense_of(score.better)) + name)];
      column.resize(epoch.epoch - 1, std::numeric_limits<double>::quiet_NaN());
      column.push_back(score.value);
    }
    for (std::size_t i = 0; i < epoch.parameters.size(); ++i) {
      append(series[ordered(parameter_key, i, epoch.parameters[i].name)], epoch.parameters[i]);
    }
  }
  for (auto& [key, column] : series) {
    if (key.starts_with(metric_key)) {
      column.resize(history.epochs().size(), std::numeric_limits<double>::quiet_NaN());
    }
  }
  return series;
}

History history_of(const Series& series, std::size_t epochs) {
  if (epochs > 0) {
    const auto loss = series.find(std::string(number_key) + "loss");
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
