#include "examples/cli/epoch_lines.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"

namespace cli {

namespace nn = xtape::nn;

std::string to_json(const nn::EpochRecord& epoch, bool times) {
  nlohmann::ordered_json line;
  line["epoch"] = epoch.epoch;
  line["loss"] = epoch.loss;
  line["validation_accuracy"] = nullptr;
  if (const double accuracy = epoch.metric(validation_accuracy); !std::isnan(accuracy)) {
    line["validation_accuracy"] = accuracy;
  }
  line["test_accuracy"] = epoch.metric(test_accuracy);
  line["learning_rate"] = epoch.learning_rate;
  if (times) {
    line["seconds"] = epoch.seconds;
    line["samples_per_second"] = epoch.samples / epoch.seconds;
  }
  return line.dump();
}

void EpochLines::heading() const {
  if (output_.verbose()) {
    print_output("epoch    loss  {}test accuracy{}\n",
                 training_.validation > 0 ? "validation  " : "",
                 times_ ? "  seconds  samples/s" : "");
  }
}

void EpochLines::epoch(const nn::EpochRecord& epoch) const {
  if (output_.json) {
    print_output("{}\n", to_json(epoch, times_));
  } else if (output_.verbose()) {
    print_output("{:5}  {:6.4f}  ", epoch.epoch, epoch.loss);
    if (training_.validation > 0) {
      print_output("{:8.2f} %  ", 100 * epoch.metric(validation_accuracy));
    }
    print_output("{:11.2f} %", 100 * epoch.metric(test_accuracy));
    if (times_) {
      print_output("  {:7.2f}  {:9.0f}", epoch.seconds, epoch.samples / epoch.seconds);
    }
    print_output("\n");
  }
}

void EpochLines::result(const nn::EpochRecord& kept, double seconds, bool within_epoch) const {
  if (output_.json) {
    return;
  }
  print_output(
      "{}test accuracy {:.2f} % {} epoch {}{}{}\n", output_.verbose() ? "\n" : "",
      100 * kept.metric(test_accuracy), training_.early_stop > 0 ? "of the best," : "after",
      kept.epoch, times_ ? fmt::format(", {:.2f} seconds of training", seconds) : "",
      within_epoch ? fmt::format("; the weights are from within epoch {}", kept.epoch + 1) : "");
}

}  // namespace cli
