#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/data/batches.hpp"

namespace xtape::nn {

/// How far Augment goes from each image; what is 0 stays as it is. The limits leave room for any
/// picture that can still be told, and keep every sum finite.
struct AugmentOptions {
  static constexpr double max_shift = 10000;    ///< Further than pictures are wide.
  static constexpr double max_rotation = 360;   ///< All the way round.
  static constexpr double max_shear = 10;       ///< A line one pixel below moves ten pixels.
  static constexpr double max_elastic = 10000;  ///< Displacements of up to so many pixels.

  double shift = 0;      ///< Pixels, from 0 to 10000.
  double rotation = 0;   ///< Degrees, from 0 to 360.
  double scale = 0;      ///< In [0, 1): 0.1 makes an image up to 10 % smaller or larger.
  double shear = 0;      ///< How far a line one pixel below moves, in pixels, from 0 to 10.
  double elastic = 0;    ///< alpha of Simard et al., from 0 to 10000.
  double smoothing = 4;  ///< sigma of Simard et al. in pixels, from 0.5 to 64.

  /// Whether there is anything to do.
  bool any() const { return shift > 0 || rotation > 0 || scale > 0 || shear > 0 || elastic > 0; }
};

/// A plane's pixels moved: (x, y) goes to (xx x + xy y + x0, yx x + yy y + y0), where x counts to
/// the right and y downwards from the centre of the image.
struct Affine {
  /// Turns, scales and shears.
  ///@{
  double xx = 1, xy = 0, yx = 0, yy = 1;
  ///@}

  /// Moves, in pixels.
  ///@{
  double x0 = 0, y0 = 0;
  ///@}
};

/// Distorts training images at random, as a stage of Batches:
///
///     nn::Batches batches(train, 64, rng, {.transform = nn::Augment({.rotation = 10, .elastic =
///     34})});
///
/// Each image (rows, columns) or (rows, columns, channels) is moved, turned counter-clockwise or
/// back, scaled in x and in y, and sheared by amounts that are uniform between minus and plus the
/// option. Then it is deformed like rubber. All channels of an image move alike.
///
/// The elastic deformation is the one of Simard, Steinkraus and Platt, "Best Practices for
/// Convolutional Neural Networks Applied to Visual Document Analysis" (ICDAR 2003): each pixel has
/// a displacement in x and one in y, random numbers uniform in (-1, 1) that are smoothed by a
/// Gaussian of deviation sigma (cut off at 3 sigma) and multiplied by alpha. The random numbers go
/// on beyond the image as far as the Gaussian reaches, so that a displacement has the same
/// deviation everywhere, about alpha / (2 sigma sqrt(3 pi)): 1.38 pixels for their alpha 34 and
/// sigma 4. Pixels are interpolated bilinearly in single precision. Outside an image all is 0.
class Augment {
 public:
  /// Throws ValueError if an option is out of range.
  explicit Augment(const AugmentOptions& options);

  /// Distorts the image in place. Throws ShapeError unless it is (rows, columns) or (rows, columns,
  /// channels).
  void operator()(Sample& image) const;

  /// The options that the constructor got.
  const AugmentOptions& options() const { return options_; }

 private:
  AugmentOptions options_;
  std::vector<float> gaussian_;
};

namespace detail {

/// The transform of one image, with random amounts as Augment describes them.
Affine random_affine(const AugmentOptions& options, Rng& rng);

/// The weights of a Gaussian at distances -radius ... radius, radius = ceil(3 sigma); their sum is
/// 1.
std::vector<float> gaussian(double sigma);

/// Writes rows * columns displacements of one coordinate, and up to 31 numbers more. `noise` has
/// room for elastic_noise_size().
void elastic_field(double alpha, std::span<const float> gaussian, std::size_t rows,
                   std::size_t columns, Rng& rng, float* noise, float* field);
std::size_t elastic_noise_size(std::size_t radius, std::size_t rows, std::size_t columns);

/// A channel of an image: its pixels lie `stride` numbers apart.
struct Plane {
  float* pixels;
  std::size_t rows, columns, stride;
};

/// Moves the plane by `affine`, in place. A pixel is taken from the place that dx and dy name
/// relative to its own, or from its own place if they are null. A place that is NaN is one outside
/// the plane. `padded` has room for warp_size().
void warp(const Plane& plane, const Affine& affine, const float* dx, const float* dy,
          float* padded);
std::size_t warp_size(std::size_t rows, std::size_t columns);

}  // namespace detail

}  // namespace xtape::nn
