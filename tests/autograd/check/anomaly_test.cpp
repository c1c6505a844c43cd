#include "autograd/check/anomaly.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/scope.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

namespace {

constexpr float nan_f = std::numeric_limits<float>::quiet_NaN();
constexpr float inf_f = std::numeric_limits<float>::infinity();

/// A tape with anomaly detection on.
struct Watchful {
  Tape<float> tape;
  Watchful() { tape.detect_anomaly(true); }
};

}  // namespace

TEST_CASE("A tape looks for anomalies when it is told to, and only then") {
  Tape<float> tape;
  CHECK_FALSE(tape.detects_anomaly());
  const auto x = tape.variable(array_of(Shape{2}, {0.f, -1.f}));
  tape.backward(sum(sqrt(x)));
  tape.rewind();
  tape.detect_anomaly(true);
  CHECK(tape.detects_anomaly());
  const auto y = tape.variable(array_of(Shape{2}, {0.f, -1.f}));
  CHECK_THROWS_AS(sqrt(y), AnomalyError);
  tape.detect_anomaly(false);
  CHECK_NOTHROW(sqrt(y));
}

TEST_CASE("A value that goes bad names the op, the element and the inputs beside it") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.variable(array_of(Shape{2, 3}, {1.f, 2.f, 3.f, 4.f, 0.f, -5.f}));
  CHECK_REFUSED(
      tape, log(x), AnomalyError,
      "log gave -inf at (1, 1) of (2, 3), the first of 2 elements that are not finite; its "
      "inputs: 'variable' (2, 3) is 0 at (1, 1), from -5 to 4");
  const auto columns = tape.constant(array_of(Shape{3}, {2.f, 0.f, 1.f}));
  CHECK_REFUSED(
      tape, x / columns, AnomalyError,
      "divide gave inf at (0, 1) of (2, 3), the first of 2 elements that are not finite; its "
      "inputs: 'variable' (2, 3) is 2 at (0, 1), from -5 to 4, 'constant' (3) is 0 at (1), from "
      "0 to 2");
  CHECK_REFUSED(
      tape, sum(x * 2e38f), AnomalyError,
      "multiply (right 2e+38) gave inf at (0, 1) of (2, 3), the first of 4 elements that are not "
      "finite; its inputs: 'variable' (2, 3) is 2 at (0, 1), from -5 to 4");
}

TEST_CASE("Leaves are looked at too") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto bad = array_of(Shape{2}, {1.f, nan_f});
  CHECK_REFUSED(tape, tape.constant(bad), AnomalyError, "constant gave nan at (1) of (2)");
  CHECK_REFUSED(tape, tape.variable(inf_f), AnomalyError, "variable gave inf");
  CHECK_REFUSED(tape, tape.constant_view(bad), AnomalyError, "constant gave nan at (1) of (2)");
  CHECK_REFUSED(tape, tape.parameter(bad), AnomalyError, "parameter gave nan at (1) of (2)");
  CHECK_REFUSED(tape, tape.parameter(bad), AnomalyError, "parameter gave nan at (1) of (2)");
  CHECK_NOTHROW(tape.variable(Array<float>(Shape{0, 3})));
}

TEST_CASE("A parameter that was bad can be recorded when it is mended") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  auto weight = array_of(Shape{2}, {1.f, nan_f});
  CHECK_THROWS_AS(tape.parameter(weight), AnomalyError);
  weight.fill(3.f);
  tape.backward(sum(square(tape.parameter(weight))));
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 6.f)));
}

TEST_CASE("What takes the place of a parameter that was bad is not taken for it") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto weight = array_of(Shape{2}, {1.f, 2.f}), factor = Array<float>(Shape{}, 3.f);
  const auto bad = array_of(Shape{2}, {1.f, nan_f});
  const auto w = tape.parameter(weight);
  CHECK_THROWS_AS(tape.parameter(bad), AnomalyError);
  SECTION("a constant") { tape.backward(sum(w * tape.constant(3.f))); }
  SECTION("an op") { tape.backward(sum(w * 3.f)); }
  SECTION("another parameter") { tape.backward(sum(w * tape.parameter(factor))); }
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 3.f)));
}

