#include <fmt/format.h>

#include "examples/cli/options.hpp"
#include "examples/cli/output.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/download_progress.hpp"
#include "nn/datasets/inspect.hpp"
#include "nn/datasets/locate.hpp"

namespace mnist {

namespace datasets = xtape::nn::datasets;

namespace {

/// Prints a line about each file. Returns whether all are as published.
bool list_files(const datasets::Location& location) {
  bool all_right = true;
  for (const datasets::DataFile& file : location.dataset->files) {
    const datasets::Inspection there = datasets::inspect(location.folder, file);
    all_right = all_right && there.right();
    if (there.right()) {
      cli::print_output("{:26}  {:8} bytes  SHA-256 {} as published\n",
                        there.path.filename().string(), file.bytes, file.sha256);
    } else {
      cli::print_output("{:26}  {}\n", file.name, there.found() ? there.problem : "missing");
    }
  }
  return all_right;
}

int run(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<cli::DataOptions>(data_command, arguments);
  if (options.dataset == "synthetic") {
    cli::print_output("synthetic digits are drawn by the program: there are no files\n");
    cli::flush_output();
    return 0;
  }
  const datasets::Location location = datasets::locate(options, download_progress());
  datasets::require_found(location);
  for (const std::string& problem : location.corrected) {
    cli::complain(problem + "; it has been downloaded anew");
  }
  cli::print_output("{} in {}\n", location.dataset->title, location.folder.string());
  const bool all_right = list_files(location);
  cli::flush_output();
  return all_right ? 0 : 1;
}

}  // namespace

const cli::Command data_command{
    "data", "Fetch a data set, verify it, and say where it is",
    "Exit status 1 when a file is missing or has another content than the "
    "published one. Examples:\n"
    "  mnist data\n"
    "  mnist data --dataset fashion --offline\n",
    run};

}  // namespace mnist
