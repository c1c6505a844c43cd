#include "autograd/ops/indexing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEST_CASE("Ops that move elements keep the sign of 0") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2, 2}, -0.f));
  for (const auto& y : {transpose(x), flip(x, 0), slice(x, 0, 2, 1, 2), select(x, 1, 1),
                        diagonal(x), gather(x, {1, 0})}) {
    INFO(y.op());
    CHECK(std::all_of(y.value().begin(), y.value().end(), [](float a) { return std::signbit(a); }));
  }
}

TEST_CASE("slice goes to the end, and takes steps") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{5, 2}));
  CHECK((slice(x, 3).value() == array_of<float>(Shape{2, 2}, {6, 7, 8, 9})));
  CHECK((slice(x, -1).value() == array_of<float>(Shape{1, 2}, {8, 9})));
  CHECK((slice(x, 1, to_end, 1).shape() == Shape{5, 1}));
  CHECK((slice(x, 0, to_end, 0, 3).value() == array_of<float>(Shape{2, 2}, {0, 1, 6, 7})));
  CHECK(slice(x, 5).shape() == Shape{0, 2});
  CHECK(slice(x, 0, to_end, 0, std::numeric_limits<std::ptrdiff_t>::max()).shape() == Shape{1, 2});
}

TEST_CASE("select drops the axis, and refuses elements that are not there") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3, 2}));
  CHECK((select(x, 1).value() == array_of<float>({2, 3})));
  CHECK((select(x, -1, 1).value() == array_of<float>({1, 3, 5})));
  CHECK(select(select(x, 0), 1).item() == 1);
  CHECK_REFUSED(tape, select(x, 3), ShapeError, "select: axis 0 of (3, 2) has no element 3");
  CHECK_REFUSED(tape, select(x, -3, -1), ShapeError, "select: axis 1 of (3, 2) has no element -3");
  CHECK_REFUSED(tape, select(x, 0, 2), ShapeError, "select: shape (3, 2) has no axis 2");
}

TEST_CASE("slice refuses what lies outside") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3, 2}));
  const auto outside = [](const char* range, int axis) {
    return fmt::format("slice: {} is not within axis {} of (3, 2)", range, axis);
  };
  CHECK_REFUSED(tape, slice(x, 0, 4), ShapeError, outside("[0, 4)", 0));
  CHECK_REFUSED(tape, slice(x, 2, 1), ShapeError, outside("[2, 1)", 0));
  CHECK_REFUSED(tape, slice(x, -3, 1, 1), ShapeError, outside("[-3, 1)", 1));
  CHECK_REFUSED(tape, slice(x, -1, 0), ShapeError, outside("[-1, 0)", 0));
  CHECK_REFUSED(tape, slice(x, 4), ShapeError, outside("[4, 3)", 0));
  CHECK_REFUSED(tape, slice(x, 0, 1, 2), ShapeError, "slice: shape (3, 2) has no axis 2");
  CHECK_REFUSED(tape, slice(x, 0, 3, 0, 0), ValueError,
                "slice: the step is 0, expected at least 1; flip reverses");
  CHECK_REFUSED(tape, slice(x, 0, 3, 0, -1), ValueError,
                "slice: the step is -1, expected at least 1; flip reverses");
}

TEST_CASE("gather takes any range of integers") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3}));
  const Array<float> expected = array_of<float>({2, 0});
  const int plain[] = {2, 0};
  CHECK((gather(x, std::vector<std::uint8_t>{2, 0}).value() == expected));
  CHECK((gather(x, std::vector<std::size_t>{2, 0}).value() == expected));
  CHECK((gather(x, std::array<std::int64_t, 2>{2, 0}).value() == expected));
  CHECK((gather(x, plain).value() == expected));
  CHECK((gather(x, {2, 0}).value() == expected));
  CHECK(gather(x, std::vector<int>()).shape() == Shape{0});
}

TEST_CASE("gather refuses rows that are not there") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3, 2})), scalar = tape.variable(1);
  const std::vector<std::size_t> greatest{std::numeric_limits<std::size_t>::max()};
  const std::string wrong = " is not in [0, 3), the extent of axis 0 of (3, 2)";
  CHECK_REFUSED(tape, gather(x, {0, 3}), ValueError, "gather: index 3 at position 1" + wrong);
  CHECK_REFUSED(tape, gather(x, {-1}), ValueError, "gather: index -1 at position 0" + wrong);
  CHECK_REFUSED(tape, gather(x, greatest), ValueError,
                "gather: index 18446744073709551615 at position 0" + wrong);
  CHECK_REFUSED(tape, gather(scalar, {0}), ShapeError, "gather: shape () has no axis 0");
}

TEST_CASE("gather and scatter_add take indices of any shape") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 3}));
  const xt::xarray<int> words{{2, 0}, {1, 1}};
  const auto y = gather(x, words, 1);
  CHECK((y.value() == array_of<float>(Shape{2, 2, 2}, {2, 0, 1, 1, 5, 3, 4, 4})));
  const xt::xarray<int> word = 2;
  CHECK((gather(x, word, -1).value() == array_of<float>({2, 5})));
  CHECK(
      (scatter_add(x, words, y, 1).value() == array_of<float>(Shape{2, 3}, {0, 3, 4, 6, 12, 10})));
  tape.backward(sum(y));
  CHECK((x.grad() == array_of<float>(Shape{2, 3}, {1, 2, 1, 1, 2, 1})));
}

TEST_CASE("scatter_add refuses values and indices that do not fit") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3, 2})), row = tape.variable(counting(Shape{2}));
  CHECK_REFUSED(tape, scatter_add(x, {0, 1}, row), ShapeError,
                "scatter_add: the values (2) do not fit axis 0 of (3, 2): expected (2, 2)");
  CHECK_REFUSED(tape, scatter_add(row, {0, 2}, row), ValueError,
                "scatter_add: index 2 at position 1 is not in [0, 2), the extent of axis 0 of (2)");
}

TEST_CASE("Many floats that are added at one place do not lose digits") {
  constexpr std::size_t count = 300'000;
  const std::vector<std::size_t> places(count, 1);
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{3, 2}, 1.F));
  const auto values = tape.constant(Array<float>(Shape{count, 2}, 0.1F));
  const auto sums = scatter_add(x, places, values);
  CHECK(sums.value()(0, 0) == 1.F);
  CHECK(sums.value()(1, 1) == Approx(30'001).epsilon(1e-6));
  tape.backward(gather(x, places), values.value());
  CHECK(x.grad()(0, 0) == 0.F);
  CHECK(x.grad()(1, 1) == Approx(30'000).epsilon(1e-6));
}
