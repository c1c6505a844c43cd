#pragma once

#include "tensor/hide_macros.hpp"

#include "nn/data/idx.hpp"
#include "nn/datasets/find.hpp"

/// @file
/// A function that finds or downloads MNIST. Link with xtape::datasets.

namespace xtape::nn {

/// Returns MNIST, or with `{.dataset = "fashion"}` Fashion-MNIST, from find_dataset(). Throws as
/// find_dataset() and read_mnist() do.
Mnist mnist(const datasets::Options& options = {}, const datasets::DownloadProgress& progress = {});

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
