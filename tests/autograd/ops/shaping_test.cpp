#include "autograd/ops/shaping.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEST_CASE("reshape takes extents in braces, a shape, and extents known at run time") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 6}));
  CHECK((reshape(x, {3, -1, 2}).value() == counting(Shape{3, 2, 2})));
  CHECK((reshape(x, Shape{4, 3}).value() == counting(Shape{4, 3})));
  CHECK((reshape(x, std::vector<std::ptrdiff_t>{3, -1}).value() == counting(Shape{3, 4})));
  CHECK(reshape(sum(x), {1, 1}).shape() == Shape{1, 1});
  CHECK(reshape(sum(x), {}).shape() == Shape{});
  CHECK(reshape(tape.constant(Array<float>(Shape{0, 3})), {4, 0}).shape() == Shape{4, 0});
}

TEST_CASE("reshape refuses what the elements do not fill") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 3}));
  const auto empty = tape.variable(Array<float>(Shape{0, 3}));
  const std::string wrong = "reshape: the 6 elements of (2, 3) do not fill ";
  CHECK_REFUSED(tape, reshape(x, {4}), ShapeError, wrong + "(4)");
  CHECK_REFUSED(tape, reshape(x, {}), ShapeError, wrong + "()");
  CHECK_REFUSED(tape, reshape(x, {4, -1}), ShapeError, wrong + "(4, -1)");
  CHECK_REFUSED(tape, reshape(x, {-1, -1}), ShapeError, wrong + "(-1, -1)");
  CHECK_REFUSED(tape, reshape(x, {-2, -3}), ShapeError, wrong + "(-2, -3)");
  CHECK_REFUSED(tape, reshape(x, Shape{2, 2}), ShapeError, wrong + "(2, 2)");
  CHECK_REFUSED(tape, reshape(empty, {0, -1}), ShapeError,
                "reshape: the 0 elements of (0, 3) do not fill (0, -1)");
}

TEST_CASE("transpose exchanges the last two axes, and refuses axes that are not there") {
  Tape<float> tape;
  const auto row = tape.variable(counting(Shape{3})), x = tape.variable(counting(Shape{2, 3}));
  CHECK((transpose(x).value() == array_of<float>(Shape{3, 2}, {0, 3, 1, 4, 2, 5})));
  CHECK_REFUSED(tape, transpose(row), ShapeError, "transpose: shape (3) has no axis -2");
  CHECK_REFUSED(tape, transpose(x, 0, 2), ShapeError, "transpose: shape (2, 3) has no axis 2");
}

TEMPLATE_TEST_CASE("concatenate and stack take operands in a row, and an axis after them", "",
                   float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of<T>(Shape{1, 2}, {1, 2}));
  const auto b = tape.variable(array_of<T>(Shape{1, 2}, {3, 4}));
  CHECK((concatenate(a, b).value() == array_of<T>(Shape{2, 2}, {1, 2, 3, 4})));
  CHECK((concatenate(a, b, a, 1).value() == array_of<T>(Shape{1, 6}, {1, 2, 3, 4, 1, 2})));
  CHECK((concatenate(a, b, -1L).shape() == Shape{1, 4}));
  CHECK((concatenate(a).value() == a.value()));
  CHECK((concatenate(a, 1).value() == a.value()));
  CHECK((concatenate(std::vector{a}).value() == a.value()));
  CHECK((stack(a, b).shape() == Shape{2, 1, 2}));
  CHECK((stack(a, b, a, -1).value() == array_of<T>(Shape{1, 2, 3}, {1, 3, 1, 2, 4, 2})));
  CHECK((stack({a, b}).shape() == Shape{2, 1, 2}));
  tape.backward(sum(concatenate(b, a, 1) * array_of<T>({1, 2, 3, 4})));
  CHECK((a.grad() == array_of<T>(Shape{1, 2}, {3, 4})));
}

TEST_CASE("concatenate takes constants and variables together") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>({1, 2}));
  const auto y = concatenate({tape.constant(array_of<float>({5})), x});
  tape.backward(sum(y * y));
  CHECK((x.grad() == array_of<float>({2, 4})));
}

