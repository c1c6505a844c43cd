#include "autograd/tape.hpp"

#include <cstddef>
#include <deque>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

template <class Parameter>
concept is_parameter = requires(Tape<float>& tape, Parameter&& array) {
  tape.parameter(std::forward<Parameter>(array));
};
static_assert(is_parameter<Array<float>&>);
static_assert(is_parameter<const Array<float>&>);
static_assert(!is_parameter<Array<float>>, "a temporary would be gone before backward()");
static_assert(!is_parameter<const Array<float>>);
static_assert(!std::is_copy_constructible_v<Tape<float>>);
static_assert(std::is_trivially_copyable_v<Variable<float>>);

namespace {

/// Records y = 2x, and counts in `calls` how often backward visits it.
template <class T>
Variable<T> counted_double(Variable<T> x, int* calls) {
  return record("counted_double", {x}, T(2) * x.value(), [=](Variable<T> y) {
    ++*calls;
    accumulate(x, T(2) * y.grad());
  });
}

template <class T>
Array<T> scalar(T value) {
  return Array<T>(Shape{}, value);
}

}  // namespace

TEMPLATE_TEST_CASE("Leaves hold arrays, expressions, numbers and what callables write", "", float,
                   double) {
  using T = TestType;
  Tape<T> tape;
  const auto array = array_of(Shape{2}, {T(1), T(2)});
  const auto fill = [](Array<T>& out) {
    resize(out, Shape{3});
    out.fill(T(5));
  };
  CHECK((tape.constant(array).value() == array));
  CHECK((tape.constant(array * T(2)).value() == array_of(Shape{2}, {T(2), T(4)})));
  CHECK((tape.constant(3).value() == scalar(T(3))));
  CHECK((tape.constant(T(0.5)).value() == scalar(T(0.5))));
  CHECK((tape.constant(fill).value() == Array<T>(Shape{3}, T(5))));
  CHECK((tape.variable(array).value() == array));
  CHECK((tape.variable(array + array).value() == array_of(Shape{2}, {T(2), T(4)})));
  CHECK((tape.variable(T(0.5)).value() == scalar(T(0.5))));
  CHECK((tape.variable(fill).value() == Array<T>(Shape{3}, T(5))));
  CHECK((tape.parameter(array).value() == array));
  CHECK(tape.size() == 10);
}

TEST_CASE("Leaves know what they are") {
  Tape<float> tape;
  const Array<float> array(Shape{2, 3}, 1.f);
  const auto constant = tape.constant(array), variable = tape.variable(array);
  const auto parameter = tape.parameter(array), sum_of_two = constant + variable;
  CHECK(constant.op() == std::string("constant"));
  CHECK(variable.op() == std::string("variable"));
  CHECK(parameter.op() == std::string("parameter"));
  CHECK(sum_of_two.op() == std::string("add"));
  CHECK_FALSE(constant.needs_grad());
  CHECK(variable.needs_grad());
  CHECK(parameter.needs_grad());
  CHECK(sum_of_two.needs_grad());
  CHECK_FALSE((constant * 2.f).needs_grad());
  CHECK((parameter.shape() == Shape{2, 3}));
  CHECK(&parameter.tape() == &tape);
}

TEST_CASE("Constants and variables are copies, parameters are the array itself") {
  Tape<float> tape;
  Array<float> array(Shape{2}, 1.f);
  const auto constant = tape.constant(array), variable = tape.variable(array);
  const auto parameter = tape.parameter(array);
  array.fill(7.f);
  CHECK((constant.value() == Array<float>(Shape{2}, 1.f)));
  CHECK((variable.value() == Array<float>(Shape{2}, 1.f)));
  CHECK(&parameter.value() == &array);
}

TEST_CASE("item is the element of a variable that has one") {
  Tape<float> tape;
  CHECK(tape.constant(2.5f).item() == 2.5f);
  CHECK(tape.constant(Array<float>(Shape{1, 1}, 3.f)).item() == 3.f);
  const auto pair = tape.variable(Array<float>(Shape{1, 2}, 3.f));
  CHECK_THROWS_AS(pair.item(), ShapeError);
  CHECK_THROWS_WITH((pair * 2.f).item(),
                    "item: expected one element, but 'multiply' produced (1, 2)");
  CHECK_THROWS_WITH(tape.constant(Array<float>(Shape{0})).item(),
                    "item: expected one element, but 'constant' produced (0)");
}

