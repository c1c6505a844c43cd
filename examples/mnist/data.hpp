#pragma once

#include <string>
#include <vector>

#include "examples/cli/options.hpp"
#include "nn/data/idx.hpp"
#include "nn/datasets/locate.hpp"

namespace mnist {

/// Training and test data, and their source.
struct DataSource {
  std::string dataset;  ///< mnist, fashion or synthetic.
  std::string title;    ///< The title for display.
  std::string origin;   ///< "from FOLDER" or "drawn by the program".
  std::string notice;   ///< Lines for the user. Empty if there is nothing to report.
  xtape::nn::Mnist data;
  std::vector<std::string> class_names;  ///< The class of each label.
};

/// Returns the data that the options name. See locate(). If they name no data set and MNIST is not
/// found, returns synthetic digits and a notice. Throws DataError if the data cannot be found or
/// read. Throws ValueError if a data set is unknown, a mirror is not HTTPS, or synthetic digits
/// have a folder. Throws Stopped if `progress` returns false.
DataSource find_data(const xtape::nn::datasets::Options& options,
                     const xtape::nn::datasets::DownloadProgress& progress = {});

/// Sets the threads and finds the data, for each command that needs images. If `verbose`, prints
/// two lines about the data. Prints the notice on standard error. Throws as find_data() does.
DataSource prepare(const cli::DataOptions& data, const cli::RunOptions& run, bool verbose = true);

}  // namespace mnist