TEST_CASE("concatenate and stack refuse operands that do not fit") {
  Tape<float> tape, other;
  const auto a = tape.variable(counting(Shape{2, 3})), b = tape.variable(counting(Shape{2, 4}));
  const auto row = tape.variable(counting(Shape{3})), scalar = tape.variable(1);
  const auto elsewhere = other.variable(counting(Shape{2, 3}));
  const std::vector<Variable<float>> none;
  CHECK_REFUSED(tape, concatenate({a, b}), ShapeError,
                "concatenate: (2, 3) and (2, 4) do not fit along axis 0");
  CHECK_REFUSED(tape, concatenate({a, row}, -2), ShapeError,
                "concatenate: (2, 3) and (3) do not fit along axis 0");
  CHECK_REFUSED(tape, concatenate({a, a}, 2), ShapeError,
                "concatenate: shape (2, 3) has no axis 2");
  CHECK_REFUSED(tape, concatenate({scalar, scalar}), ShapeError,
                "concatenate: 'variable' is a scalar, which has no axis: use stack");
  CHECK_REFUSED(tape, concatenate(none), ShapeError,
                "concatenate: expected at least one operand, got none");
  CHECK_REFUSED(tape, concatenate({a, elsewhere}), TapeError,
                "concatenate: the operands live on different tapes");
  CHECK_REFUSED(tape, stack({a, b}), ShapeError, "stack: (2, 3) and (2, 4) differ");
  CHECK_REFUSED(tape, stack({a, a}, 3), ShapeError, "stack: shape (2, 3, 2) has no axis 3");
  CHECK_REFUSED(tape, stack(none), ShapeError, "stack: expected at least one operand, got none");
}

TEST_CASE("squeeze drops axes of extent 1 and refuses others") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{1, 3, 1}));
  CHECK(squeeze(x).shape() == Shape{3});
  CHECK(squeeze(x, 0).shape() == Shape{3, 1});
  CHECK(squeeze(x, {0, -1}).shape() == Shape{3});
  CHECK_REFUSED(tape, squeeze(x, 1), ShapeError,
                "squeeze: axis 1 of (1, 3, 1) has the extent 3, expected 1");
  CHECK_REFUSED(tape, squeeze(x, 3), ShapeError, "squeeze: shape (1, 3, 1) has no axis 3");
}

TEST_CASE("unsqueeze adds an axis where it is asked for") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 3}));
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 3});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 3, 1});
  CHECK(unsqueeze(x, -2).shape() == Shape{2, 1, 3});
  CHECK_REFUSED(tape, unsqueeze(x, 3), ShapeError, "unsqueeze: shape (2, 3, 1) has no axis 3");
}

TEST_CASE("broadcast_to refuses shapes that x does not broadcast to") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 1}));
  const std::string wrong = "broadcast_to: (2, 1) does not broadcast to ";
  CHECK(broadcast_to(x, Shape{3, 2, 4}).shape() == Shape{3, 2, 4});
  CHECK(broadcast_to(x, {3, -1, 4}).shape() == Shape{3, 2, 4});
  CHECK_REFUSED(tape, broadcast_to(x, {3, 4}), ShapeError, wrong + "(3, 4)");
  CHECK_REFUSED(tape, broadcast_to(x, {1, 4}), ShapeError, wrong + "(1, 4)");
  CHECK_REFUSED(tape, broadcast_to(x, {2}), ShapeError, wrong + "(2)");
  CHECK_REFUSED(tape, broadcast_to(x, {}), ShapeError, wrong + "()");
  CHECK_REFUSED(tape, broadcast_to(x, {2, -2}), ShapeError, wrong + "(2, -2)");
  CHECK_REFUSED(tape, broadcast_to(x, {-1, 2, 4}), ShapeError, wrong + "(-1, 2, 4)");
}

TEST_CASE("An extent that cannot be counted is refused with the name of the op") {
  constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 1}));
  for (const std::size_t extent : {huge, huge / 2 + 1}) {
    const Shape shape{2, extent};
    CHECK_REFUSED(tape, broadcast_to(x, shape), ShapeError,
                  "broadcast_to: shape " + xtape::to_string(shape) + " is too large");
    CHECK_REFUSED(tape, reshape(x, shape), ShapeError,
                  "reshape: shape " + xtape::to_string(shape) + " is too large");
  }
}

TEST_CASE("permute refuses axes that are missing or named twice") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 3, 4}));
  CHECK(permute(x, {2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK_REFUSED(tape, permute(x, {1, 0}), ShapeError,
                "permute: 2 axes are named, expected each of the 3 of (2, 3, 4)");
  CHECK_REFUSED(tape, permute(x, {1, 0, -2}), ShapeError, "permute: axis -2 is named twice");
  CHECK_REFUSED(tape, permute(x, {0, 1, 3}), ShapeError, "permute: shape (2, 3, 4) has no axis 3");
}

TEST_CASE("split gives equal parts, or nothing") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 6}));
  const auto [a, b, c] = split<3>(x, -1);
  CHECK((a.value() == array_of<float>(Shape{2, 2}, {0, 1, 6, 7})));
  CHECK((c.value() == array_of<float>(Shape{2, 2}, {4, 5, 10, 11})));
  CHECK((concatenate(a, b, c, 1).value() == x.value()));
  CHECK(split<1>(x)[0].shape() == Shape{2, 6});
  CHECK_REFUSED(tape, split<4>(x, -1), ShapeError, "split: axis -1 of (2, 6) has no 4 equal parts");
  CHECK_REFUSED(tape, split<2>(x, 2), ShapeError, "split: shape (2, 6) has no axis 2");
}
