#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "tensor/buffer.hpp"
#include "tensor/shape.hpp"

/// @file
/// MNIST, and whatever else comes in its files.

namespace xtape::nn {

/// Bytes as they lie in a file: pixels, labels.
using Bytes = Buffer<std::uint8_t>;

/// An array of bytes as an IDX file holds it, row-major.
struct IdxArray {
  Shape shape;  ///< As the header of the file has it.
  Bytes bytes;  ///< The elements.
};

/// Reads an IDX file of unsigned bytes with `rank` axes, raw or compressed by gzip (told apart by
/// their first bytes, not by the name). The format: two zero bytes, the element type 0x08, the
/// number of axes, each extent as a big-endian 32-bit integer, then the bytes, and nothing after.
///
/// Throws DataError, one line that names the file, when it cannot be read or holds anything else.
/// What the header promises is compared with the size of the file before memory is taken for it.
IdxArray read_idx(const std::filesystem::path& path, std::size_t rank);

/// Grey images of equal size, each with a label.
struct Dataset {
  std::size_t rows = 0;     ///< Pixels from top to bottom of an image.
  std::size_t columns = 0;  ///< Pixels from left to right of an image.
  Bytes images;             ///< (size(), rows, columns), row-major.
  Bytes labels;             ///< (size()).

  std::size_t size() const { return labels.size(); }       ///< How many images there are.
  std::size_t features() const { return rows * columns; }  ///< How many pixels an image has.
};

/// Reads an IDX file of images, (count, rows, columns), and one of their labels, (count). Throws
/// DataError as read_idx does, and when the counts differ.
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
