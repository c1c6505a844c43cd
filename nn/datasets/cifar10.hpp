#pragma once

#include "tensor/hide_macros.hpp"

#include "nn/data/cifar.hpp"
#include "nn/datasets/find.hpp"

/// @file
/// A function that finds or downloads CIFAR-10. Link with xtape::datasets.

namespace xtape::nn {

/// Returns CIFAR-10 from find_dataset(). A folder may hold the archive or the unpacked files, see
/// read_cifar10(). A download keeps the archive in the cache, and each call reads it from there in
/// about a second. Throws as find_dataset() and read_cifar10() do.
Cifar10 cifar10(const datasets::Options& options = {},
                const datasets::DownloadProgress& progress = {});

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
