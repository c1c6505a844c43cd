#include "nn/report/metrics.hpp"

#include <cmath>

#include "nn/report/text.hpp"

namespace xtape::nn::report {

namespace {

/// Returns the name of a metric without characters that would need quotes in CSV.
std::string column_name(const std::string& metric) {
  std::string name = metric;
  for (char& letter : name) {
    if (letter == ' ' || letter == ',' || letter == '"' || letter == '\n' || letter == '\r') {
      letter = '_';
    }
  }
  return name;
}

std::string table_cell(double number) {
  return std::isnan(number) ? "," : fmt::format(",{}", number);
}

}  // namespace

std::string metrics_csv(const History& history) {
  const auto metrics = names_of(history, &EpochRecord::metrics);
  const auto parameters = names_of(history, &EpochRecord::parameters);
  std::string csv(first_columns);
  for (const std::string& name : metrics) {
    add(csv, ",{}", column_name(name));
  }
  csv += ",seconds,learning_rate";
  for (const std::string& name : parameters) {
    add(csv, ",{0}.rms,{0}.gradient_rms", name);
  }
  csv += '\n';
  for (const EpochRecord& epoch : history.epochs()) {
    csv += fmt::format("{}", epoch.epoch) + table_cell(epoch.loss);
    for (const std::string& name : metrics) {
      csv += table_cell(epoch.metric(name));
    }
    csv += table_cell(epoch.seconds) + table_cell(epoch.learning_rate);
    for (const std::string& name : parameters) {
      const ParameterRecord* record = epoch.parameter(name);
      csv += record == nullptr ? ",,"
                               : table_cell(record->weight_rms) + table_cell(record->gradient_rms);
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace xtape::nn::report
