#include "autograd/check/gradcheck.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tensor/elementwise.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/operands.hpp"

using namespace xtape;

namespace {

using V = Variable<double>;

/// Returns x, with a gradient that is `factor` times too large.
V scaled_gradient(V x, double factor) {
  return record("scaled_gradient", {x}, x.value() * 1.0,
                [=](V y) { accumulate(x, y.grad() * factor); });
}

/// Returns x, with a gradient that is `value` for element `place` and right elsewhere.
V wrong_at(V x, std::size_t place, double value) {
  return record("wrong_at", {x}, x.value() * 1.0, [=](V y) {
    accumulate(x, y.grad());
    accumulate(x, [=](Array<double>& dx, double) { dx.data()[place] = value; });
  });
}

const Array<double> a = array_of<double>(Shape{2, 3}, {1, -2, 3, 4, 0.5, -6});
const Array<double> b = array_of<double>({0.25, 2, -1});

}  // namespace

TEST_CASE("gradcheck passes right gradients of one to four operands") {
  const auto one = gradcheck([](auto x) { return x * x; }, {a});
  CHECK(one);
  CHECK(one.passed());
  CHECK(one.compared == 6);
  CHECK(one.failed == 0);
  CHECK(one.failures.empty());
  CHECK(one.worst.size() == 1);
  CHECK(gradcheck([](V x, V y) { return x * y; }, {a, b}));
  CHECK(gradcheck([](auto x, auto y, auto z) { return x * y - z; }, {a, b, a}).compared == 15);
  CHECK(gradcheck([](V x, V y, const V& z, V w) { return x * y - z / w; }, {a, b, a, b}));
}

TEST_CASE("gradcheck takes a function of a span, and inputs in a vector") {
  const auto total = [](std::span<const V> x) {
    V y = x[0];
    for (const V& each : x.subspan(1)) {
      y = y * each;
    }
    return y;
  };
  CHECK(gradcheck(total, {a}).compared == 6);
  CHECK(gradcheck(total, {b, b, b, b, b}).compared == 15);
  const std::vector<Array<double>> inputs(7, b);
  CHECK(gradcheck(total, inputs).compared == 21);
  CHECK(gradcheck([](auto x, auto y) { return x * y; }, std::vector{a, b}));
}

TEST_CASE("gradcheck leaves the arrays it is given alone") {
  const Array<double> before = a;
  gradcheck([](auto x) { return exp(x); }, {a});
  CHECK((a == before));
}

TEST_CASE("gradcheck says which element of which input is wrong") {
  const auto result = gradcheck([](auto x, auto y) { return sum(wrong_at(x, 4, 7) * y); }, {a, b});
  CHECK(!result);
  CHECK(!result.passed());
  CHECK(result.compared == 9);
  CHECK(result.failed == 1);
  REQUIRE(result.failures.size() == 1);
  const GradcheckElement& wrong = result.failures[0];
  CHECK(wrong.input == 0);
  CHECK(wrong.index == Shape{1, 1});
  CHECK(wrong.analytic == 7);
  CHECK(wrong.numeric == Approx(2).epsilon(1e-9));
  CHECK(wrong.error == Approx(5).epsilon(1e-9));
  REQUIRE(result.worst.size() == 2);
  CHECK(result.worst[0].index == Shape{1, 1});
  CHECK(result.worst[1].input == 1);
}

TEST_CASE("gradcheck prints what it found") {
  const auto wrong = gradcheck([](auto x, auto y) { return sum(wrong_at(x, 4, 7) * y); }, {a, b});
  CHECK(to_string(wrong) ==
        "gradcheck: 1 of 9 elements differ\n"
        "  input 0 at (1, 1): analytic 7, numeric 2, error 5");
  std::ostringstream out;
  out << wrong;
  CHECK(out.str() == to_string(wrong));

  const auto scaled =
      gradcheck([](auto x) { return sum(scaled_gradient(x, 2)); }, {Array<double>(Shape{12}, 0.0)});
  CHECK(scaled.failures.size() == 10);
  const std::string text = to_string(scaled);
  CHECK(text.find("gradcheck: 12 of 12 elements differ\n  input 0 at (0): analytic 2, numeric 1, "
                  "error 1\n  input 0 at (1)") == 0);
  CHECK(text.find("\n  and 2 more\n  worst of input 0 at (") != std::string::npos);

  const auto passed = gradcheck([](auto x) { return sum(x) * 0; }, {a});
  CHECK(to_string(passed) == "gradcheck: passed: 6 elements compared, greatest error 0");
}

