#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "examples/cli/output.hpp"
#include "examples/cli/runs.hpp"
#include "examples/cli/validators.hpp"
#include "examples/images/commands.hpp"
#ifdef XTAPE_WITH_ONNX
#include "nn/onnx/save_onnx.hpp"
#endif

namespace images {
namespace {

struct ExportOptions {
  const Subject* subject;
  std::string weights = {};
  std::string onnx = {};
};

void add_flags(CLI::App& app, ExportOptions& options) {
  cli::takes_file(
      app.add_option("--weights", options.weights,
                     fmt::format("What {} train --save has written", options.subject->program)))
      ->required();
  cli::takes_file(app.add_option("--onnx", options.onnx, "The ONNX file to write"))->required();
}

#ifdef XTAPE_WITH_ONNX
void require_writable(const std::string& path) {
  cli::name_flag("--onnx", [&] { xtape::nn::require_onnx_writable(path); });
}

void write(const Subject& subject, const Model& model, const std::string& path) {
  xtape::nn::OnnxOptions options{.input = "pixels", .output = "logits", .metadata = model.facts};
  options.metadata.emplace("classes", nlohmann::json(model.class_names).dump());
  xtape::nn::save_onnx(path, Classifier(subject, model.network), model.image, options);
  std::string extents = "batch";
  for (const std::size_t extent : model.image) {
    extents += fmt::format(", {}", extent);
  }
  cli::print_output("{}: 'pixels' ({}), bytes divided by 255, to 'logits' (batch, {})\n", path,
                    extents, model.class_names.size());
}
#else
void require_writable(const std::string&) {}

void write(const Subject&, const Model&, const std::string& path) {
  xtape::fail<xtape::Error>("{}: this program was built without protozero, which writes ONNX files",
                            path);
}
#endif

}  // namespace

int run_export(const Subject& subject, const cli::Command& command,
               const cli::Arguments& arguments) {
  const auto options = cli::parse_options(command, arguments, ExportOptions{.subject = &subject});
  xtape::require<xtape::ValueError>(!cli::same_place(options.weights, options.onnx),
                                    "--onnx: expected another file than that of --weights, got {}",
                                    options.onnx);
  require_writable(options.onnx);
  write(subject, subject.load_model(options.weights), options.onnx);
  cli::flush_output();
  return 0;
}

}  // namespace images