TEMPLATE_TEST_CASE("A diamond of diamonds is walked once", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  int calls = 0;
  const auto x = tape.variable(T(1));
  Variable<T> y = x;
  constexpr int levels = 40;
  for (int level = 0; level < levels; ++level) {  // 2^40 paths lead from y to x
    const auto half = counted_double(y, &calls) * T(0.5);
    y = half + half * T(0.5) - y * T(0.5);  // y again, in total
  }
  tape.backward(y + y);
  CHECK(calls == levels);
  CHECK(y.item() == T(1));
  CHECK(x.grad()() == T(2));
}

TEST_CASE("Branches that the loss does not use are not walked") {
  Tape<float> tape;
  int used = 0, unused = 0;
  const auto x = tape.variable(3.f), z = tape.variable(4.f);
  const auto before = counted_double(counted_double(x, &unused), &unused);
  const auto loss = counted_double(x, &used);
  const auto after = counted_double(loss, &unused);
  tape.backward(loss);
  CHECK(used == 1);
  CHECK(unused == 0);
  CHECK(x.grad()() == 2.f);
  CHECK_THROWS_AS(before.grad(), TapeError);
  CHECK_THROWS_WITH(after.grad(),
                    "'counted_double' has no gradient: the loss does not depend on it");
  CHECK_THROWS_WITH(z.grad(), "'variable' has no gradient: the loss does not depend on it");
}

TEST_CASE("Constants get no gradient, and what leads to them is not computed") {
  Tape<float> tape;
  int calls = 0;
  const auto c = counted_double(tape.constant(2.f), &calls);
  const auto x = tape.variable(3.f);
  tape.backward(c * x);
  CHECK(x.grad()() == 4.f);
  CHECK(calls == 0);
  CHECK_THROWS_WITH(c.grad(), "'counted_double' has no gradient: nothing it depends on needs one");
}

TEST_CASE("A chain of a million ops is differentiated without recursion") {
  constexpr std::size_t length = 1'000'000;
  Tape<float> tape;
  const auto x = tape.variable(3.f);
  auto y = x;
  for (std::size_t i = 0; i < length; i += 2) {
    y = (y * 2.f) * 0.5f;
  }
  REQUIRE(tape.size() == length + 1);
  tape.backward(y * 5.f);
  CHECK(y.item() == 3.f);
  CHECK(x.grad()() == 5.f);
}

TEST_CASE("A tape that is rewound records other shapes as a new one would") {
  Tape<double> tape;
  Rng rng(1);
  for (const Shape& shape : {Shape{2, 3}, Shape{5}, Shape{}, Shape{4, 1, 2}, Shape{0}, Shape{2, 3},
                             Shape{3, 2, 1, 1, 2}, Shape{1}}) {
    for (bool longer : {false, true}) {
      Tape<double> fresh;
      const auto values = random_integers<double>(shape, rng);
      const auto run = [&](Tape<double>& on) {
        const auto x = on.variable(values);
        const auto y = longer ? square(x) * 3.0 - x : x / 2.0;
        on.backward(sum(y));
        return x;
      };
      tape.rewind();
      CHECK(tape.size() == 0);
      const auto x = run(tape), expected = run(fresh);
      CHECK(tape.size() == fresh.size());
      CHECK((x.value() == values));
      CHECK((x.grad() == expected.grad()));
    }
  }
}

TEST_CASE("A constant that takes a variable's old place has no gradient") {
  Tape<float> tape;
  const auto x = tape.variable(2.f);
  tape.backward(x * x);
  tape.rewind();
  const auto c = tape.constant(2.f);
  const auto y = c * c;
  CHECK_FALSE(y.needs_grad());
  CHECK_THROWS_AS(c.grad(), TapeError);
  const auto z = tape.variable(3.f);
  tape.backward(y * z);
  CHECK(z.grad()() == 4.f);
  CHECK_THROWS_AS(c.grad(), TapeError);
}

