#include "tensor/kernels/reduce.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "tensor/axes.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;

namespace {

/// Returns `shape` with extent 1 along the axes in `mask`, so that it broadcasts to `shape`.
Shape kept_shape(const Shape& shape, std::uint64_t mask) {
  return xtape::reduced_shape(shape, mask, true);
}

/// Adds to `out` scale * (the sum over the axes along which out's shape is 1 or missing).
template <class T>
void naive_sum(const Array<T>& in, T scale, Array<T>& out) {
  const T* next = in.data();
  for_each_index(in.shape(), [&](const std::vector<std::size_t>& index) {
    out.data()[broadcast_offset(out.shape(), index)] += scale * *next++;
  });
}

}  // namespace

TEMPLATE_TEST_CASE("reduce_sum adds over every set of axes", "", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  xtape::Rng rng(1);
  for (int round = 0; round < 1000; ++round) {
    const auto in = random_integers<T>(random_shape(rng, 5, rng() % 4 == 0 ? 0 : 1), rng);
    const std::uint64_t mask = rng() % (std::uint64_t{1} << in.dimension());
    INFO("the sum of " << xtape::to_string(in.shape()) << " over the axes in " << mask);

    Array<T> expected(kept_shape(in.shape(), mask), T(0));
    naive_sum(in, T(2), expected);
    Array<T> out(xtape::reduced_shape(in.shape(), mask, false), nan);
    xtape::reduce_sum(in, mask, T(2), T(0), out.data());
    REQUIRE(elements(out) == elements(expected));

    naive_sum(in, T(-1), expected);
    xtape::reduce_sum(in, mask, T(-1), T(1), out.data());
    REQUIRE(elements(out) == elements(expected));
  }
}

TEMPLATE_TEST_CASE("reduce_to undoes every broadcast", "", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  xtape::Rng rng(2);
  for (int round = 0; round < 1000; ++round) {
    const auto in = random_integers<T>(random_shape(rng, 5, rng() % 4 == 0 ? 0 : 1), rng);
    const Shape shape = random_operand_shape(in.shape(), rng);
    INFO(xtape::to_string(in.shape()) << " to " << xtape::to_string(shape));

    Array<T> expected(shape, T(0)), out(shape, nan);
    naive_sum(in, T(1), expected);
    xtape::reduce_to(in, T(0), out);
    REQUIRE((out == expected));
    naive_sum(in, T(1), expected);
    xtape::reduce_to(in, T(1), out);
    REQUIRE((out == expected));
  }
}

TEMPLATE_TEST_CASE("stretch repeats elements along every set of axes", "", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  xtape::Rng rng(3);
  for (int round = 0; round < 1000; ++round) {
    const Shape shape = random_shape(rng, 5, rng() % 4 == 0 ? 0 : 1);
    const std::uint64_t mask = rng() % (std::uint64_t{1} << shape.size());
    INFO("to " << xtape::to_string(shape) << " along the axes in " << mask);
    const auto in = random_integers<T>(kept_shape(shape, mask), rng);

    Array<T> out(shape, nan), expected(shape);
    T* next = expected.data();
    for_each_index(shape, [&](const std::vector<std::size_t>& index) {
      *next++ = in.data()[broadcast_offset(in.shape(), index)];
    });
    xtape::stretch(in.data(), mask, T(1), T(0), out);
    REQUIRE((out == expected));
    xtape::stretch(in.data(), mask, T(3), T(1), out);
    REQUIRE((out == T(4) * expected));
  }
}

TEMPLATE_TEST_CASE("reduce_max finds the largest along an axis", "", float, double) {
  using T = TestType;
  xtape::Rng rng(4);
  for (int round = 0; round < 300; ++round) {
    const std::size_t outer = rng() % 4, extent = 1 + rng() % (round < 100 ? 7 : 400);
    const std::size_t inner = rng() % 5;
    const auto in = random_integers<T>(Shape{outer, extent, inner}, rng);
    Array<T> out(Shape{outer, inner}, T(100)), expected(Shape{outer, inner}, T(-100));
    for_each_index(in.shape(), [&](const std::vector<std::size_t>& at) {
      T& largest = expected(at[0], at[2]);
      largest = std::max(largest, in(at[0], at[1], at[2]));
    });
    xtape::reduce_max(in.data(), outer, extent, inner, out.data());
    REQUIRE((out == expected));
    const Array<T> negative = -in;
    xtape::reduce_min(negative.data(), outer, extent, inner, out.data());
    REQUIRE((out == -expected));
  }
}

TEMPLATE_TEST_CASE("NaN wins wherever it stands", "", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (const std::size_t size : {7UL, 40UL, 333UL}) {
    for (std::size_t place = 0; place < size; ++place) {
      Array<T> in(Shape{size}, inf);
      in(place) = nan;
      T extreme = 0, sum = 0;
      xtape::reduce_max(in.data(), 1, size, 1, &extreme);
      REQUIRE(std::isnan(extreme));
      xtape::reduce_min(in.data(), 1, size, 1, &extreme);
      REQUIRE(std::isnan(extreme));
      in.fill(T(1));
      in(place) = nan;
      xtape::reduce_sum(in, 1, T(1), T(0), &sum);
      REQUIRE(std::isnan(sum));
    }
  }
  const Array<T> infinite = array_of(Shape{3}, {-inf, T(1), -inf});
  T largest = 0;
  xtape::reduce_max(infinite.data(), 1, 3, 1, &largest);
  CHECK(largest == T(1));
}

TEST_CASE("Ten million floats add up without losing digits") {
  const std::size_t count = 10'000'000;
  const Array<float> in(Shape{count}, 0.1f);
  const double exact = static_cast<double>(0.1f) * static_cast<double>(count);
  float sum = 0;
  xtape::reduce_sum(in, 1, 1.f, 0.f, &sum);
  CHECK(std::abs(static_cast<double>(sum) - exact) < 1e-5 * exact);
}

TEST_CASE("Float sums over axes around a kept one do not lose digits") {
  const Array<float> in(Shape{300'000, 2, 3}, 0.1F);
  Array<float> sums(Shape{2}, 5.F);
  xtape::reduce_sum(in, 0b101, 2.F, 1.F, sums.data());
  for (const float sum : sums.storage()) {
    CHECK(sum == Approx(180'005).epsilon(1e-6));
  }
}

TEMPLATE_TEST_CASE("Column sums are exact beyond a tile and a block", "", float, double) {
  using T = TestType;
  xtape::Rng rng(3);
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{1, 64},
                                      {2, 63},
                                      {512, 65},
                                      {65, 128},
                                      {1100, 131},
                                      {600, 200}}) {
    INFO(rows << " rows of " << columns);
    const auto in = random_integers<T>(Shape{rows, columns}, rng);
    auto sums = random_integers<T>(Shape{columns}, rng);
    auto expected = sums;
    naive_sum(in, T(2), expected);
    xtape::reduce_sum(in, 1, T(2), T(1), sums.data());
    CHECK((sums == expected));
  }
}

TEST_CASE("A million rows add up without losing digits") {
  const Array<float> in(Shape{1000000, 3}, 0.1f);
  Array<float> sums(Shape{3});
  xtape::reduce_sum(in, 1, 1.f, 0.f, sums.data());
  for (const float sum : sums.storage()) {
    CHECK(sum == Approx(100000).epsilon(1e-6));
  }
}
