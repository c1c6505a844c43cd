#include "tensor/kernels/rearrange.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;

namespace {

/// Compares copy_strided() with a walk over the indices: `in`, with its axes in this order, and
/// those of `reversed` turned around.
template <class T>
void check_moves(const Array<T>& in, const std::vector<std::size_t>& order, std::size_t reversed) {
  Shape shape;
  std::vector<xtape::StridedLoop> loops;
  const T* first = in.data();
  for (const std::size_t axis : order) {
    auto step = static_cast<std::ptrdiff_t>(xtape::blocks_around(in.shape(), axis).inner);
    if (axis == reversed && in.size() > 0) {
      first += static_cast<std::ptrdiff_t>(in.shape()[axis] - 1) * step;
      step = -step;
    }
    shape.push_back(in.shape()[axis]);
    loops.push_back({in.shape()[axis], step, 0});
  }
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops[i].out_step = static_cast<std::ptrdiff_t>(xtape::blocks_around(shape, i).inner);
  }
  Array<T> expected(shape), out(shape, std::numeric_limits<T>::quiet_NaN());
  T* next = expected.data();
  for_each_index(shape, [&](const std::vector<std::size_t>& index) {
    std::vector<std::size_t> source(index.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      source[order[i]] = order[i] == reversed ? shape[i] - 1 - index[i] : index[i];
    }
    *next++ = in.data()[broadcast_offset(in.shape(), source)];
  });
  xtape::copy_strided<T>(loops, first, T(0), out.data());
  REQUIRE((out == expected));
  xtape::copy_strided<T>(loops, first, T(1), out.data());
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

TEMPLATE_TEST_CASE("copy_strided permutes and reverses axes", "", float, double) {
  xtape::Rng rng(1);
  for (const Shape& shape :
       {Shape{2, 3, 4, 5}, Shape{1, 3, 1, 2}, Shape{3, 1, 1, 1}, Shape{0, 3, 4, 5},
        Shape{2, 0, 4, 5}, Shape{2, 3, 0, 5}, Shape{2, 3, 4, 0}, Shape{0, 0, 0, 0},
        Shape{1, 1, 1, 1}, Shape{2, 2, 33, 35}}) {
    const auto in = random_integers<TestType>(shape, rng);
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
      check_moves(in, order, 4);
      check_moves(in, order, order[0]);
      check_moves(in, order, order[3]);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEMPLATE_TEST_CASE("copy_strided transposes matrices of any size", "", float, double) {
  xtape::Rng rng(2);
  for (std::size_t rows : {1UL, 31UL, 32UL, 33UL, 65UL, 100UL}) {
    for (std::size_t columns : {1UL, 5UL, 32UL, 64UL, 97UL}) {
      check_moves(random_integers<TestType>(Shape{rows, columns}, rng), {1, 0}, 2);
    }
  }
}

TEST_CASE("copy_strided without loops moves one element") {
  const double in = 3;
  double out = 4;
  xtape::copy_strided<double>({}, &in, 1, &out);
  CHECK(out == 7);
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
