#pragma once

#include <filesystem>

#include "tensor/array.hpp"

/// Reads a NumPy file of little-endian doubles in C order (`'<f8'`). Throws xtape::DataError for
/// anything else. The format: `numpy.lib.format`, versions 1 and 2.
xtape::Array<double> read_npy(const std::filesystem::path& path);
