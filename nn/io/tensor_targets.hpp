#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "nn/io/safetensors.hpp"
#include "tensor/buffer.hpp"
#include "tensor/shape.hpp"

/// @file
/// Functions for weights files and checkpoints. They compare the tensors of a file with the
/// expected tensors, and read them.

namespace xtape::nn {

/// The numbers that are allowed in a tensor of floats.
enum class Numbers {
  any,                      ///< NaN and infinity, too.
  finite,                   ///< Neither NaN nor infinity.
  finite_and_not_negative,  ///< Finite numbers of at least 0.
  counts                    ///< Whole numbers from 0 to 2^53.
};

/// A tensor expected in a file, and the memory to read it into.
struct TensorTarget {
  std::string key;             ///< Its name in the file.
  std::string dtype;           ///< The dtype in memory.
  Shape shape;                 ///< The shape in memory.
  std::span<std::byte> bytes;  ///< The memory.
  bool converts = false;       ///< The file may hold F32, F64, or a scalar I64.
  /// The axes (..., in, out) of a weight that the file holds as (out, in, ...). Empty: the file
  /// holds the array as it is.
  Shape order{};
  Numbers numbers = Numbers::any;  ///< The allowed numbers.
};

/// A list of the problems of a file, for one message. The message has the text of the first 50
/// problems and the number of the others.
class Problems {
 public:
  /// Adds a problem. Calls `describe` only for the first 50 problems.
  template <class Describe>
  void add(Describe describe) {
    if (count_++ < most_described) {
      text_ += (text_.empty() ? "" : "; ") + describe();
    }
  }

  bool none() const { return count_ == 0; }  ///< True if there are none.
  std::string text() const;                  ///< "a; b; and 3 more".

 private:
  static constexpr std::size_t most_described = 50;

  std::string text_;
  std::size_t count_ = 0;
};

/// Throws DataError unless the file has exactly the tensors of `targets`. One message names all
/// tensors that are missing, unexpected, or of another shape or type.
void require_same_tensors(const SafetensorsFile& file, std::span<const TensorTarget> targets);

/// Reads a tensor that require_same_tensors() has accepted. Throws DataError if the tensor cannot
/// be read, if a finite number is too large for float, or if the target does not allow a number.
void read_tensor(const SafetensorsFile& file, const TensorTarget& target);

/// Returns the shape in PyTorch of a weight (..., in, out): (out, in, ...).
Shape shape_in_pytorch(const Shape& shape);

/// Returns a weight of this shape, (..., in, out), as (out, in, ...).
Buffer<std::byte> to_pytorch(std::span<const std::byte> array, const Shape& shape);

/// Returns a weight (out, in, ...) in the order of `shape`, (..., in, out).
Buffer<std::byte> from_pytorch(std::span<const std::byte> array, const Shape& shape);

}  // namespace xtape::nn
