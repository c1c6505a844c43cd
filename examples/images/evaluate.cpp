#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"
#include "examples/cli/validators.hpp"
#include "examples/images/commands.hpp"
#include "examples/images/data.hpp"

namespace images {
namespace {

struct EvaluateOptions {
  DataOptions data;
  std::string weights = {};
  cli::OutputOptions output = {};
};

void add_flags(CLI::App& app, EvaluateOptions& options) {
  cli::takes_file(app.add_option("--weights", options.weights,
                                 fmt::format("File of a network, as {} train --save writes it",
                                             options.data.subject->program)))
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

}  // namespace

int run_evaluate(const Subject& subject, const cli::Command& command,
                 const cli::Arguments& arguments) {
  const auto options =
      cli::parse_options(command, arguments, EvaluateOptions{.data = DataOptions(subject)});
  const Model model = subject.load_model(options.weights);
  const Data data = prepare(options.data, cli::RunOptions{}, options.output.verbose()).data;
  const std::size_t pixels = data.test.features.sample_size(), classes = subject.class_names.size();
  xtape::require<xtape::DataError>(
      model.features() == pixels && model.class_names.size() == classes,
      "{}: a network for {} pixels and {} classes, but the data have {} and {}", options.weights,
      model.features(), model.class_names.size(), pixels, classes);
  xtape::Tape tape;
  print(xtape::nn::evaluate(Classifier(subject, model.network), data.test, tape), options.output);
  return 0;
}

}  // namespace images
