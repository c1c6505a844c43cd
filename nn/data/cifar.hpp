#pragma once

#include <array>
#include <filesystem>

#include "nn/data/dataset.hpp"

namespace xtape::nn {

/// The two parts of CIFAR-10. Features are bytes (32, 32, 3). The last axis is red, green and blue.
/// Targets are labels.
struct Cifar10 {
  Dataset train;  ///< 50,000 images.
  Dataset test;   ///< 10,000 images.
};

/// The names of the classes of CIFAR-10, in the order of the labels.
inline constexpr std::array<const char*, 10> cifar10_classes{
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

/// Reads a file of CIFAR-10's binary version. A record has one label byte, then 1024 bytes each of
/// red, green and blue, row-major. Throws DataError, with the name of the file, if the file cannot
/// be read, does not hold whole records, or has a label above 9.
Dataset read_cifar10_file(const std::filesystem::path& path);

/// Reads the six files of CIFAR-10's binary version from `folder`. The function takes the first of
/// these that is there:
///
/// 1. the archive `cifar-10-binary.tar.gz`, whose members are read without unpacking it to the
/// disk,
/// 2. the folder `cifar-10-batches-bin`,
/// 3. the files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`.
///
/// Throws DataError as read_cifar10_file() does. Throws DataError if there is no such folder, if a
/// file is missing, or if the archive is damaged. The same error reports a member with one
/// of these names that is not a file of at most 10,000 records.
Cifar10 read_cifar10(const std::filesystem::path& folder);

}  // namespace xtape::nn
