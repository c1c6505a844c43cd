#include "nn/report/metrics.hpp"

#include "nn/report/text.hpp"

namespace xtape::nn::report {

std::string metrics_csv(const History& history) {
  std::string csv = "epoch,loss,test_accuracy,validation_accuracy,seconds,learning_rate";
  if (!history.epochs().empty()) {
    for (const ParameterRecord& parameter : history.epochs().front().parameters) {
      add(csv, ",{0}.rms,{0}.gradient_rms", parameter.name);
    }
  }
  csv += '\n';
  for (const EpochRecord& epoch : history.epochs()) {
    add(csv, "{},{},{},", epoch.epoch, epoch.loss, epoch.accuracy);
    if (epoch.validation_accuracy) {
      add(csv, "{}", *epoch.validation_accuracy);
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
