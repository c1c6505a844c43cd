#pragma once

#include <string>
#include <vector>

#include "examples/cli/command_line.hpp"
#include "examples/cli/options.hpp"
#include "examples/images/subject.hpp"
#include "nn/datasets/locate.hpp"

namespace images {

/// The options for the images: the data set and its source.
struct DataOptions : xtape::nn::datasets::Options {
  explicit DataOptions(const Subject& images) : subject(&images) {}

  const Subject* subject;
};

void add_flags(CLI::App& app, DataOptions& options);

/// Training and test data, and their source.
struct DataSource {
  std::string dataset;  ///< The name of a known data set, or synthetic.
  std::string title;    ///< The title for display.
  std::string origin;   ///< "from FOLDER" or "drawn by the program".
  std::string notice;   ///< Lines for the user. Empty if there is nothing to report.
  Data data;
  std::vector<std::string> class_names;  ///< The class of each label.
};

/// Returns the data that the options name. See locate(). If they name no data set and the default
/// is not found, returns synthetic images and a notice. Throws DataError if the data cannot be
/// found or read. Throws ValueError if a data set is unknown, a mirror is not HTTPS, or synthetic
/// images have a folder. Throws Stopped if `progress` returns false.
DataSource find_data(const DataOptions& options,
                     const xtape::nn::datasets::DownloadProgress& progress = {});

/// Sets the threads and finds the data, for each command that needs images. If `verbose`, prints
/// two lines about the data. Prints the notice on standard error. Throws as find_data() does.
DataSource prepare(const DataOptions& data, const cli::RunOptions& run, bool verbose = true);

/// Runs the command `data`, which fetches and verifies a data set. Returns the exit status: 1 if a
/// file is missing or not as published.
int run_data(const Subject& subject, const cli::Command& command, const cli::Arguments& arguments);

}  // namespace images
