#include "autograd/ops/shaping.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

/// Returns 0, 1, 2, ... in this shape.
template <class T = float>
Array<T> counting(const Shape& shape) {
  Array<T> x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<T>(i);
  }
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("reshape keeps the elements in order", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(counting<T>(Shape{2, 6}));
  CHECK((reshape(x, {3, 4}).value() == counting<T>(Shape{3, 4})));
  CHECK((reshape(x, {12}).value() == counting<T>(Shape{12})));
  CHECK((reshape(x, {-1}).value() == counting<T>(Shape{12})));
  CHECK((reshape(x, {3, -1, 2}).value() == counting<T>(Shape{3, 2, 2})));
  CHECK((reshape(x, Shape{4, 3}).value() == counting<T>(Shape{4, 3})));
  CHECK(reshape(sum(x), {1, 1}).shape() == Shape{1, 1});
  CHECK(reshape(sum(x), {}).shape() == Shape{});
  CHECK(reshape(tape.constant(Array<T>(Shape{0, 3})), {-1, 5}).shape() == Shape{0, 5});
  CHECK(reshape(tape.constant(Array<T>(Shape{0, 3})), {4, 0}).shape() == Shape{4, 0});
  const auto weighted = [](auto v) { return reshape(v, {4}) * reshape(v, {4}); };
  CHECK((evaluate(weighted, counting<T>(Shape{2, 2})).grad ==
         array_of<T>(Shape{2, 2}, {0, 2, 4, 6})));
}

TEST_CASE("reshape refuses what the elements do not fill") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{2, 3}));
  const auto empty = tape.variable(Array<float>(Shape{0, 3}));
  const auto message = [&](Variable<float> v, const Extents& extents) {
    CHECK_THROWS_AS(reshape(v, extents), ShapeError);
    return failure_of(tape, [&] { reshape(v, extents); });
  };
  CHECK(message(x, {4}) == "reshape: the 6 elements of (2, 3) do not fill (4)");
  CHECK(message(x, {}) == "reshape: the 6 elements of (2, 3) do not fill ()");
  CHECK(message(x, {4, -1}) == "reshape: the 6 elements of (2, 3) do not fill (4, -1)");
  CHECK(message(x, {-1, -1}) == "reshape: the 6 elements of (2, 3) do not fill (-1, -1)");
  CHECK(message(x, {-2, -3}) == "reshape: the 6 elements of (2, 3) do not fill (-2, -3)");
  CHECK(message(empty, {0, -1}) == "reshape: the 0 elements of (0, 3) do not fill (0, -1)");
  CHECK(message(x, Shape{2, 2}) == "reshape: the 6 elements of (2, 3) do not fill (2, 2)");
}

TEMPLATE_TEST_CASE("transpose exchanges two axes", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(counting<T>(Shape{2, 3}));
  CHECK((transpose(x).value() == array_of<T>(Shape{3, 2}, {0, 3, 1, 4, 2, 5})));
  CHECK((transpose(x, 1, 0).value() == transpose(x).value()));
  CHECK((transpose(x, 1, 1).value() == x.value()));
  const auto cube = tape.variable(counting<T>(Shape{2, 3, 4}));
  for (const auto& [a, b] : {std::pair{0, 1}, {0, 2}, {1, 2}, {-1, 0}, {-3, -2}}) {
    const auto swapped = transpose(cube, a, b);
    INFO("axes " << a << " and " << b);
    bool right = true;
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t k = 0; k < 4; ++k) {
          std::array<std::size_t, 3> index{i, j, k};
          std::swap(index[static_cast<std::size_t>((a + 3) % 3)],
                    index[static_cast<std::size_t>((b + 3) % 3)]);
          right = right && swapped.value()(index[0], index[1], index[2]) == cube.value()(i, j, k);
        }
      }
    }
    CHECK(right);
  }
}

TEST_CASE("transpose refuses axes that are not there") {
  Tape<float> tape;
  const auto row = tape.variable(counting(Shape{3})), x = tape.variable(counting(Shape{2, 3}));
  CHECK_THROWS_AS(transpose(row), ShapeError);
  CHECK(failure_of(tape, [&] { transpose(row); }) == "transpose: shape (3) has no axis -2");
  CHECK(failure_of(tape, [&] { transpose(x, 0, 2); }) == "transpose: shape (2, 3) has no axis 2");
}

