#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/data/batches.hpp"

namespace xtape::nn {

/// The strengths of the distortions of Augment. A distortion of strength 0 is off. The limits
/// exceed any useful strength, and keep every sum finite.
struct AugmentOptions {
  static constexpr double max_shift = 10000;    ///< In pixels.
  static constexpr double max_rotation = 360;   ///< In degrees.
  static constexpr double max_shear = 10;       ///< In pixels for each row.
  static constexpr double max_elastic = 10000;  ///< The largest alpha.

  double shift = 0;      ///< In pixels, from 0 to 10000.
  double rotation = 0;   ///< In degrees, from 0 to 360.
  double scale = 0;      ///< In [0, 1): 0.1 makes an image up to 10 % smaller or larger.
  double shear = 0;      ///< The offset of a row from the next row, in pixels, from 0 to 10.
  double elastic = 0;    ///< alpha of Simard et al., from 0 to 10000.
  double smoothing = 4;  ///< sigma of Simard et al. in pixels, from 0.5 to 64.

  /// True if a distortion is on.
  bool any() const { return shift > 0 || rotation > 0 || scale > 0 || shear > 0 || elastic > 0; }
};

/// An affine map of pixels. It moves (x, y) to (xx x + xy y + x0, yx x + yy y + y0). x counts to
/// the right and y downwards from the centre of the image.
struct Affine {
  /// The matrix: it rotates, scales and shears.
  ///@{
  double xx = 1, xy = 0, yx = 0, yy = 1;
  ///@}

  /// The shift, in pixels.
  ///@{
  double x0 = 0, y0 = 0;
  ///@}
};

/// A transform that distorts training images at random, for Batches:
///
///     nn::Batches batches(train, 64, rng, {.transform = nn::Augment({.rotation = 10, .elastic =
///     34})});
///
/// Each image (rows, columns) or (rows, columns, channels) is shifted, rotated, scaled in x and in
/// y, and sheared. Each amount is uniform between minus and plus the option. Then the image is
/// deformed elastically. All channels of an image get the same distortion.
///
/// The elastic deformation follows Simard, Steinkraus and Platt, "Best Practices for Convolutional
/// Neural Networks Applied to Visual Document Analysis" (ICDAR 2003). Each pixel has a displacement
/// in x and one in y. Displacements are random numbers, uniform in (-1, 1), that are smoothed by a
/// Gaussian of deviation sigma and multiplied by alpha. The Gaussian is cut off at 3 sigma. The
/// random numbers also cover a margin around the image, so a displacement has the same deviation
/// everywhere. The deviation is about alpha / (2 sigma sqrt(3 pi)): 1.38 pixels for alpha 34 and
/// sigma 4, the values of the paper. Pixels are interpolated bilinearly in single precision. Pixels
/// outside an image are 0.
class Augment {
 public:
  /// Takes the options. Throws ValueError if an option is out of range.
  explicit Augment(const AugmentOptions& options);

  /// A move is a copy, so a transform that was moved from is unchanged.
  ///@{
  Augment(const Augment&) = default;
  Augment& operator=(const Augment&) = default;
  ///@}
  ~Augment() = default;

  /// Distorts the image in place. Throws ShapeError unless the image is (rows, columns) or (rows,
  /// columns, channels).
  void operator()(Sample& image) const;

  /// Returns the options from the constructor.
  const AugmentOptions& options() const { return options_; }

 private:
  AugmentOptions options_;
  std::vector<float> gaussian_;
};

namespace detail {

/// Returns a random affine map within the options.
Affine random_affine(const AugmentOptions& options, Rng& rng);

/// Returns the weights of a Gaussian at distances -radius ... radius, with radius = ceil(3 sigma).
/// Their sum is 1.
std::vector<float> gaussian(double sigma);

/// Writes rows * columns displacements of one coordinate, and up to 31 numbers more. `noise` has
/// room for elastic_noise_size().
void elastic_field(double alpha, std::span<const float> gaussian, std::size_t rows,
                   std::size_t columns, Rng& rng, float* noise, float* field);
std::size_t elastic_noise_size(std::size_t radius, std::size_t rows, std::size_t columns);

/// A channel of an image. Neighbouring pixels are `stride` elements apart.
struct Plane {
  float* pixels;
  std::size_t rows, columns, stride;
};

/// Distorts the plane by `affine` and by the displacements `dx` and `dy`, in place. If `dx` and
/// `dy` are null, there are no displacements. A displacement of NaN counts as a place outside the
/// plane. `padded` has room for warp_size().
void warp(const Plane& plane, const Affine& affine, const float* dx, const float* dy,
          float* padded);
std::size_t warp_size(std::size_t rows, std::size_t columns);

}  // namespace detail

}  // namespace xtape::nn
