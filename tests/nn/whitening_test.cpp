#include "nn/whitening.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/ops/convolution.hpp"
#include "nn/layers/conv.hpp"
#include "nn/predict.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

/// Returns images whose pixels depend on their neighbours and whose channels depend on each other.
template <class T>
Array<T> correlated_images(const Shape& shape) {
  xtape::Rng rng{4};
  Array<T> images = random_normal<T>(shape, rng);
  for (std::size_t i = 1; i < images.size(); ++i) {
    images.data()[i] = T(2) + T(0.8) * (images.data()[i - 1] - T(2)) + T(0.5) * images.data()[i];
  }
  return images;
}

/// Returns the outputs of the filters for all windows, less their means: (windows, filters).
template <class T>
std::vector<std::vector<double>> centred_outputs(const Array<T>& images, const Array<T>& weight) {
  xtape::Tape<T> tape;
  const Array<T> y = conv2d(tape.constant(images), tape.constant(weight)).value();
  const std::size_t filters = weight.shape()[3], windows = y.size() / filters;
  std::vector<std::vector<double>> columns(filters, std::vector<double>(windows));
  for (std::size_t f = 0; f < filters; ++f) {
    double mean = 0;
    for (std::size_t i = 0; i < windows; ++i) {
      mean += static_cast<double>(y.data()[i * filters + f]) / static_cast<double>(windows);
    }
    for (std::size_t i = 0; i < windows; ++i) {
      columns[f][i] = static_cast<double>(y.data()[i * filters + f]) - mean;
    }
  }
  return columns;
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum / static_cast<double>(a.size() - 1);
}

}  // namespace

TEMPLATE_TEST_CASE("Whitening filters give results of variance 1 without correlation", "", float,
                   double) {
  using T = TestType;
  const auto images = correlated_images<T>({20, 9, 7, 3});
  const Array<T> weight = nn::whitening_filters(images, {2, 3}, 1e-12);
  CHECK(weight.shape() == Shape{2, 3, 3, 36});
  const auto outputs = centred_outputs(images, weight);
  const double tolerance = std::is_same_v<T, float> ? 2e-4 : 1e-9;
  for (std::size_t a = 0; a < 18; ++a) {
    for (std::size_t b = 0; b < 18; ++b) {
      INFO(a << " " << b);
      CHECK(std::abs(covariance(outputs[a], outputs[b]) - (a == b ? 1 : 0)) < tolerance);
    }
    for (std::size_t i = 0; i < 18; ++i) {
      CHECK(weight.data()[i * 36 + 18 + a] == -weight.data()[i * 36 + a]);
    }
  }
}

TEST_CASE("Whitening filters are scaled eigenvectors in the order of their eigenvalues") {
  // Two channels with variances 8/3 and 2/3 and covariance 0: the eigenvectors are the axes.
  const auto images = array_of<double>(Shape{4, 1, 1, 2}, {2, 0, -2, 0, 0, 1, 0, -1});
  const Array<double> weight = nn::whitening_filters(images, 1, 1.0 / 3);
  CHECK(weight.shape() == Shape{1, 1, 2, 4});
  const double large = 1 / std::sqrt(8.0 / 3 + 1.0 / 3), small = 1 / std::sqrt(2.0 / 3 + 1.0 / 3);
  const std::vector<double> expected{large, 0, -large, 0, 0, small, 0, -small};
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(weight.data()[i] == Approx(expected[i]).margin(1e-15));
  }
}

TEST_CASE("Whitening filters of images of one colour are finite, and fit a convolution") {
  Array<float> grey(Shape{3, 4, 4, 3}, 0.5f);
  const Array<float> weight = nn::whitening_filters(grey, 2);
  for (const float element : weight.storage()) {
    CHECK(std::abs(element) <= static_cast<float>(1 / std::sqrt(5e-4)) * 1.0001f);
  }
  xtape::Rng rng{1};
  nn::Conv2d stem(3, 24, 2, rng);
  stem.weight = weight;
  CHECK(nn::predict(stem, grey).shape() == Shape{3, 3, 3, 24});
}

TEST_CASE("Whitening filters need windows, and finite numbers") {
  Array<double> images(Shape{2, 3, 3, 1}, 0.0);
  const std::string op = "whitening_filters: ";
  CHECK_FAILS(nn::whitening_filters(Array<double>(Shape{2, 3, 3}), 2), xtape::ShapeError,
              op + "expected images (samples, height, width, channels), got (2, 3, 3)");
  CHECK_FAILS(nn::whitening_filters(images, {2, 4}), xtape::ShapeError,
              op + "(2, 3, 3, 1) with kernel (2, 4): expected at least two windows");
  CHECK_THROWS_AS(nn::whitening_filters(images, 0), xtape::ShapeError);
  CHECK_FAILS(nn::whitening_filters(Array<double>(Shape{1, 3, 3, 1}), 3), xtape::ShapeError,
              op + "(1, 3, 3, 1) with kernel 3: expected at least two windows");
  CHECK_FAILS(nn::whitening_filters(images, 2, 0), xtape::ValueError,
              op + "expected an epsilon above 0, got 0");
  images(1, 2, 1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_FAILS(nn::whitening_filters(images, 2), xtape::ValueError, op + "the images hold nan");
}