TEMPLATE_TEST_CASE("concatenate puts operands one after the other", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of<T>(Shape{1, 2}, {1, 2}));
  const auto b = tape.variable(array_of<T>(Shape{2, 2}, {3, 4, 5, 6}));
  const auto c = tape.variable(array_of<T>(Shape{2, 1}, {7, 8}));
  CHECK((concatenate({a, b}).value() == array_of<T>(Shape{3, 2}, {1, 2, 3, 4, 5, 6})));
  CHECK((concatenate({b, c}, 1).value() == array_of<T>(Shape{2, 3}, {3, 4, 7, 5, 6, 8})));
  CHECK((concatenate({c, b}, -1).value() == array_of<T>(Shape{2, 3}, {7, 3, 4, 8, 5, 6})));
  CHECK((concatenate(std::vector{a}).value() == a.value()));
  CHECK((concatenate(std::vector{a, b, a}).shape() == Shape{4, 2}));
  tape.backward(sum(concatenate({b, c, b}, 1) *
                    tape.constant(array_of<T>(Shape{1, 5}, {1, 10, 100, 1000, 10000}))));
  CHECK((b.grad() == array_of<T>(Shape{2, 2}, {1001, 10010, 1001, 10010})));
  CHECK((c.grad() == array_of<T>(Shape{2, 1}, {100, 100})));
}

TEMPLATE_TEST_CASE("stack puts operands side by side along a new axis", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of<T>({1, 2})), b = tape.variable(array_of<T>({3, 4}));
  CHECK((stack({a, b}).value() == array_of<T>(Shape{2, 2}, {1, 2, 3, 4})));
  CHECK((stack({a, b, a}, 1).value() == array_of<T>(Shape{2, 3}, {1, 3, 1, 2, 4, 2})));
  CHECK((stack(std::vector{a, b}, -1).value() == array_of<T>(Shape{2, 2}, {1, 3, 2, 4})));
  CHECK((stack({tape.constant(T(1)), tape.constant(T(2))}).value() == array_of<T>({1, 2})));
  tape.backward(sum(stack({a, b, a}, 1) * tape.constant(array_of<T>({1, 10, 100}))));
  CHECK((a.grad() == array_of<T>({101, 101})));
  CHECK((b.grad() == array_of<T>({10, 10})));
}

TEST_CASE("stack refuses operands of different shapes") {
  Tape<float> tape;
  const auto a = tape.variable(counting(Shape{2, 3})), b = tape.variable(counting(Shape{3, 2}));
  CHECK(failure_of(tape, [&] { stack({a, b}); }) == "stack: (2, 3) and (3, 2) differ");
  CHECK(failure_of(tape, [&] { stack({a, a}, 3); }) == "stack: shape (2, 3, 2) has no axis 3");
  CHECK(failure_of(tape, [&] { stack(std::vector<Variable<float>>()); }) ==
        "stack: expected at least one operand, got none");
}

TEST_CASE("reshape takes extents that are known at run time") {
  Tape<float> tape;
  const std::vector<std::ptrdiff_t> extents{3, -1};
  CHECK(reshape(tape.variable(counting(Shape{2, 6})), extents).shape() == Shape{3, 4});
}

