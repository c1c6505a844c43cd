#include "examples/mnist/data.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <cstdio>

#include "examples/cli/download_progress.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/versions.hpp"
#include "examples/mnist/commands.hpp"
#include "nn/datasets/inspect.hpp"
#include "nn/datasets/synthetic_digits.hpp"
#include "tensor/error.hpp"

namespace mnist {

namespace datasets = xtape::nn::datasets;

namespace {

/// The known data sets that the program reads, the default first.
const std::vector<std::string> known_names{"mnist", "fashion"};

DataSource synthetic(const std::string& notice) {
  return {"synthetic",
          "synthetic digits",
          "drawn by the program",
          notice,
          xtape::nn::synthetic_digits(),
          datasets::known_dataset("mnist").class_names};
}

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
  const datasets::Location location =
      datasets::locate(options, cli::download_progress(), known_names);
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

DataSource find_data(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  if (options.dataset == "synthetic") {
    xtape::require<xtape::ValueError>(options.folder.empty(),
                                      "--data {}: synthetic digits need no folder", options.folder);
    return synthetic("");
  }
  const datasets::Location location = datasets::locate(options, progress, known_names);
  if (!location.folder.empty()) {
    std::string notice;
    for (const std::string& problem : location.corrected) {
      notice += fmt::format("mnist: {}; it has been downloaded anew\n", problem);
    }
    return {location.dataset->name,
            location.dataset->title,
            fmt::format("from {}", location.folder.string()),
            notice,
            xtape::nn::read_mnist(location.folder),
            location.dataset->class_names};
  }
  if (options.dataset) {
    datasets::require_found(location);
  }
  return synthetic(fmt::format(
      "mnist: MNIST was not found: these are synthetic digits, drawn by the program. Tried:\n"
      "  {}\nTo use MNIST, name the folder of its four files with --data.\n",
      fmt::join(location.tried, "\n  ")));
}

DataSource prepare(const cli::DataOptions& options, const cli::RunOptions& run, bool verbose) {
  cli::set_threads(run);
  DataSource source =
      find_data(options, verbose ? cli::download_progress() : datasets::DownloadProgress());
  std::fputs(source.notice.c_str(), stderr);
  if (verbose) {
    const auto& [train, test] = source.data;
    cli::print_output("{}\n{} training and {} test images of {} x {} pixels {}\n\n",
                      cli::version_line(), train.size(), test.size(), train.features.shape()[0],
                      train.features.shape()[1], source.origin);
  }
  return source;
}

const cli::Command data_command{
    "data", "Fetch a data set, verify it, and say where it is",
    "Exit status 1 when a file is missing or has another content than the "
    "published one. Examples:\n"
    "  mnist data\n"
    "  mnist data --dataset fashion --offline\n",
    run};

}  // namespace mnist
