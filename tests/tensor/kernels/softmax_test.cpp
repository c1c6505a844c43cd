#include "tensor/kernels/softmax.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;

namespace {

template <class T>
constexpr T tolerance = T(32) * std::numeric_limits<T>::epsilon();

/// Returns ln sum_j exp(z(i, j)) of one row, in long double.
template <class T>
long double log_sum_exp(const Array<T>& z, std::size_t row, std::size_t columns) {
  long double largest = -std::numeric_limits<long double>::infinity(), sum = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    largest = std::max(largest, static_cast<long double>(z.data()[row * columns + j]));
  }
  for (std::size_t j = 0; j < columns; ++j) {
    sum += std::exp(static_cast<long double>(z.data()[row * columns + j]) - largest);
  }
  return largest + std::log(sum);
}

/// Returns the largest difference between `out` and f(z - ln sum exp z), relative to 1 +
/// |expected|.
template <class T, class F>
T worst_error(const Array<T>& out, const Array<T>& z, F f) {
  const std::size_t columns = z.shape().back();
  long double worst = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const long double logarithm =
        static_cast<long double>(z.data()[i]) - log_sum_exp(z, i / columns, columns);
    const long double expected = f(logarithm);
    const long double error =
        std::abs(static_cast<long double>(out.data()[i]) - expected) / (1 + std::abs(expected));
    worst = error <= worst ? worst : error;  // also if the error is NaN
  }
  return static_cast<T>(worst);
}

}  // namespace

TEMPLATE_TEST_CASE("softmax and log_softmax agree with long double", "", float, double) {
  using T = TestType;
  Array<T> p, l;
  for (const Shape& shape : {Shape{1}, Shape{10}, Shape{64, 10}, Shape{3, 1}, Shape{2, 3, 37},
                             Shape{0, 4}, Shape{5, 1000}}) {
    for (T deviation : {T(1), T(30), T(1000)}) {
      INFO(xtape::to_string(shape) << " of deviation " << deviation);
      xtape::Rng rng{1};
      const Array<T> z = random_normal<T>(shape, rng, deviation);
      xtape::softmax(z, p);
      xtape::log_softmax(z, l);
      CHECK((p.shape() == shape));
      CHECK((l.shape() == shape));
      CHECK(worst_error(p, z, [](long double x) { return std::exp(x); }) < tolerance<T>);
      CHECK(worst_error(l, z, [](long double x) { return x; }) < tolerance<T>);
    }
  }
}

TEMPLATE_TEST_CASE("softmax overflows for no finite numbers", "", float, double) {
  using T = TestType;
  const T most = std::numeric_limits<T>::max();
  Array<T> p;
  xtape::softmax(array_of(Shape{3, 2}, {most, most, -most, -most, most / 2, -most / 2}), p);
  CHECK(elements(p) == std::vector<T>{T(0.5), T(0.5), T(0.5), T(0.5), T(1), T(0)});
}

TEMPLATE_TEST_CASE("softmax_with_loss returns the loss of the labels", "", float, double) {
  using T = TestType;
  Array<T> p, expected;
  xtape::Rng rng{2};
  const Array<T> z = random_normal<T>({50, 11}, rng, 3);
  std::vector<std::uint32_t> labels(50);
  long double loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<std::uint32_t>(i * 7 % 11);
    loss += log_sum_exp(z, i, 11) - static_cast<long double>(z(i, labels[i]));
  }
  const T got = xtape::softmax_with_loss(z, std::span<const std::uint32_t>(labels), p);
  CHECK(std::abs(static_cast<long double>(got) - loss) < tolerance<T> * loss);
  xtape::softmax(z, expected);
  CHECK((p == expected));
}

TEMPLATE_TEST_CASE("The loss of many rows is the sum of theirs", "", float, double) {
  using T = TestType;
  Array<T> p;
  const std::vector<std::uint32_t> labels(10000, 4);
  const Array<T> z(Shape{labels.size(), 100}, T(3));  // the product of the sums is 1e20000
  const T loss = xtape::softmax_with_loss(z, std::span<const std::uint32_t>(labels), p);
  CHECK(loss == Approx(10000 * std::log(100.0)).epsilon(tolerance<T>));
}

TEMPLATE_TEST_CASE("NaN among the logits reaches the whole row and no other", "", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  Array<T> p, l;
  for (std::size_t place = 0; place < 3; ++place) {
    Array<T> z(Shape{2, 3}, T(1));
    z(0, place) = nan;
    xtape::softmax(z, p);
    xtape::log_softmax(z, l);
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(std::isnan(p(0, j)));
      CHECK(std::isnan(l(0, j)));
      CHECK(p(1, j) == Approx(1.0 / 3));
      CHECK(l(1, j) == Approx(-std::log(3.0)));
    }
  }
}
