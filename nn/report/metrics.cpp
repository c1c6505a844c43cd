#include "nn/report/metrics.hpp"

#include <cmath>

#include "nn/report/text.hpp"

namespace xtape::nn::report {

namespace {

/// "test_accuracy": without what would need quotes in CSV.
std::string column_name(const std::string& metric) {
  std::string name = metric;
  for (char& letter : name) {
    if (letter == ' ' || letter == ',' || letter == '"' || letter == '\n' || letter == '\r') {
      letter = '_';
    }
  }
  return name;
}

}  // namespace

std::string metrics_csv(const History& history) {
  std::string csv = "epoch,loss";
  const EpochRecord none, &last = history.epochs().empty() ? none : history.epochs().back();
  for (const Metric& metric : last.metrics) {
    add(csv, ",{}", column_name(metric.name));
  }
  csv += ",seconds,learning_rate";
  for (const ParameterRecord& parameter : last.parameters) {
    add(csv, ",{0}.rms,{0}.gradient_rms", parameter.name);
  }
  csv += '\n';
  for (const EpochRecord& epoch : history.epochs()) {
    add(csv, "{},{}", epoch.epoch, epoch.loss);
    for (const Metric& metric : last.metrics) {
      const double value = epoch.metric(metric.name);
      csv += std::isnan(value) ? "," : fmt::format(",{}", value);
    }
    add(csv, ",{},{}", epoch.seconds, epoch.learning_rate);
    for (const ParameterRecord& parameter : epoch.parameters) {
      add(csv, ",{},{}", parameter.weight_rms, parameter.gradient_rms);
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace xtape::nn::report
