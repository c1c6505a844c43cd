#pragma once

#include <filesystem>
#include <string>

#include "examples/cli/options.hpp"
#include "examples/mnist/recipes.hpp"
#include "examples/mnist/report/report.hpp"

namespace mnist {

/// What is left of a run.
struct ReportOptions {
  std::filesystem::path weights;  ///< A file for the weights; empty: they are not kept.
  std::filesystem::path folder;   ///< Where to; empty: none is written.
};

void add_flags(CLI::App& app, ReportOptions& options);

/// What the run was asked to do, as the report lists it.
Facts describe(const Recipe& recipe, const cli::RunOptions& run);

/// xtape, what multiplies its matrices, the compiler and the processor.
Facts describe_versions();

}  // namespace mnist
