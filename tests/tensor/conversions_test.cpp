#include "tensor/conversions.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;

TEMPLATE_TEST_CASE("array copies the numbers of a range", "", float, double) {
  using T = TestType;
  const std::vector<T> values{1, 2, 3, 4, 5, 6};
  const Array<T> expected = array_of(Shape{2, 3}, {T(1), T(2), T(3), T(4), T(5), T(6)});
  CHECK((xtape::array(values, {2, 3}) == expected));
  CHECK((xtape::array(std::span(values), {2, 3}) == expected));
  CHECK((xtape::array(std::span(values).first(2)) == array_of(Shape{2}, {T(1), T(2)})));
  CHECK((xtape::array(std::array<T, 2>{7, 8}) == array_of(Shape{2}, {T(7), T(8)})));
  CHECK((xtape::array(std::list<T>{7, 8}, {2, 1}) == array_of(Shape{2, 1}, {T(7), T(8)})));
  CHECK((xtape::array(values.data(), {2, 3}) == expected));
  const T plain[] = {1, 2, 3, 4, 5, 6};
  CHECK((xtape::array(plain, {2, 3}) == expected));
  CHECK((xtape::array(std::vector<T>{5}, {}) == Array<T>(Shape{}, T(5))));
  CHECK(xtape::array(std::vector<T>()).shape() == Shape{0});
  CHECK(xtape::array(std::vector<T>(), {0, 3}).shape() == Shape{0, 3});
  STATIC_REQUIRE(std::same_as<decltype(xtape::array(values)), Array<T>>);
}

TEST_CASE("array converts numbers to the type that is asked for") {
  CHECK((xtape::array<float>(std::vector<double>{0.1, 2}) == array_of(Shape{2}, {0.1f, 2.f})));
  CHECK((xtape::array<float>(std::vector<std::uint8_t>{255, 2}, {1, 2}) ==
         array_of(Shape{1, 2}, {255.f, 2.f})));
  CHECK((xtape::array<double>(std::vector<bool>{true, false}) == array_of(Shape{2}, {1., 0.})));
  const std::int64_t integers[] = {3, -4};
  CHECK((xtape::array<float>(&integers[0], Shape{2}) == array_of(Shape{2}, {3.f, -4.f})));
}

TEST_CASE("array makes an axis of each level of nested ranges") {
  const std::vector<std::vector<double>> table{{1, 2, 3}, {4, 5, 6}};
  CHECK((xtape::array(table) == array_of(Shape{2, 3}, {1., 2., 3., 4., 5., 6.})));
  CHECK((xtape::array(table, {3, 2}) == array_of(Shape{3, 2}, {1., 2., 3., 4., 5., 6.})));
  const std::vector<std::array<std::array<float, 1>, 2>> cube{{{{{1}, {2}}}}};
  CHECK((xtape::array(cube) == array_of(Shape{1, 2, 1}, {1.f, 2.f})));
  CHECK(xtape::array(std::vector<std::vector<float>>()).shape() == Shape{0, 0});
  CHECK(xtape::array(std::vector<std::vector<float>>(3)).shape() == Shape{3, 0});
}

TEST_CASE("array refuses what does not fill its shape") {
  const std::vector<float> five(5, 1.f);
  CHECK_FAILS(xtape::array(five, {2, 3}), ShapeError,
              "array: 5 elements do not fill the shape (2, 3)");
  CHECK_THROWS_WITH(xtape::array(five, {2, 2}), "array: 5 elements do not fill the shape (2, 2)");
  CHECK_THROWS_WITH(xtape::array(five, {}), "array: 5 elements do not fill the shape ()");
  CHECK_THROWS_WITH(xtape::array(five.data(), {std::size_t{1} << 32, std::size_t{1} << 32}),
                    "array: shape (4294967296, 4294967296) has more elements than can be counted");
  CHECK_THROWS_WITH(xtape::array(std::vector<std::vector<float>>{{1, 2, 3}, {4, 5}}),
                    "array: a row of 2 elements among rows of 3: the shape would be (2, 3)");
  CHECK_THROWS_WITH(xtape::array(std::vector<std::vector<float>>{{1, 2}, {3, 4, 5}}),
                    "array: a row of 3 elements among rows of 2: the shape would be (2, 2)");
}

TEST_CASE("to_vector and std::span give the elements back") {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  Array<float> array = xtape::array(values, {2, 3});
  CHECK(xtape::to_vector(array) == values);
  CHECK(xtape::to_vector(Array<double>(Shape{}, 3.0)) == std::vector<double>{3});
  CHECK(xtape::to_vector(Array<float>(Shape{0, 2})).empty());
  const std::span<float> elements(array);
  CHECK(elements.data() == array.data());
  CHECK(elements.size() == 6);
  const std::span<const float> read_only(std::as_const(array));
  CHECK(read_only.data() == array.data());
  move_away(array);
  CHECK_THROWS_AS(xtape::to_vector(array), ShapeError);
}

TEST_CASE("item is the only element") {
  CHECK(xtape::item(Array<float>(Shape{1, 1}, 2.5f)) == 2.5f);
  CHECK(item(Array<double>(Shape{}, 2.5)) == 2.5);
  CHECK_FAILS(xtape::item(Array<float>(Shape{2}, 1.f)), ShapeError,
              "item: expected one element, got (2)");
  CHECK_THROWS_AS(xtape::item(Array<float>(Shape{0})), ShapeError);
}
