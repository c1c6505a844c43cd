#include "examples/mnist/printing.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"

namespace mnist {

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

void Printer::heading() const {
  if (output_.verbose()) {
    cli::print_output("epoch    loss  {}test accuracy{}\n",
                      training_.validation > 0 ? "validation  " : "",
                      times_ ? "  seconds  samples/s" : "");
  }
}

void Printer::epoch(const nn::EpochRecord& epoch) const {
  if (output_.json) {
    cli::print_output("{}\n", to_json(epoch, times_));
  } else if (output_.verbose()) {
    cli::print_output("{:5}  {:6.4f}  ", epoch.epoch, epoch.loss);
    if (training_.validation > 0) {
      cli::print_output("{:8.2f} %  ", 100 * epoch.metric(validation_accuracy));
    }
    cli::print_output("{:11.2f} %", 100 * epoch.metric(test_accuracy));
    if (times_) {
      cli::print_output("  {:7.2f}  {:9.0f}", epoch.seconds, epoch.samples / epoch.seconds);
    }
    cli::print_output("\n");
  }
}

void Printer::result(const Outcome& outcome) const {
  if (output_.json || !outcome.kept) {
    return;
  }
  cli::print_output("{}test accuracy {:.2f} % {} epoch {}{}\n", output_.verbose() ? "\n" : "",
                    100 * outcome.kept->metric(test_accuracy),
                    training_.early_stop > 0 ? "of the best," : "after", outcome.kept->epoch,
                    times_ ? fmt::format(", {:.2f} seconds of training", outcome.seconds) : "");
}

}  // namespace mnist
