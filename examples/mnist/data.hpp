#pragma once

#include "examples/cli/options.hpp"
#include "examples/mnist/data/data_source.hpp"

namespace mnist {

/// What every command begins with that needs images: sets the threads, finds the data, and prints
/// two lines about them where that is wanted. Says on standard error when they are not what one may
/// expect. Throws as find_data does.
DataSource prepare(const cli::DataOptions& data, const cli::RunOptions& run, bool verbose = true);

}  // namespace mnist
