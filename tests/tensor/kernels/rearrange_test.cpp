#include "tensor/kernels/rearrange.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;

namespace {

template <class T>
void check_swap(const Array<T>& in, std::size_t a, std::size_t b) {
  INFO(xtape::to_string(in.shape()) << " with axes " << a << " and " << b << " exchanged");
  Shape shape = in.shape();
  std::swap(shape[a], shape[b]);
  Array<T> expected(shape), out(shape, std::numeric_limits<T>::quiet_NaN());
  T* next = expected.data();
  for_each_index(shape, [&](std::vector<std::size_t> index) {
    std::swap(index[a], index[b]);
    *next++ = in.data()[broadcast_offset(in.shape(), index)];
  });
  xtape::swap_axes(in, a, b, T(0), out);
  REQUIRE((out == expected));
  xtape::swap_axes(in, a, b, T(1), out);
  REQUIRE((out == T(2) * expected));
}

}  // namespace

TEST_CASE("blocks_around splits a shape at an axis") {
  const auto check = [](const Shape& shape, std::size_t axis, std::size_t outer, std::size_t extent,
                        std::size_t inner) {
    const xtape::AxisBlocks blocks = xtape::blocks_around(shape, axis);
    CHECK(blocks.outer == outer);
    CHECK(blocks.extent == extent);
    CHECK(blocks.inner == inner);
  };
  check(Shape{2, 3, 4, 5}, 0, 1, 2, 60);
  check(Shape{2, 3, 4, 5}, 2, 6, 4, 5);
  check(Shape{2, 3, 4, 5}, 3, 24, 5, 1);
  check(Shape{2, 0, 4}, 1, 2, 0, 4);
  check(Shape{2, 0, 4}, 2, 0, 4, 1);
  check(Shape{7}, 0, 1, 7, 1);
}

TEMPLATE_TEST_CASE("swap_axes exchanges every pair of axes", "", float, double) {
  xtape::Rng rng(1);
  for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 3, 1, 2}, Shape{3, 1, 1, 1},
                             Shape{0, 3, 4, 5}, Shape{2, 0, 4, 5}, Shape{2, 3, 0, 5},
                             Shape{2, 3, 4, 0}, Shape{0, 0, 0, 0}, Shape{2, 2, 33, 35}}) {
    const auto in = random_integers<TestType>(shape, rng);
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = 0; b < 4; ++b) {
        check_swap(in, a, b);
      }
    }
  }
}

TEMPLATE_TEST_CASE("swap_axes transposes matrices of any size", "", float, double) {
  xtape::Rng rng(2);
  for (std::size_t rows : {1UL, 31UL, 32UL, 33UL, 65UL, 100UL}) {
    for (std::size_t columns : {1UL, 5UL, 32UL, 64UL, 97UL}) {
      check_swap(random_integers<TestType>(Shape{rows, columns}, rng), 0, 1);
    }
  }
}

TEMPLATE_TEST_CASE("copy_rows copies or adds rows and nothing between", "", float, double) {
  using T = TestType;
  const std::vector<T> in{1, 2, 3, 4, 5, 6};
  std::vector<T> out(8, T(10));
  xtape::copy_rows(2, 2, in.data(), 3, T(0), out.data(), 4);
  CHECK(out == std::vector<T>{1, 2, 10, 10, 4, 5, 10, 10});
  xtape::copy_rows(2, 2, in.data() + 1, 3, T(1), out.data(), 4);
  CHECK(out == std::vector<T>{3, 5, 10, 10, 9, 11, 10, 10});
  xtape::copy_rows(0, 2, in.data(), 3, T(0), out.data(), 4);
  xtape::copy_rows(3, 0, in.data(), 0, T(0), out.data(), 0);
  CHECK(out == std::vector<T>{3, 5, 10, 10, 9, 11, 10, 10});
}
