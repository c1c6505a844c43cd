#include "autograd/ops/beside_array.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/derivatives.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("an array beside a Variable is a constant, on either side", "", float, double) {
  using T = TestType;
  const Array<T> numbers = array_of<T>({4, 0.5, -2});
  Array<T> changeable = numbers;
  const auto value = [](auto op) { return evaluate(op, array_of<T>({1, -2, 8})).value; };
  const auto grad = [](auto op) { return evaluate(op, array_of<T>({1, -2, 8})).grad; };
  CHECK((value([&](auto x) { return x + numbers; }) == array_of<T>({5, -1.5, 6})));
  CHECK((value([&](auto x) { return numbers + x; }) == array_of<T>({5, -1.5, 6})));
  CHECK((value([&](auto x) { return x - numbers; }) == array_of<T>({-3, -2.5, 10})));
  CHECK((value([&](auto x) { return numbers - x; }) == array_of<T>({3, 2.5, -10})));
  CHECK((value([&](auto x) { return x * changeable; }) == array_of<T>({4, -1, -16})));
  CHECK((value([&](auto x) { return changeable * x; }) == array_of<T>({4, -1, -16})));
  CHECK((value([&](auto x) { return x / numbers; }) == array_of<T>({0.25, -4, -4})));
  CHECK((value([&](auto x) { return Array<T>(numbers) / x; }) == array_of<T>({4, -0.25, -0.25})));
  CHECK((grad([&](auto x) { return x * numbers; }) == numbers));
  CHECK((grad([&](auto x) { return numbers - x; }) == array_of<T>({-1, -1, -1})));
  CHECK((grad([&](auto x) { return numbers / x; }) == array_of<T>({-4, -0.125, 0.03125})));
}

TEST_CASE("an array beside a Variable is copied") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>({1, 2}));
  Array<float> factors = array_of<float>({3, 4});
  const auto y = x * factors;
  factors.fill(0);
  tape.backward(sum(y));
  CHECK((x.grad() == array_of<float>({3, 4})));
}

TEST_CASE("expressions, views and integers stand beside a Variable, and broadcast") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  const Array<float> row = array_of<float>({1, 0, 2});
  CHECK(((x * (2.0 * row + 1)).value() == array_of<float>(Shape{2, 3}, {3, 2, 15, 12, 5, 30})));
  CHECK(((x + xt::mean(row)).value() == array_of<float>(Shape{2, 3}, {2, 3, 4, 5, 6, 7})));
  CHECK(((x * (x.value() > 3)).value() == array_of<float>(Shape{2, 3}, {0, 0, 0, 4, 5, 6})));
  CHECK(((x - x.value()).value() == array_of<float>(Shape{2, 3}, {0, 0, 0, 0, 0, 0})));
  const xt::xarray<std::int64_t> tens{10, 20, 30};
  const auto y = x * tens;
  CHECK((y.value() == array_of<float>(Shape{2, 3}, {10, 40, 90, 40, 100, 180})));
  tape.backward(sum(y));
  CHECK((x.grad() == array_of<float>(Shape{2, 3}, {10, 20, 30, 10, 20, 30})));
}

TEST_CASE("numbers of either type keep the type of the Variable, arrays of fewer digits widen") {
  Tape<float> in_float;
  Tape<double> in_double;
  const auto x = in_float.variable(2);
  const auto y = in_double.variable(2);
  STATIC_REQUIRE(std::same_as<decltype(x * 2.5), Variable<float>>);
  STATIC_REQUIRE(std::same_as<decltype(2 / x), Variable<float>>);
  STATIC_REQUIRE(std::same_as<decltype(x * Array<float>()), Variable<float>>);
  STATIC_REQUIRE(std::same_as<decltype(Array<float>() * y), Variable<double>>);
  CHECK(((y * array_of<float>({0.5, 3})).value() == array_of<double>({1, 6})));
  const Array<double> wide = array_of<double>({0.5, 3});
  CHECK(((x * xt::cast<float>(wide)).value() == array_of<float>({1, 6})));
}

TEST_CASE("matmul and the losses take an array for one operand") {
  Tape<double> tape;
  const Array<double> a = array_of<double>(Shape{1, 2}, {1, 2});
  const auto b = tape.variable(array_of<double>(Shape{2, 1}, {3, 4}));
  const auto product = matmul(a, b);
  CHECK(product.item() == 11);
  CHECK(mse(product, array_of<double>(Shape{1, 1}, {8})).item() == 9);
  CHECK(mse(array_of<double>(Shape{1, 1}, {8}), product).item() == 9);
  const xt::xarray<int> labels{0};
  CHECK(softmax_cross_entropy(product, labels).item() == 0);  // as classes, not probabilities
  tape.backward(mse(product, array_of<double>(Shape{1, 1}, {8})));
  CHECK((b.grad() == array_of<double>(Shape{2, 1}, {6, 12})));
}

