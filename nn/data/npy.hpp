#pragma once

#include <filesystem>

#include "nn/data/samples.hpp"

namespace xtape::nn {

/// Reads an array of NumPy's .npy format, versions 1 to 3, as samples. Element i along the first
/// axis is sample i. `nn::Dataset data{nn::read_npy("x.npy"), nn::read_npy("y.npy")};`
///
/// Elements of the types uint8, float32 and float64 keep their type. bool, int8, int16, int32,
/// int64, uint16, uint32 and uint64 become 64-bit integers. A bool becomes 0 or 1: as in NumPy,
/// each byte other than 0 is true.
///
/// Throws DataError, with the name of the file, for any other type, such as objects. The same error
/// reports big-endian numbers, Fortran order, a scalar, an integer of 2^63 and above, and a file
/// whose size differs from its header.
Samples read_npy(const std::filesystem::path& path);

}  // namespace xtape::nn
