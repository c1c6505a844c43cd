#pragma once

#include <filesystem>
#include <string>

namespace mnist {

/// The folder of the MNIST files: `asked_for` when it is not empty, else $XTAPE_DATA_DIR, else the
/// cache ($XDG_CACHE_HOME/xtape/mnist or ~/.cache/xtape/mnist). Throws DataError naming what was
/// tried when there is none.
std::filesystem::path find_data(const std::string& asked_for);

}  // namespace mnist
