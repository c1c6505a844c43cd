#pragma once

#include "examples/mnist/data/download.hpp"

namespace mnist {

/// Shows a download on standard error: a line that counts where that is a terminal, else a line for
/// each file.
DownloadProgress download_progress();

}  // namespace mnist
