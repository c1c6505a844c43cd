#include "examples/mnist/report/configuration.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <CLI/CLI.hpp>

#include "examples/cli/validators.hpp"

namespace mnist {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#else
  return "unknown";
#endif
}

}  // namespace

void add_flags(CLI::App& app, ReportOptions& options) {
  cli::takes_file(
      app.add_option("--save", options.weights, "File for the weights, which predict takes"))
      ->default_str("");
  cli::takes_folder(
      app.add_option("--report", options.folder,
                     "Folder for a report: index.html with curves, pictures and histograms of the "
                     "run,\nand metrics.csv"))
      ->default_str("");
}

Facts describe(const Recipe& recipe, const cli::RunOptions& run) {
  Facts facts{{"recipe", recipe.name},
              {"hidden layers", fmt::format("{}", fmt::join(recipe.hidden, ", "))},
              {"activation", recipe.activation},
              {"first weights", recipe.initial_deviation
                                    ? fmt::format("normal, deviation {}", *recipe.initial_deviation)
                                    : "uniform as Glorot and Bengio have it"},
              {"pixels", recipe.standardize ? "mean 0, deviation 1" : "from 0 to 1"},
              {"epochs", fmt::format("{}", recipe.epochs)},
              {"batch size", fmt::format("{}", recipe.batch_size)},
              {"optimizer", recipe.optimizer},
              {"learning rate", fmt::format("{}, {}", recipe.learning_rate, recipe.schedule)}};
  if (recipe.optimizer == "sgd") {
    facts.emplace_back("momentum", fmt::format("{}", recipe.momentum));
  }
  const std::pair<const char*, double> extras[] = {{"weight decay", recipe.weight_decay},
                                                   {"dropout", recipe.dropout},
                                                   {"label smoothing", recipe.label_smoothing},
                                                   {"warm-up in epochs", recipe.warm_up}};
  for (const auto& [name, value] : extras) {
    if (value != 0) {
      facts.emplace_back(name, fmt::format("{}", value));
    }
  }
  facts.emplace_back("augmentation", recipe.augment.any() ? "yes" : "none");
  facts.emplace_back("seed", fmt::format("{}", run.seed));
  return facts;
}

Facts describe_versions() {
  return {{"xtape", xtape::version()},
          {"matrix products", xtape::gemm_backend()},
          {"threads", fmt::format("{}", xtape::thread_count())},
          {"compiler", compiler()}};
}

}  // namespace mnist