TEST_CASE("an array that does not fit beside a Variable leaves the tape as it was") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  const Array<float> two = array_of<float>({1, 2});
  CHECK_REFUSED(tape, x + two, ShapeError, "add: shapes (2, 3) and (2) do not broadcast");
  CHECK_REFUSED(tape, two / x, ShapeError, "divide: shapes (2) and (2, 3) do not broadcast");
  CHECK_REFUSED(tape, matmul(x, two), ShapeError,
                "matmul: (2, 3) x (2) do not fit: expected (..., m, k) x (..., k, n)");
}

TEST_CASE("an array beside a Variable allocates nothing once seen") {
  COUNTING_OR_SKIP();
  const Array<float> numbers = array_of<float>({4, 0.5, -2});
  Tape<float> tape;
  std::size_t before = 0;
  for (int step = 0; step < 10; ++step) {
    before = step == 5 ? allocation_count() : before;
    tape.rewind();
    auto x = tape.variable(numbers);
    x *= numbers;
    x += 2 * numbers;
    tape.backward(sum(numbers / x));
  }
  CHECK(allocation_count() == before);
}

TEST_CASE("+= and its kin make a handle that of a new value") {
  Tape<float> tape;
  const auto x = tape.variable(array_of<float>({1, 2}));
  auto y = x;
  const auto before = y;
  y += x;
  y *= 3;
  y -= array_of<float>({1, 1});
  y /= 2.0;
  CHECK((y.value() == array_of<float>({2.5, 5.5})));
  CHECK((before.value() == array_of<float>({1, 2})));
  CHECK(&(y += x) == &y);
  tape.backward(sum(y));
  CHECK((x.grad() == array_of<float>({4, 4})));
}

TEST_CASE("A Variable without a value says so when it is used") {
  const std::string message = "a Variable without a value: nothing was assigned to it";
  Tape<float> tape;
  std::vector<Variable<float>> states(3);
  const auto x = tape.variable(2);
  CHECK_FAILS(states[0].value(), TapeError, message);
  CHECK_FAILS(states[0].tape(), TapeError, message);
  CHECK_FAILS(states[0].grad(), TapeError, message);
  CHECK_FAILS(states[0].needs_grad(), TapeError, message);
  CHECK_FAILS(tape.backward(states[0]), TapeError, message);
  CHECK_REFUSED(tape, x + states[0], TapeError, message);
  CHECK_REFUSED(tape, states[0] + x, TapeError, message);
  CHECK_REFUSED(tape, states[0] += 1, TapeError, message);
  CHECK_REFUSED(tape, exp(states[0]), TapeError, message);
  CHECK_REFUSED(tape, states[0] * array_of<float>({1}), TapeError, message);
  states.resize(4, x);
  states[0] = x * x;
  tape.backward(states[0] + states[3]);
  CHECK(x.grad()() == 5);
}

TEST_CASE("A Variable of one element converts to a number when asked") {
  Tape<float> tape;
  const auto x = tape.variable(2.75f);
  CHECK(double(x) == 2.75);
  CHECK(static_cast<float>(x) == 2.75f);
  CHECK(static_cast<int>(x) == 2);
  STATIC_REQUIRE_FALSE(std::convertible_to<Variable<float>, double>);
  STATIC_REQUIRE_FALSE(std::constructible_from<bool, Variable<float>>);
  const auto pair = tape.variable(array_of<float>({1, 2}));
  CHECK_FAILS(double(pair), ShapeError, "item: expected one element, but 'variable' produced (2)");
}

TEMPLATE_TEST_CASE("a number that was read from a Variable is a constant, forward as in reverse",
                   "", float, double) {
  using T = TestType;
  const Array<T> x{4}, v{2};
  const auto check = [&](auto f, T slope, T curvature) {
    CHECK(grad(f, x)(0) == slope);
    CHECK(jvp(f, x, v).second(0) == 2 * slope);
    CHECK(hvp(f, x, v)(0) == 2 * curvature);
  };
  check([](auto z) { return z * z.item(); }, 4, 0);
  check([](auto z) { return z.item() * z * z; }, 32, 8);
  check([](auto z) { return z * z + z.item() - (z.item() + z); }, 7, 2);
  check([](auto z) { return z.item() - z * z; }, -8, -2);
  check([](auto z) { return z / z.item(); }, T(0.25), 0);
  check([](auto z) { return z.item() / z; }, T(-0.25), T(0.125));
  check([](auto z) { return pow(z, z.item()); }, 256, 192);
  check([](auto z) { return z * (z >= z.item()) * (z.item() == z); }, 1, 0);
  check([](auto z) { return where(z < z.item(), z.item(), maximum(z * 3, z.item())); }, 3, 0);
  const auto in_place = [](auto z) {
    const auto number = z.item();
    z *= number;
    z -= number;
    return z;
  };
  check(in_place, 4, 0);
}