TEMPLATE_TEST_CASE("concatenate takes operands in a row, and an axis after them", "", float,
                   double) {
  using T = TestType;
  Tape<T> tape;
  const auto a = tape.variable(array_of<T>(Shape{1, 2}, {1, 2}));
  const auto b = tape.variable(array_of<T>(Shape{1, 2}, {3, 4}));
  CHECK((concatenate(a, b).value() == array_of<T>(Shape{2, 2}, {1, 2, 3, 4})));
  CHECK((concatenate(a, b, a, 1).value() == array_of<T>(Shape{1, 6}, {1, 2, 3, 4, 1, 2})));
  CHECK((concatenate(a, b, -1L).shape() == Shape{1, 4}));
  CHECK((concatenate(a).value() == a.value()));
  CHECK((concatenate(a, 1).value() == a.value()));
  CHECK((stack(a, b).shape() == Shape{2, 1, 2}));
  CHECK((stack(a, b, a, -1).value() == array_of<T>(Shape{1, 2, 3}, {1, 3, 1, 2, 4, 2})));
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

TEST_CASE("concatenate refuses operands that do not fit") {
  Tape<float> tape, other;
  const auto a = tape.variable(counting(Shape{2, 3})), b = tape.variable(counting(Shape{2, 4}));
  const auto row = tape.variable(counting(Shape{3})), scalar = tape.variable(1);
  const auto elsewhere = other.variable(counting(Shape{2, 3}));
  CHECK_THROWS_AS(concatenate({a, b}), ShapeError);
  CHECK(failure_of(tape, [&] {
          concatenate({a, b});
        }) == "concatenate: (2, 3) and (2, 4) do not fit along axis 0");
  CHECK(failure_of(tape, [&] {
          concatenate({a, row}, -2);
        }) == "concatenate: (2, 3) and (3) do not fit along axis 0");
  CHECK(failure_of(tape, [&] {
          concatenate({a, a}, 2);
        }) == "concatenate: shape (2, 3) has no axis 2");
  CHECK(failure_of(tape, [&] {
          concatenate({scalar, scalar});
        }) == "concatenate: 'variable' is a scalar, which has no axis: use stack");
  CHECK_THROWS_AS(concatenate(std::vector<Variable<float>>()), ShapeError);
  CHECK(failure_of(tape, [&] { concatenate(std::vector<Variable<float>>()); }) ==
        "concatenate: expected at least one operand, got none");
  CHECK_THROWS_AS(concatenate({a, elsewhere}), TapeError);
  CHECK(failure_of(tape, [&] {
          concatenate({a, elsewhere});
        }) == "concatenate: the operands live on different tapes");
}

TEMPLATE_TEST_CASE("slice takes a range of an axis", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(counting<T>(Shape{4, 3}));
  CHECK((slice(x, 1, 3).value() == array_of<T>(Shape{2, 3}, {3, 4, 5, 6, 7, 8})));
  CHECK((slice(x, -1, 4).value() == array_of<T>(Shape{1, 3}, {9, 10, 11})));
  CHECK((slice(x, 0, -3).value() == array_of<T>(Shape{1, 3}, {0, 1, 2})));
  CHECK((slice(x, 1, 2, 1).value() == array_of<T>(Shape{4, 1}, {1, 4, 7, 10})));
  CHECK((slice(x, 1, 3, -1).value() == array_of<T>(Shape{4, 2}, {1, 2, 4, 5, 7, 8, 10, 11})));
  CHECK(slice(x, 4, 4).shape() == Shape{0, 3});
  const auto columns_one_and_two = [](auto v) { return slice(v, 1, 3, 1); };
  CHECK(evaluate(columns_one_and_two, Array<T>(Shape{0, 3})).grad.shape() == Shape{0, 3});
  CHECK((slice(x, 0, 4).value() == x.value()));
  const auto overlapping = [](auto v) { return slice(v, 0, 2) + slice(v, 1, 3); };
  CHECK((evaluate(overlapping, counting<T>(Shape{4})).grad == array_of<T>({1, 2, 1, 0})));
}

TEST_CASE("slice refuses what lies outside") {
  Tape<float> tape;
  const auto x = tape.variable(counting(Shape{3, 2}));
  CHECK_THROWS_AS(slice(x, 0, 4), ShapeError);
  CHECK(failure_of(tape, [&] { slice(x, 0, 4); }) ==
        "slice: [0, 4) is not within axis 0 of (3, 2)");
  CHECK(failure_of(tape, [&] { slice(x, 2, 1); }) ==
        "slice: [2, 1) is not within axis 0 of (3, 2)");
  CHECK(failure_of(tape, [&] { slice(x, -3, 1, 1); }) ==
        "slice: [-3, 1) is not within axis 1 of (3, 2)");
  CHECK(failure_of(tape, [&] { slice(x, -1, 0); }) ==
        "slice: [-1, 0) is not within axis 0 of (3, 2)");
  CHECK(failure_of(tape, [&] { slice(x, 0, 1, 2); }) == "slice: shape (3, 2) has no axis 2");
}

TEMPLATE_TEST_CASE("gather takes rows, and gives back the gradients of each", "", float, double) {
  using T = TestType;
  const auto take = [](auto x) {
    return gather(x, {2, 0, 2}) * x.tape().constant(array_of<T>(Shape{3, 1}, {1, 10, 100}));
  };
  const auto computed = evaluate(take, counting<T>(Shape{3, 2}));
  CHECK((computed.value == array_of<T>(Shape{3, 2}, {4, 5, 0, 10, 400, 500})));
  CHECK((computed.grad == array_of<T>(Shape{3, 2}, {10, 10, 0, 0, 101, 101})));
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
  CHECK_THROWS_AS(gather(x, {0, 3}), ValueError);
  CHECK(failure_of(tape, [&] {
          gather(x, {0, 3});
        }) == "gather: row 3 at position 1 is not one of the 3 rows of (3, 2)");
  CHECK(failure_of(tape, [&] { gather(x, {-1}); }) ==
        "gather: row -1 at position 0 is not one of the 3 rows of (3, 2)");
  CHECK_THROWS_AS(gather(scalar, {0}), ShapeError);
  CHECK(failure_of(tape, [&] { gather(scalar, {0}); }) == "gather: a scalar has no rows");
}