TEST_CASE("A gradient that goes bad names the op that made it") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.variable(array_of(Shape{3}, {4.f, 0.f, 1.f}));
  const auto loss = sum(sqrt(x) * 3.f);
  CHECK_FAILS(
      tape.backward(loss), AnomalyError,
      "backward of sqrt gave its input 'variable' the gradient inf at (1) of (3); its inputs: "
      "'variable' (3) is 0 at (1), from 0 to 4; its value (3) is 0 at (1), from 0 to 2, the "
      "gradient of that (3) is 3 at (1), from 3 to 3");
  CHECK_THROWS_AS(x.grad(), TapeError);
  tape.detect_anomaly(false);
  tape.backward(loss);
  CHECK(x.grad()(1) == inf_f);
}

TEST_CASE("The gradient that is bad first is the one that is told") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.variable(array_of(Shape{2}, {0.f, 1.f}));
  const auto y = exp(pow(x, 0.5f));
  CHECK(message_of([&] {
          tape.backward(sum(y));
        }).find("backward of pow (exponent 0.5) gave its input") == 0);
}

TEST_CASE("Inputs that stand nowhere in particular are told by their range") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.constant(Array<float>(Shape{2, 3}, 1e20f));
  const auto w = tape.variable(Array<float>(Shape{3, 4}, 1e20f));
  CHECK_REFUSED(
      tape, matmul(x, w), AnomalyError,
      "matmul (transpose_a 0, transpose_b 0) gave inf at (0, 0) of (2, 4), the first of 8 elements "
      "that are not finite; its "
      "inputs: 'constant' (2, 3) is from 1e+20 to 1e+20, 'variable' (3, 4) is from 1e+20 to "
      "1e+20");
}

TEST_CASE("Scopes say where in the model an op is") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.variable(0.f);
  const auto run = [&] {
    const Scope outer{tape, "decoder"};
    int asked = 0;
    const Scope inner{tape, [&] {
                        ++asked;
                        return "block " + std::to_string(7);
                      }};
    const auto y = sqrt(x);
    CHECK(asked == 1);
    return y;
  };
  const auto y = run();
  const auto z = y * 2.f;
  CHECK(message_of([&] { tape.backward(z); }) ==
        "backward of sqrt in decoder, block 7 gave its input 'variable' the gradient inf; its "
        "inputs: 'variable' is 0; its value is 0, the gradient of that is 2");
  const Scope scope{tape, "head"};
  CHECK(message_of([&] { log(z); }) == "log in head gave -inf; its inputs: 'multiply' is 0");
}

TEST_CASE("A scope asks for no name while nothing is detected") {
  Tape<float> tape;
  const Scope scope{tape, []() -> std::string { throw std::logic_error("asked"); }};
  const auto x = tape.variable(1.f);
  CHECK_NOTHROW(tape.backward(log(x)));
}

TEST_CASE("Detection that begins and ends in the middle knows what it saw") {
  Tape<float> tape;
  const auto x = tape.variable(0.f);
  const auto y = sqrt(x);
  tape.detect_anomaly(true);
  CHECK(message_of([&] { tape.backward(y * 1.f); }).find("backward of sqrt gave its input") == 0);
}

TEST_CASE("An op made of several that goes bad half way leaves nothing behind") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  const auto x = tape.variable(Array<float>(Shape{2, 2}, 1e30f));
  const auto y = tape.constant(Array<float>(Shape{2, 2}, -1e30f));
  const std::size_t before = tape.size();
  CHECK(message_of([&] { mse(x, y); }).starts_with("square gave inf at (0, 0) of (2, 2)"));
  CHECK(tape.size() == before);
  CHECK_NOTHROW(sum(x));
}