TEST_CASE("A Variable is stale once its tape is rewound") {
  Tape<float> tape;
  const auto x = tape.variable(1.f);
  tape.backward(x * 2.f);
  tape.rewind();
  const auto fresh = tape.variable(1.f);
  const std::string stale = "stale Variable: recorded before Tape::rewind()";
  CHECK_FAILS(x.value(), TapeError, stale);
  CHECK_THROWS_WITH(x.shape(), stale);
  CHECK_THROWS_WITH(x.grad(), stale);
  CHECK_THROWS_WITH(x.item(), stale);
  CHECK_THROWS_WITH(x.op(), stale);
  CHECK_THROWS_WITH(x.needs_grad(), stale);
  CHECK_THROWS_WITH(x + fresh, stale);
  CHECK_THROWS_WITH(fresh + x, stale);
  CHECK_THROWS_WITH(sum(x), stale);
  CHECK_THROWS_WITH(concatenate({x, x}), stale);
  CHECK_THROWS_WITH(tape.backward(x), stale);
  CHECK(tape.size() == 1);
  tape.backward(fresh * 3.f);
  CHECK(fresh.grad()() == 3.f);
}

TEST_CASE("backward wants a scalar loss that depends on something, once") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{64, 128}, 0.f));
  CHECK_FAILS(tape.backward(sigmoid(x)), ShapeError,
              "backward: the loss must be a scalar, but 'sigmoid' produced (64, 128); "
              "for another shape, pass a cotangent");
  const std::string independent =
      " depends on no parameter or variable, or was recorded under NoGrad";
  CHECK_FAILS(tape.backward(tape.constant(1.f) * 2.f), TapeError,
              "backward: the loss 'multiply'" + independent);
  Tape<float> other;
  CHECK_FAILS(tape.backward(other.variable(1.f)), TapeError,
              "backward: the loss lives on another tape");
  {
    const NoGrad guard(tape);
    CHECK_THROWS_WITH(tape.backward(sum(x)), "backward: the loss 'sum'" + independent);
  }
  const auto loss = sum(x);
  CHECK_FALSE(tape.differentiated());
  tape.backward(loss);
  CHECK(tape.differentiated());
  CHECK_FAILS(tape.backward(sum(x) * 2.f), TapeError,
              "backward: called twice on one recording; call Tape::rewind() and record "
              "again, or add the losses up and differentiate their sum, or allow it with "
              "retain_graph(true)");
  CHECK((x.grad() == Array<float>(Shape{64, 128}, 1.f)));
}

TEST_CASE("A loss of one element may have axes, and may be a leaf") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{1, 1}, 4.f));
  tape.backward(x * x);
  CHECK((x.grad() == Array<float>(Shape{1, 1}, 8.f)));
  tape.rewind();
  const auto y = tape.variable(4.f);
  tape.backward(y);
  CHECK(y.grad()() == 1.f);
}

TEST_CASE("Gradients that are not there say why") {
  Tape<float> tape;
  const Array<float> weight(Shape{2, 3}, 1.f), bias(Shape{3}, 1.f), unknown(Shape{4}, 1.f);
  const auto w = tape.parameter(weight);
  tape.parameter(bias);
  CHECK_FAILS(w.grad(), TapeError,
              "'parameter' has no gradient: Tape::backward has not been called");
  CHECK_THROWS_WITH(tape.grad(weight),
                    "Tape::grad: the parameter of shape (2, 3) has no gradient: Tape::backward has "
                    "not been called");
  CHECK(tape.find_grad(weight) == nullptr);
  tape.backward(sum(w));
  CHECK((tape.grad(weight) == weight));
  CHECK(tape.find_grad(weight) == &tape.grad(weight));
  for (const Array<float>* absent : {&bias, &unknown}) {
    CHECK(tape.find_grad(*absent) == nullptr);
    CHECK_THROWS_WITH(tape.grad(*absent), "Tape::grad: the parameter of shape " +
                                              to_string(absent->shape()) +
                                              " has no gradient: the loss does not depend on it");
  }
  tape.rewind();
  CHECK(tape.find_grad(weight) == nullptr);
}

TEST_CASE("What keep gives lives until the tape is rewound") {
  Tape<float> tape;
  std::vector<std::span<int>> kept;
  for (int i = 0; i < 2000; ++i) {
    kept.push_back(tape.keep<int>(static_cast<std::size_t>(i % 50)));
    std::fill(kept.back().begin(), kept.back().end(), i);
    tape.constant(1.f);
  }
  bool intact = true;
  for (int i = 0; i < 2000; ++i) {
    const auto& span = kept[static_cast<std::size_t>(i)];
    intact = intact && span.size() == static_cast<std::size_t>(i % 50);
    intact = intact && std::all_of(span.begin(), span.end(), [=](int x) { return x == i; });
  }
  CHECK(intact);
  const int* first = kept[1].data();
  tape.rewind();
  CHECK(tape.keep<int>(1).data() == first);
}
