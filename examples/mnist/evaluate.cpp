#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"
#include "examples/cli/validators.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/model_file.hpp"
#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

struct EvaluateOptions {
  std::string weights;
  cli::DataOptions data;
  cli::OutputOptions output;
};

void add_flags(CLI::App& app, EvaluateOptions& options) {
  cli::takes_file(app.add_option("--weights", options.weights,
                                 "File of a network, as mnist train --save writes it"))
      ->required();
  add_flags(app, options.data);
  add_flags(app, options.output);
}

void print(const xtape::nn::ConfusionMatrix& matrix, const cli::OutputOptions& output) {
  if (output.json) {
    const nlohmann::ordered_json line{{"test_accuracy", matrix.accuracy()},
                                      {"correct", matrix.correct()},
                                      {"images", matrix.total()}};
    cli::print_output("{}\n", line.dump());
  } else if (output.quiet) {
    cli::print_output("test accuracy {:.2f} %\n", 100 * matrix.accuracy());
  } else {
    cli::print_output("{}\n", to_string(matrix));
  }
  cli::flush_output();
}

int evaluate(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<EvaluateOptions>(evaluate_command, arguments);
  const Model model = load_model(options.weights);
  const xtape::nn::Mnist data =
      prepare(options.data, cli::RunOptions{}, options.output.verbose()).data;
  xtape::require<xtape::DataError>(
      model.features == data.test.features.sample_size() && model.class_names.size() == classes,
      "{}: a network for {} pixels and {} classes, but the data have {} and {}", options.weights,
      model.features, model.class_names.size(), data.test.features.sample_size(), classes);
  xtape::Tape tape;
  print(xtape::nn::evaluate(model.network, data.test, tape), options.output);
  return 0;
}

}  // namespace

const cli::Command evaluate_command{"evaluate", "Measure a trained network on the test images",
                                    "Examples:\n"
                                    "  mnist train --save digits.safetensors\n"
                                    "  mnist evaluate --weights digits.safetensors\n",
                                    evaluate};

}  // namespace mnist
