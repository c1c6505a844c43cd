#pragma once

#include <cstddef>
#include <optional>

#include "tensor/array.hpp"
#include "tensor/error.hpp"

/// The indices of images and of the windows that move over them, for the formulas of
/// docs/convolution.md.

namespace by_hand {

/// An array with four axes, by its indices: images (n, i, j, c), or weights (p, q, c, o).
template <class T>
class Four {
 public:
  /// Takes an array that outlives this object. Throws ShapeError unless it has four axes.
  template <class A>
  explicit Four(A& array) : data_(array.data()) {
    xtape::require<xtape::ShapeError>(array.dimension() == 4, "expected four axes, got {}",
                                      array.shape());
    std::copy(array.shape().begin(), array.shape().end(), extents_);
  }

  /// Returns an element.
  T& operator()(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
    return data_[((a * extents_[1] + b) * extents_[2] + c) * extents_[3] + d];
  }

  /// Returns an extent.
  std::size_t operator[](std::size_t axis) const { return extents_[axis]; }

 private:
  T* data_;
  std::size_t extents_[4];
};

/// The windows along one axis of an image. Window i begins at i stride - before.
struct Axis {
  std::size_t extent;         ///< The pixels of the image.
  std::size_t kernel;         ///< The positions of a window.
  std::size_t stride;         ///< The step from window to window.
  std::size_t before, after;  ///< The padding.
  std::size_t dilation = 1;   ///< The step from position to position.

  /// Returns the number of windows.
  std::size_t count() const {
    const std::size_t reach = (kernel - 1) * dilation + 1;
    xtape::require<xtape::ShapeError>(reach <= before + extent + after,
                                      "a window of {} does not fit into {} pixels", reach,
                                      before + extent + after);
    return (before + extent + after - reach) / stride + 1;
  }

  /// Returns the pixel at position p of window i, i stride + p dilation - before, unless it lies in
  /// the padding.
  std::optional<std::size_t> pixel(std::size_t i, std::size_t p) const {
    const std::size_t at = i * stride + p * dilation;
    return at >= before && at - before < extent ? std::optional(at - before) : std::nullopt;
  }
};

/// The windows over a batch of images.
struct Windows {
  std::size_t batch;
  Axis rows, columns;

  /// Calls f(n, i, j, p, q, r, s) for each position (p, q) of each window (i, j) of each image n.
  /// (r, s) is the pixel there. Skips positions in the padding.
  template <class F>
  void visit(F&& f) const {
    for (std::size_t n = 0; n < batch; ++n) {
      for (std::size_t i = 0; i < rows.count(); ++i) {
        for (std::size_t j = 0; j < columns.count(); ++j) {
          for (std::size_t p = 0; p < rows.kernel; ++p) {
            for (std::size_t q = 0; q < columns.kernel; ++q) {
              const auto r = rows.pixel(i, p), s = columns.pixel(j, q);
              if (r && s) {
                f(n, i, j, p, q, *r, *s);
              }
            }
          }
        }
      }
    }
  }
};

}  // namespace by_hand
