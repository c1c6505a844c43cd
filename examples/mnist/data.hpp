#pragma once

#include <string>
#include <vector>

#include "examples/cli/options.hpp"
#include "nn/data/idx.hpp"
#include "nn/datasets/locate.hpp"

namespace mnist {

/// Data to train on and where they came from.
struct DataSource {
  std::string dataset;  ///< mnist, fashion or synthetic.
  std::string title;    ///< What people call it.
  std::string origin;   ///< "from FOLDER" or "drawn by the program".
  std::string notice;   ///< What the user should know, in lines; empty when all is as expected.
  xtape::nn::Mnist data;
  std::vector<std::string> class_names;  ///< What each label stands for.
};

/// The data that the options ask for, see locate(). When it does not name a data set and MNIST
/// is not found, synthetic digits, with a notice that says what has been tried. Throws DataError
/// when data that were asked for cannot be found or read, ValueError when a data set is unknown, a
/// mirror is not HTTPS, or a folder is named for synthetic digits; Stopped when the progress
/// callback says so.
DataSource find_data(const xtape::nn::datasets::Options& options,
                     const xtape::nn::datasets::DownloadProgress& progress = {});

/// What every command begins with that needs images: sets the threads, finds the data, and prints
/// two lines about them where that is wanted. Says on standard error when they are not what one may
/// expect. Throws as find_data does.
DataSource prepare(const cli::DataOptions& data, const cli::RunOptions& run, bool verbose = true);

}  // namespace mnist
