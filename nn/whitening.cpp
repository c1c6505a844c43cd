#include "nn/whitening.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

/// A square matrix, row by row.
struct Matrix {
  explicit Matrix(std::size_t rows) : size(rows), elements(rows * rows, 0.0) {}
  double& operator()(std::size_t i, std::size_t j) { return elements[i * size + j]; }
  double operator()(std::size_t i, std::size_t j) const { return elements[i * size + j]; }

  std::size_t size;
  std::vector<double> elements;
};

/// Rotates columns p and q of a matrix by the angle of this cosine and sine.
void rotate_columns(Matrix& a, std::size_t p, std::size_t q, double cosine, double sine) {
  for (std::size_t k = 0; k < a.size; ++k) {
    const double x = a(k, p), y = a(k, q);
    a(k, p) = cosine * x - sine * y;
    a(k, q) = sine * x + cosine * y;
  }
}

/// Rotates rows p and q likewise.
void rotate_rows(Matrix& a, std::size_t p, std::size_t q, double cosine, double sine) {
  for (std::size_t k = 0; k < a.size; ++k) {
    const double x = a(p, k), y = a(q, k);
    a(p, k) = cosine * x - sine * y;
    a(q, k) = sine * x + cosine * y;
  }
}

/// Makes the symmetric matrix `a` diagonal by Jacobi's method: rotations that each make one element
/// beside the diagonal 0. Returns the eigenvectors as columns. The eigenvalues are then on the
/// diagonal of `a`.
Matrix diagonalize(Matrix& a) {
  Matrix vectors(a.size);
  for (std::size_t i = 0; i < a.size; ++i) {
    vectors(i, i) = 1;
  }
  constexpr int most_sweeps = 50;  // it converges quadratically: 6 to 10 are usual
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    bool rotated = false;
    for (std::size_t p = 0; p < a.size; ++p) {
      for (std::size_t q = p + 1; q < a.size; ++q) {
        if (std::abs(a(p, q)) <= 1e-17 * std::sqrt(std::abs(a(p, p) * a(q, q)))) {
          continue;
        }
        rotated = true;
        const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
        const double tangent = std::copysign(1 / (std::abs(theta) + std::hypot(theta, 1)), theta);
        const double cosine = 1 / std::hypot(tangent, 1), sine = tangent * cosine;
        rotate_columns(a, p, q, cosine, sine);
        rotate_rows(a, p, q, cosine, sine);
        a(p, q) = a(q, p) = 0;
        rotate_columns(vectors, p, q, cosine, sine);
      }
    }
    if (!rotated) {
      break;
    }
  }
  return vectors;
}

/// Calls `f(window)` for each window of the images, flattened in the order of the weight's axes.
template <class T, class F>
void for_each_window(const Array<T>& images, Pair kernel, F f) {
  const Shape& shape = images.shape();
  const std::size_t row = shape[2] * shape[3], width = kernel.width * shape[3];
  std::vector<double> window(kernel.height * width);
  for (std::size_t n = 0; n < shape[0]; ++n) {
    for (std::size_t i = 0; i + kernel.height <= shape[1]; ++i) {
      for (std::size_t j = 0; j + kernel.width <= shape[2]; ++j) {
        const T* corner = images.data() + (n * shape[1] + i) * row + j * shape[3];
        for (std::size_t y = 0; y < kernel.height; ++y) {
          std::copy_n(corner + y * row, width, window.data() + y * width);
        }
        f(window);
      }
    }
  }
}

/// Returns the covariance matrix of all windows.
template <class T>
Matrix covariance(const Array<T>& images, Pair kernel) {
  const std::size_t size = kernel.height * kernel.width * images.shape()[3];
  std::vector<double> mean(size, 0.0);
  double count = 0;
  for_each_window(images, kernel, [&](const std::vector<double>& window) {
    ++count;
    for (std::size_t i = 0; i < size; ++i) {
      mean[i] += window[i];
    }
  });
  for (double& each : mean) {
    each /= count;
  }
  Matrix sums(size);
  for_each_window(images, kernel, [&](std::vector<double>& window) {
    for (std::size_t i = 0; i < size; ++i) {
      window[i] -= mean[i];
      for (std::size_t j = 0; j <= i; ++j) {
        sums(i, j) += window[i] * window[j];
      }
    }
  });
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      sums(j, i) = sums(i, j) /= count - 1;
    }
  }
  return sums;
}

template <class T>
void require_windows(const Array<T>& images, Pair kernel, double epsilon) {
  require_whole("whitening_filters", images);
  const Shape& shape = images.shape();
  require<ShapeError>(
      shape.size() == 4 && shape[3] > 0,
      "whitening_filters: expected images (samples, height, width, channels), got {}", shape);
  const bool fits = kernel.height > 0 && kernel.width > 0 && kernel.height <= shape[1] &&
                    kernel.width <= shape[2];
  const std::size_t windows =
      fits ? shape[0] * (shape[1] - kernel.height + 1) * (shape[2] - kernel.width + 1) : 0;
  require<ShapeError>(windows >= 2,
                      "whitening_filters: {} with kernel {}: expected at least two windows", shape,
                      text_of(kernel));
  require<ValueError>(epsilon > 0 && std::isfinite(epsilon),
                      "whitening_filters: expected an epsilon above 0, got {}", epsilon);
  for (const T element : images.storage()) {
    require<ValueError>(std::isfinite(element), "whitening_filters: the images hold {}", element);
  }
}

}  // namespace

template <class T>
Array<T> whitening_filters(const Array<T>& images, Pair kernel, double epsilon) {
  require_windows(images, kernel, epsilon);
  Matrix values = covariance(images, kernel);
  const Matrix vectors = diagonalize(values);
  const std::size_t size = values.size;
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values(a, a) > values(b, b); });
  Array<T> weight(Shape{kernel.height, kernel.width, images.shape()[3], 2 * size});
  for (std::size_t filter = 0; filter < size; ++filter) {
    const std::size_t column = order[filter];
    std::size_t largest = 0;  // an eigenvector may point either way: its largest element decides
    for (std::size_t i = 1; i < size; ++i) {
      largest = std::abs(vectors(i, column)) > std::abs(vectors(largest, column)) ? i : largest;
    }
    const double sign = vectors(largest, column) < 0 ? -1 : 1;
    const double scale = sign / std::sqrt(std::max(0.0, values(column, column)) + epsilon);
    for (std::size_t i = 0; i < size; ++i) {
      const T element = static_cast<T>(scale * vectors(i, column));
      weight.data()[i * 2 * size + filter] = element;
      weight.data()[i * 2 * size + size + filter] = -element;
    }
  }
  return weight;
}

template Array<float> whitening_filters(const Array<float>&, Pair, double);
template Array<double> whitening_filters(const Array<double>&, Pair, double);

}  // namespace xtape::nn
