#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "nn/data/batches.hpp"

/// @file
/// Transforms of images for Batches. Chain them with nn::Compose:
///
///     const nn::Transform transform = nn::Compose{
///         nn::RandomCrop{.padding = 2}, nn::AlternatingFlip{}, nn::Cutout{.size = 12}};
///     nn::Batches batches(train, 500, rng, {.transform = transform});
///
/// Images are (rows, columns) or (rows, columns, channels). All channels are changed alike. Each
/// transform throws ShapeError for other samples.

namespace xtape::nn {

/// Applies transforms one after the other.
class Compose {
 public:
  /// Takes the transforms, the first one first. Throws ValueError if one is empty.
  Compose(std::initializer_list<Transform> transforms);

  /// A move is a copy, so a transform that was moved from is unchanged.
  ///@{
  Compose(const Compose&) = default;
  Compose& operator=(const Compose&) = default;
  ///@}
  ~Compose() = default;

  /// Applies all transforms to the sample.
  void operator()(Sample& sample) const;

 private:
  std::vector<Transform> transforms_;
};

/// Moves an image at random, by at most `padding` pixels along each axis. In other words, a border
/// of `padding` pixels is added, and a part of the old size is cut out at random. The border
/// mirrors the image at its outermost pixels: a row 1 2 3 with a border of 2 is 3 2 1 2 3 2 1.
struct RandomCrop {
  std::size_t padding = 2;  ///< The greatest move, in pixels. Below the rows and the columns.

  /// Moves the image in place. Throws ShapeError if the image is too small for the padding.
  void operator()(Sample& image) const;
};

/// Mirrors an image horizontally in every second epoch. A random half of the images is mirrored in
/// the first, the third, the fifth epoch, and the other half in the epochs between (Jordan,
/// arXiv:2404.00498). So two epochs in a row show each image both ways. Random flips do not
/// guarantee that.
struct AlternatingFlip {
  std::uint64_t seed = 0;  ///< Chooses the half.

  /// Mirrors the image in place, or leaves it.
  void operator()(Sample& image) const;
};

/// Covers a square with its centre at a random pixel (DeVries and Taylor, arXiv:1708.04552). The
/// part of the square that lies outside the image is cut off.
struct Cutout {
  std::size_t size = 12;  ///< The side of the square, in pixels. 0: nothing is covered.
  float value = 0;        ///< The new value of the pixels.

  /// Covers a part of the image in place. Throws ValueError unless `value` is finite.
  void operator()(Sample& image) const;
};

}  // namespace xtape::nn
