#pragma once

#include <cstddef>
#include <filesystem>

#include "nn/data/dataset.hpp"

/// @file
/// Readers of IDX files, the format of MNIST.

namespace xtape::nn {

/// Reads an IDX file of unsigned bytes with `rank` axes. The first axis counts the samples. The
/// file is raw or compressed by gzip, in one or several members. The function detects gzip by the
/// first bytes, not by the name. The format is: two zero bytes, the element type 0x08, the number
/// of axes, each extent as a big-endian 32-bit integer, then the bytes.
///
/// The extents in the header are compared with the size of the file, raw or unpacked, before memory
/// is allocated for them.
/// Throws DataError, with the name of the file, if the file cannot be read or does not have this
/// format. Throws ValueError if `rank` is 0.
Samples read_idx(const std::filesystem::path& path, std::size_t rank);

/// Reads an IDX file of images (count, rows, columns) and an IDX file of labels (count). The
/// targets are the labels as 64-bit integers. Throws DataError as read_idx() does, and if the
/// counts differ.
Dataset read_dataset(const std::filesystem::path& images, const std::filesystem::path& labels);

/// The two parts of MNIST, or of a dataset with the same file names, such as Fashion-MNIST.
struct Mnist {
  Dataset train;  ///< 60,000 images in MNIST.
  Dataset test;   ///< 10,000 images in MNIST, by other writers.
};

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte` from `folder`. A name may be spelt with a dot
/// (`train-images.idx3-ubyte`), and may end in `.gz`. If there are several, the raw file is read,
/// which is the fastest. Throws DataError as read_dataset() does. Throws DataError if a file is
/// missing, if images for training and for testing differ in size, or if a label is not below 10.
Mnist read_mnist(const std::filesystem::path& folder);

}  // namespace xtape::nn