TEST_CASE("gradcheck checks the whole vector-Jacobian product of an array") {
  // Right only for a gradient of ones, as the plain sum would give.
  const auto right_for_ones = [](V x) {
    return record("right_for_ones", {x}, x.value() * 1.0,
                  [=](V y) { accumulate(x, y.value() * 0.0 + 1.0); });
  };
  CHECK(gradcheck([&](V x) { return sum(right_for_ones(x)); }, {a}));
  CHECK(!gradcheck(right_for_ones, {a}));
}

TEST_CASE("gradcheck measures in its tolerances") {
  const auto f = [](auto x) { return sum(scaled_gradient(x, 1 + 1e-4)); };
  CHECK(!gradcheck(f, {a}));
  CHECK(gradcheck(f, {a}, {.relative_tolerance = 2e-4}));
  CHECK(gradcheck(f, {a}, {.relative_tolerance = 0, .absolute_tolerance = 2e-4}));
  CHECK(!gradcheck(f, {a}, {.relative_tolerance = 5e-5, .absolute_tolerance = 0}));
}

TEST_CASE("gradcheck steps in proportion to large elements") {
  // A step of 6e-6 would be lost in the rounding of 1e12.
  for (const double x : {1e12, -1e6, 1e-9}) {
    CHECK(gradcheck([](auto v) { return v * v; }, {array_of<double>({x})}));
  }
  // The truncation error is h^2 / 6 times the third derivative.
  const auto cubed = [](auto x) { return sum(pow(x, 3)); };
  const auto coarse = gradcheck(cubed, {array_of<double>({2})}, {.step = 1e-2});
  REQUIRE(coarse.failed == 1);
  CHECK(coarse.failures[0].numeric == Approx(12 + 4e-4).epsilon(1e-9));
}

TEST_CASE("gradcheck takes an absent gradient for zeros") {
  CHECK(gradcheck([](auto x, auto) { return x * x; }, {a, b}).compared == 9);
  CHECK(gradcheck([](auto x) { return x.tape().constant(1.0); }, {a}));
  // Its value depends on x, but no gradient flows.
  const auto detached =
      gradcheck([](V x) { return x.tape().constant(xt::eval(x.value() * 2.0)); }, {b});
  CHECK(detached.failed == 3);
  CHECK(detached.failures[0].analytic == 0);
}

TEST_CASE("gradcheck fails at NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto nan_gradient = gradcheck([=](auto x) { return sum(wrong_at(x, 1, nan)); }, {b});
  CHECK(nan_gradient.failed == 1);
  CHECK(std::isnan(nan_gradient.worst[0].error));
  CHECK(to_string(nan_gradient) ==
        "gradcheck: 1 of 3 elements differ\n"
        "  input 0 at (1): analytic nan, numeric 1, error nan");
  CHECK(gradcheck([](auto x) { return sqrt(x); }, {array_of<double>({-1, 4})}).failed == 2);
  CHECK(gradcheck([](auto x) { return x * 2; }, {array_of<double>({nan})}).failed == 1);
  CHECK(gradcheck([=](auto x) { return sum(wrong_at(x, 1, infinity)); }, {b}).failed == 1);
}

TEST_CASE("gradcheck draws a random sample of large inputs, the same each time") {
  const Array<double> large(Shape{10, 10}, 1.0);
  const auto failing = [](auto x, auto y) { return sum(scaled_gradient(x * y, 2)); };
  const auto result = gradcheck(failing, {large, b(0)}, {.max_elements = 5});
  CHECK(result.compared == 6);
  REQUIRE(result.failures.size() == 6);
  std::vector<std::size_t> places;
  for (const auto& failure : std::span(result.failures).first(5)) {
    places.push_back(failure.index[0] * 10 + failure.index[1]);
  }
  for (std::size_t i = 1; i < places.size(); ++i) {
    CHECK(places[i - 1] < places[i]);
  }
  CHECK(places.back() > 10);  // not just the first ones
  const auto again = gradcheck(failing, {large, b(0)}, {.max_elements = 5});
  CHECK(to_string(again) == to_string(result));
  const auto other = gradcheck(failing, {large, b(0)}, {.max_elements = 5, .seed = 7});
  CHECK(to_string(other) != to_string(result));
}

