#include "tensor/axes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/catch.hpp"

using xtape::Axes;
using xtape::Shape;
using xtape::ShapeError;

TEST_CASE("Axes become bits counted from the first axis") {
  const Shape shape{2, 3, 4};
  CHECK(Axes(0).mask("sum", shape) == 0b001);
  CHECK(Axes(-1).mask("sum", shape) == 0b100);
  CHECK(Axes({0, -1}).mask("sum", shape) == 0b101);
  CHECK(Axes({2, 0, 1}).mask("sum", shape) == 0b111);
  CHECK(Axes::all().mask("sum", shape) == 0b111);
  CHECK(Axes::all().mask("sum", Shape{}) == 0);
}

TEST_CASE("Axes keep the order in which they were named") {
  const Shape shape{2, 3, 4};
  CHECK(Axes({-1, 0}).list("permute", shape) == Shape{2, 0});
  CHECK(Axes::all().list("permute", shape) == Shape{0, 1, 2});
  CHECK(Axes::all().are_all());
  CHECK_FALSE(Axes({0, 1, 2}).are_all());
  CHECK_THROWS_WITH(Axes({0, -3}).list("permute", shape), "permute: axis -3 is named twice");
}

TEST_CASE("Arrays of up to 63 axes can be reduced") {
  CHECK(Axes::all().mask("sum", Shape(63, 1)) == (std::uint64_t{1} << 63) - 1);
  CHECK(Axes(62).mask("sum", Shape(63, 1)) == std::uint64_t{1} << 62);
  CHECK_THROWS_WITH(Axes::all().mask("sum", Shape(64, 1)),
                    "sum: an array has at most 63 axes, got 64");
}

TEST_CASE("Axes that the shape lacks or that are named twice are errors") {
  CHECK_THROWS_AS(Axes(3).mask("sum", Shape{2, 3, 4}), ShapeError);
  CHECK_THROWS_WITH(Axes(3).mask("mean", Shape{2, 3, 4}), "mean: shape (2, 3, 4) has no axis 3");
  CHECK_THROWS_WITH(Axes({0, -4}).mask("sum", Shape{2, 3, 4}),
                    "sum: shape (2, 3, 4) has no axis -4");
  CHECK_THROWS_WITH(Axes(0).mask("sum", Shape{}), "sum: shape () has no axis 0");
  CHECK_THROWS_WITH(Axes({1, 1}).mask("sum", Shape{2, 3}), "sum: axis 1 is named twice");
  CHECK_THROWS_WITH(Axes({0, -2}).mask("sum", Shape{2, 3}), "sum: axis -2 is named twice");
}

TEST_CASE("At most 8 axes can be named") {
  CHECK(Axes({0, 1, 2, 3, 4, 5, 6, 7}).mask("sum", Shape(8, 2)) == 0xFF);
  CHECK_FAILS(Axes({0, 1, 2, 3, 4, 5, 6, 7, 8}), ShapeError,
              "at most 8 axes can be named, got axis 8 beside them");
}

TEST_CASE("Axes may be any range of integers that is known at run time only") {
  const Shape shape{2, 3, 4};
  std::vector<int> axes{0, -1};
  CHECK(Axes(axes).mask("sum", shape) == 0b101);
  axes = {1};
  CHECK(Axes(axes).mask("sum", shape) == 0b010);
  CHECK(Axes(std::vector<int>()).mask("sum", shape) == 0);
  CHECK(Axes(std::span<const int>(axes)).mask("sum", shape) == 0b010);
  CHECK(Axes(std::vector<std::size_t>{2, 0}).mask("sum", shape) == 0b101);
  CHECK_THROWS_WITH(Axes(std::vector<std::size_t>{std::size_t{1} << 63}),
                    "no array has an axis 9223372036854775808");
  CHECK_THROWS_AS(Axes(std::vector<int>(9)), ShapeError);
  CHECK_THROWS_AS(Axes(std::vector<int>{3}).mask("sum", shape), ShapeError);
}

TEST_CASE("reduced_shape drops axes or keeps them with extent 1") {
  const Shape shape{2, 3, 0, 5};
  CHECK((xtape::reduced_shape(shape, 0b0000, false) == shape));
  CHECK((xtape::reduced_shape(shape, 0b0101, false) == Shape{3, 5}));
  CHECK((xtape::reduced_shape(shape, 0b0101, true) == Shape{1, 3, 1, 5}));
  CHECK((xtape::reduced_shape(shape, 0b1111, false) == Shape{}));
  CHECK((xtape::reduced_shape(shape, 0b1111, true) == Shape{1, 1, 1, 1}));
  CHECK((xtape::reduced_shape(Shape{}, 0, true) == Shape{}));
}
