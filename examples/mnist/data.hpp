#pragma once

#include <filesystem>

#include "examples/mnist/options.hpp"
#include "nn/idx.hpp"

namespace mnist {

/// The folder of the MNIST files: the one of the options when it is not empty, else
/// $XTAPE_DATA_DIR, else the cache ($XDG_CACHE_HOME/xtape/mnist or ~/.cache/xtape/mnist). Throws
/// DataError naming what was tried when there is none.
std::filesystem::path find_data(const DataOptions& options);

/// What every command begins with that needs images: sets the threads, reads the data, and prints
/// two lines about them where that is wanted. Throws as find_data and read_mnist do.
xtape::nn::Mnist prepare(const DataOptions& data, const RunOptions& run, bool verbose = true);

}  // namespace mnist