TEST_CASE("A parameter that changed between forward and backward is told") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  auto weight = array_of(Shape{2, 3}, {1.f, 2.f, 3.f, 4.f, 0.5f, 6.f});
  const std::string must_not =
      ": a parameter must neither move nor change before backward() is done";
  const auto record = [&] {
    tape.rewind();
    const Scope outer{tape, "decoder"}, inner{tape, "head"};
    return sum(square(tape.parameter(weight)));
  };
  auto loss = record();
  weight(1, 1) = 0.75f;
  CHECK_FAILS(
      tape.backward(loss), AnomalyError,
      "backward: a parameter in decoder, head has changed since it was recorded: 0.5 became "
      "0.75 at (1, 1) of (2, 3)" +
          must_not);
  CHECK_FALSE(tape.differentiated());
  weight(0, 2) = nan_f;
  CHECK(message_of([&] { tape.backward(loss); }) ==
        "backward: a parameter in decoder, head has changed since it was recorded: 3 became nan "
        "at (0, 2) of (2, 3), the first of 2 elements that did" +
            must_not);

  SECTION("and is differentiated when it is itself again") {
    weight(0, 2) = 3.f;
    weight(1, 1) = 0.5f;
    tape.backward(loss);
    CHECK(tape.grad(weight)(1, 1) == 1.f);
    weight(1, 1) = 8.f;  // as an optimizer's step does
    CHECK(tape.grad(weight)(1, 1) == 1.f);
  }
  SECTION("or without detection, as a mixture") {
    tape.detect_anomaly(false);
    CHECK_NOTHROW(tape.backward(loss));
  }
  SECTION("also when it is asked for again in between") {
    weight.fill(2.f);
    loss = record();
    weight.fill(3.f);
    CHECK_THROWS_AS(tape.backward(loss + sum(tape.parameter(weight))), AnomalyError);
  }
}

TEST_CASE("A scalar parameter and a viewed constant that changed are told") {
  Watchful watchful;
  Tape<float>& tape = watchful.tape;
  Array<float> scale(Shape{}, 2.f), images(Shape{2}, 1.f);
  const auto loss = sum(tape.constant_view(images) * tape.parameter(scale));
  scale() = -2.f;
  CHECK(message_of([&] { tape.backward(loss); }) ==
        "backward: a parameter has changed since it was recorded: 2 became -2: a parameter must "
        "neither move nor change before backward() is done");
  scale() = 2.f;
  images(1) = 5.f;
  CHECK(message_of([&] { tape.backward(loss); }) ==
        "backward: a constant has changed since it was recorded: 1 became 5 at (1) of (2): a "
        "constant must neither move nor change before backward() is done");
  images(1) = 1.f;
  CHECK_NOTHROW(tape.backward(loss));
}

TEST_CASE("What changed is known of parameters recorded while anomalies were detected") {
  Tape<float> tape;
  Array<float> early(Shape{2}, 1.f), late(Shape{2}, 1.f);
  const auto before = sum(tape.parameter(early));
  tape.detect_anomaly(true);
  const auto loss = before + sum(square(tape.parameter(late)));
  early.fill(2.f);
  CHECK_NOTHROW(tape.backward(loss));
  tape.rewind();
  const auto again = sum(square(tape.parameter(early))) + sum(square(tape.parameter(late)));
  late.fill(3.f);
  CHECK_THROWS_AS(tape.backward(again), AnomalyError);
}

TEST_CASE("find_anomaly runs a loss again and says what goes bad first") {
  Tape<float> tape;
  const Array<float> weight(Shape{2}, 0.f);
  const auto stale = tape.constant(1.f);
  const auto found = find_anomaly(tape, [&] { return sum(sqrt(tape.parameter(weight))); });
  REQUIRE(found);
  CHECK(found->find("backward of sqrt gave its input 'parameter' the gradient inf") == 0);
  CHECK_FALSE(tape.detects_anomaly());
  CHECK_THROWS_AS(stale.value(), TapeError);
  CHECK_FALSE(find_anomaly(tape, [&] { return sum(square(tape.parameter(weight))); }));
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 0.f)));
  CHECK_THROWS_AS(find_anomaly(tape, [&] { return tape.parameter(weight); }), ShapeError);
  CHECK_FALSE(tape.detects_anomaly());
}

TEST_CASE("Detection changes no number") {
  const auto run = [](bool detect) {
    Tape<float> tape;
    tape.detect_anomaly(detect);
    Rng rng(1);
    const auto x = tape.variable(random_integers<float>(Shape{5, 4}, rng));
    tape.backward(sum(sigmoid(x) * x + dropout(tanh(x), 0.5, tape.rng())));
    return x.grad();
  };
  CHECK((run(true) == run(false)));
}
