#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "nn/io/safetensors.hpp"
#include "tensor/buffer.hpp"
#include "tensor/shape.hpp"

/// @file
/// What weight files and checkpoints share: the tensors of a file held against those that are
/// wanted.

namespace xtape::nn {

/// A tensor that is wanted from a file, and the memory it goes to.
struct TensorTarget {
  std::string key;             ///< Its name in the file.
  std::string dtype;           ///< As the memory holds it.
  Shape shape;                 ///< As the memory holds it.
  std::span<std::byte> bytes;  ///< The memory.
  bool converts = false;       ///< Of F32 and F64 the file may hold either.
  bool transposes = false;     ///< The file holds the matrix with its axes exchanged.
};

/// What is wrong with a file, for one message of bearable length: the first reasons, and how many
/// more there are.
class Problems {
 public:
  /// Counts a reason; `describe` is called for the text of the first ones only.
  template <class Describe>
  void add(Describe describe) {
    if (count_++ < most_described) {
      text_ += (text_.empty() ? "" : "; ") + describe();
    }
  }

  bool none() const { return count_ == 0; }  ///< Whether nothing is wrong.
  std::string text() const;                  ///< "a; b; and 3 more".

 private:
  static constexpr std::size_t most_described = 50;

  std::string text_;
  std::size_t count_ = 0;
};

/// Throws DataError unless the tensors of the file are those of `targets`, no more and no fewer.
/// One message names all that are missing, unexpected, or of another shape or type.
void require_same_tensors(const SafetensorsFile& file, std::span<const TensorTarget> targets);

/// Reads a tensor that require_same_tensors() has found to be right. Throws DataError when it
/// cannot be read, and when a finite number is too large for float.
void read_tensor(const SafetensorsFile& file, const TensorTarget& target);

/// A shape with its axes in the opposite order.
Shape reversed(const Shape& shape);

/// The transpose of a matrix of this shape.
Buffer<std::byte> transposed(std::span<const std::byte> matrix, const Shape& shape);

}  // namespace xtape::nn
