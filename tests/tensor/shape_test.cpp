#include "tensor/shape.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Shape;
using xtape::ShapeError;

TEST_CASE("Shapes print as in NumPy, but for the comma of one axis") {
  CHECK(xtape::to_string(Shape{}) == "()");
  CHECK(xtape::to_string(Shape{10}) == "(10)");
  CHECK(xtape::to_string(Shape{64, 784}) == "(64, 784)");
  CHECK(xtape::to_string(Shape{1, 0, 2, 3, 4, 5}) == "(1, 0, 2, 3, 4, 5)");
  CHECK(fmt::format("<{}>", Shape{2, 3}) == "<(2, 3)>");
}

TEST_CASE("element_count is the product of the extents") {
  CHECK(xtape::element_count(Shape{}) == 1);
  CHECK(xtape::element_count(Shape{7}) == 7);
  CHECK(xtape::element_count(Shape{2, 3, 4, 5, 6}) == 720);
  CHECK(xtape::element_count(Shape{3, 0, 4}) == 0);
}

TEST_CASE("element_count refuses what std::size_t cannot count") {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK(xtape::element_count(Shape{most}) == most);
  CHECK(xtape::element_count(Shape{most / 2, 2}) == most - 1);
  CHECK_THROWS_AS(xtape::element_count(Shape{most / 2 + 1, 2}), ShapeError);
  CHECK_THROWS_WITH(xtape::element_count(Shape{4294967296, 4294967296}),
                    "shape (4294967296, 4294967296) has more elements than can be counted");
  CHECK_THROWS_WITH(xtape::element_count(Shape{4294967296, 4294967296}, "matmul"),
                    "matmul: shape (4294967296, 4294967296) has more elements than can be counted");
  // An empty axis does not hide the overflow of the others.
  CHECK_THROWS_AS(xtape::element_count(Shape{4294967296, 4294967296, 0}), ShapeError);
  CHECK_THROWS_AS(xtape::element_count(Shape{0, 4294967296, 4294967296}), ShapeError);
  CHECK(xtape::element_count(Shape{4294967296, 0}) == 0);
}

TEST_CASE("same_shape compares rank and extents") {
  CHECK(xtape::same_shape(Shape{}, Shape{}));
  CHECK(xtape::same_shape(Shape{2, 3}, Shape{2, 3}));
  CHECK_FALSE(xtape::same_shape(Shape{2, 3}, Shape{3, 2}));
  CHECK_FALSE(xtape::same_shape(Shape{2}, Shape{2, 1}));
  CHECK_FALSE(xtape::same_shape(Shape{}, Shape{1}));
}

TEST_CASE("broadcast_shapes follows NumPy") {
  struct Case {
    Shape a, b, result;
  };
  const std::vector<Case> cases{
      {{}, {}, {}},
      {{}, {2, 3}, {2, 3}},
      {{3}, {2, 3}, {2, 3}},
      {{2, 1}, {3}, {2, 3}},
      {{2, 1}, {1, 3}, {2, 3}},
      {{1}, {1, 1, 1}, {1, 1, 1}},
      {{5, 1, 4}, {3, 1}, {5, 3, 4}},
      {{1, 2, 3, 4, 5}, {6, 2, 1, 4, 1}, {6, 2, 3, 4, 5}},
      {{0}, {1}, {0}},
      {{0, 3}, {3}, {0, 3}},
      {{0, 3}, {1, 1}, {0, 3}},
      {{2, 0}, {2, 1}, {2, 0}},
      {{0}, {0}, {0}},
      {{}, {0}, {0}},
  };
  for (const auto& [a, b, result] : cases) {
    INFO(fmt::format("{} with {}", a, b));
    CHECK(xtape::to_string(xtape::broadcast_shapes("add", a, b)) == xtape::to_string(result));
    CHECK(xtape::to_string(xtape::broadcast_shapes("add", b, a)) == xtape::to_string(result));
  }
}

TEST_CASE("broadcast_shapes names the operation and both shapes") {
  CHECK_THROWS_AS(xtape::broadcast_shapes("add", Shape{2}, Shape{3}), ShapeError);
  CHECK_THROWS_WITH(xtape::broadcast_shapes("add", Shape{64, 10}, Shape{64}),
                    "add: shapes (64, 10) and (64) do not broadcast");
  CHECK_THROWS_WITH(xtape::broadcast_shapes("multiply", Shape{64}, Shape{64, 10}),
                    "multiply: shapes (64) and (64, 10) do not broadcast");
  CHECK_THROWS_WITH(xtape::broadcast_shapes("add", Shape{0}, Shape{2}),
                    "add: shapes (0) and (2) do not broadcast");
}

TEST_CASE("Shapes that broadcast to one another give the larger one") {
  xtape::Rng rng(1);
  for (int round = 0; round < 1000; ++round) {
    const Shape shape = random_shape(rng, 5, 0);
    const Shape operand = random_operand_shape(shape, rng);
    INFO(fmt::format("{} to {}", operand, shape));
    REQUIRE(xtape::same_shape(xtape::broadcast_shapes("add", operand, shape), shape));
  }
}

TEST_CASE("normalize_axis counts from either end") {
  const Shape shape{2, 3, 4};
  CHECK(xtape::normalize_axis("sum", 0, shape) == 0);
  CHECK(xtape::normalize_axis("sum", 2, shape) == 2);
  CHECK(xtape::normalize_axis("sum", -1, shape) == 2);
  CHECK(xtape::normalize_axis("sum", -3, shape) == 0);
  CHECK_FAILS(xtape::normalize_axis("sum", 3, shape), ShapeError,
              "sum: shape (2, 3, 4) has no axis 3");
  CHECK_THROWS_WITH(xtape::normalize_axis("max", -4, shape), "max: shape (2, 3, 4) has no axis -4");
  CHECK_THROWS_WITH(xtape::normalize_axis("sum", 0, Shape{}), "sum: shape () has no axis 0");
  CHECK_THROWS_WITH(xtape::normalize_axis("sum", -1, Shape{}), "sum: shape () has no axis -1");
}
