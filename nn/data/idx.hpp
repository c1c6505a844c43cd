#pragma once

#include <cstddef>
#include <filesystem>

#include "nn/data/dataset.hpp"

/// @file
/// MNIST, and whatever else comes in its files.

namespace xtape::nn {

/// Reads an IDX file of unsigned bytes with `rank` axes, of which the first counts the samples. The
/// file is raw or compressed by gzip, told apart by its first bytes and not by its name. The
/// format: two zero bytes, the element type 0x08, the number of axes, each extent as a big-endian
/// 32-bit integer, then the bytes, and nothing after.
///
/// Throws DataError, one line that names the file, if it cannot be read or holds anything else, and
/// ValueError if `rank` is 0. The extents in the header are compared with the size of the file
/// before memory is taken for them.
Samples read_idx(const std::filesystem::path& path, std::size_t rank);

/// Reads an IDX file of images, (count, rows, columns), and one of their labels, (count). The
/// targets are the labels as 64-bit integers. Throws DataError as read_idx does, and if the counts
/// differ.
Dataset read_dataset(const std::filesystem::path& images, const std::filesystem::path& labels);

/// The two parts of MNIST, or of a dataset with the same file names such as Fashion-MNIST.
struct Mnist {
  Dataset train;  ///< MNIST: 60,000 images.
  Dataset test;   ///< MNIST: 10,000 images, by other writers.
};

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte` from `folder`. Each may be spelt with a dot (`train-images.idx3-ubyte`)
/// and may end in `.gz`; of several the raw one is taken, which is the fastest to read. Throws
/// DataError as read_dataset does, when a file is missing, when images for training and for testing
/// differ in size, and when a label is not below 10.
Mnist read_mnist(const std::filesystem::path& folder);

}  // namespace xtape::nn