TEST_CASE("gradcheck takes inputs without elements") {
  const auto result =
      gradcheck([](auto x, auto y) { return x * y; }, {Array<double>(Shape{0, 3}), b});
  CHECK(result);
  CHECK(result.compared == 3);
  CHECK(result.worst.size() == 1);
  CHECK(result.worst[0].input == 1);
  CHECK(gradcheck([](auto x) { return x; }, {Array<double>(Shape{0})}).compared == 0);
}

TEST_CASE("gradcheck gives random ops the same numbers each time") {
  CHECK(gradcheck([](auto x) { return dropout(x, 0.5, x.tape().rng()) * x; },
                  {Array<double>(Shape{50}, 1.5)}));
}

TEST_CASE("gradcheck checks a model's own arrays in place") {
  Array<double> weight = array_of<double>(Shape{3, 2}, {0.1, 0.2, -0.3, 0.4, 0.5, -0.6});
  Array<double> bias = array_of<double>({0.7, -0.8}), unused = bias;
  const Array<double> weight_before = weight, bias_before = bias;
  const double* storage = weight.data();
  const auto loss = [&](Tape<double>& tape) {
    const auto y = linear(tape.constant(a), tape.parameter(weight), tape.parameter(bias));
    return softmax_cross_entropy(y, {1, 0});
  };
  CHECK(gradcheck(loss, {&weight, &bias, &unused}).compared == 10);
  CHECK(gradcheck(loss, {&weight, &bias, &unused}));
  CHECK(gradcheck(loss, std::vector<Array<double>*>{&bias}));
  CHECK(gradcheck(loss, {&weight}));
  CHECK((weight == weight_before));
  CHECK((bias == bias_before));
  CHECK(weight.data() == storage);

  const auto wrong =
      gradcheck([&](Tape<double>& tape) { return sum(scaled_gradient(tape.parameter(bias), 3)); },
                {&weight, &bias});
  CHECK(wrong.failed == 2);
  CHECK(wrong.failures[0].input == 1);
  CHECK((bias == bias_before));
}

TEST_CASE("gradcheck restores the arrays when the function throws") {
  Array<double> parameter = array_of<double>({0.1, 0.2, 0.3});
  const Array<double> before = parameter;
  int calls = 0;
  const auto loss = [&](Tape<double>& tape) {
    require<ValueError>(++calls < 5, "call {} is one too many", calls);
    return sum(square(tape.parameter(parameter)));
  };
  CHECK(message_of([&] { gradcheck(loss, {&parameter}); }) == "call 5 is one too many");
  CHECK((parameter == before));
}

TEST_CASE("gradcheck takes a function that changes its own state") {
  int calls = 0;
  CHECK(gradcheck([calls](auto x) mutable { return ++calls, x * x; }, {b}));
  CHECK(gradcheck([&](auto x) { return ++calls, x * x; }, {b}));
  CHECK(calls == 7);
}

TEST_CASE("gradcheck refuses what it cannot check") {
  const auto f = [](auto x) { return x * x; };
  const auto loss = [](Tape<double>& tape) { return tape.constant(1.0); };
  Array<double> parameter = b, moved(Shape{2}, 1.0);
  move_away(moved);
  const std::vector<Array<double>> none;
  const std::vector<Array<double>*> no_parameters;
  const std::string op = "gradcheck: ";
  CHECK_FAILS(gradcheck(f, none), ValueError, op + "expected at least one input, got none");
  CHECK_FAILS(gradcheck(loss, no_parameters), ValueError,
              op + "expected at least one input, got none");
  CHECK_FAILS(gradcheck(f, {a, b}), ValueError, op + "got 2 inputs for a function of 1");
  CHECK_FAILS(gradcheck(loss, {&parameter, nullptr}), ValueError, op + "input 1 is a null pointer");
  CHECK_FAILS(gradcheck(loss, {&parameter, &moved}), ShapeError,
              op + "input 1: an array of shape (2) holds 0 elements instead of 2: was it moved "
                   "from?");
  CHECK_FAILS(gradcheck(f, {a}, {.step = 0}), ValueError,
              op + "expected a step between 0 and 1, got 0");
  CHECK_FAILS(gradcheck(f, {a}, {.step = std::nan("")}), ValueError,
              op + "expected a step between 0 and 1, got nan");
  CHECK_FAILS(gradcheck(f, {a}, {.absolute_tolerance = -1}), ValueError,
              op + "expected tolerances of at least 0, got 1e-06 and -1");
}
