#include "examples/mnist/printing.hpp"

#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"

namespace mnist {

std::string to_json(const Epoch& epoch, bool times) {
  nlohmann::ordered_json line;
  line["epoch"] = epoch.number;
  line["loss"] = epoch.loss();
  line["validation_accuracy"] = nullptr;
  if (epoch.validation) {
    line["validation_accuracy"] = *epoch.validation;
  }
  line["test_accuracy"] = epoch.test;
  line["learning_rate"] = epoch.learning_rate;
  if (times) {
    line["seconds"] = epoch.seconds;
    line["samples_per_second"] = epoch.samples_per_second();
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

void Printer::epoch(const Epoch& epoch) const {
  if (output_.json) {
    cli::print_output("{}\n", to_json(epoch, times_));
  } else if (output_.verbose()) {
    cli::print_output("{:5}  {:6.4f}  ", epoch.number, epoch.loss());
    if (epoch.validation) {
      cli::print_output("{:8.2f} %  ", 100 * *epoch.validation);
    }
    cli::print_output("{:11.2f} %", 100 * epoch.test);
    if (times_) {
      cli::print_output("  {:7.2f}  {:9.0f}", epoch.seconds, epoch.samples_per_second());
    }
    cli::print_output("\n");
  }
}

void Printer::result(const Outcome& outcome) const {
  if (output_.json || outcome.last.number == 0) {
    return;
  }
  cli::print_output("{}test accuracy {:.2f} % {} epoch {}{}\n", output_.verbose() ? "\n" : "",
                    100 * outcome.last.test, training_.early_stop > 0 ? "of the best," : "after",
                    outcome.last.number,
                    times_ ? fmt::format(", {:.2f} seconds of training", outcome.seconds) : "");
}

}  // namespace mnist
