#pragma once

#include <filesystem>

#include "nn/data/samples.hpp"

namespace xtape::nn {

/// Reads an array of NumPy's .npy format, versions 1 to 3, as samples: element i along the first
/// axis is sample i. `nn::Dataset data{nn::read_npy("x.npy"), nn::read_npy("y.npy")};`
///
/// Takes elements of the types uint8, float32 and float64 as they are; bool, int8, int16, int32,
/// int64, uint16, uint32 and uint64 become 64-bit integers. Throws DataError, one line that names
/// the file, for other types (objects above all), big-endian numbers, Fortran order, a scalar, an
/// integer of 2^63 and above, and a file of another size than its header promises.
Samples read_npy(const std::filesystem::path& path);

}  // namespace xtape::nn
