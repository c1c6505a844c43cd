#pragma once

#include "nn/datasets/download.hpp"

namespace cli {

/// Shows a download on standard error: a line that counts where that is a terminal, else a line for
/// each file.
xtape::nn::datasets::DownloadProgress download_progress();

}  // namespace cli
