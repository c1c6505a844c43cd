#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// The hook of Tape::backward().

using namespace xtape;

namespace {

/// Notes which parameters are finished, and their gradients at that moment.
template <class T>
struct Finished {
  std::vector<const Array<T>*> parameters;
  std::vector<Array<T>> grads;

  void operator()(const Array<T>& parameter, Array<T>& grad) {
    parameters.push_back(&parameter);
    grads.push_back(grad);
  }
};

/// Records y = 2x. Backward notes in `walked` how many parameters were finished before it.
Variable<float> noting_double(Variable<float> x, const Finished<float>* finished,
                              std::size_t* before) {
  return record("noting_double", {x}, 2.f * x.value(), [=](Variable<float> y) {
    *before = finished->parameters.size();
    accumulate(x, 2.f * y.grad());
  });
}

using Parameters = std::vector<const Array<float>*>;

}  // namespace

TEMPLATE_TEST_CASE(
    "The hook gets each parameter once, in the order of completion, with its gradient", "", float,
    double) {
  using T = TestType;
  const Array<T> first(Shape{2}, T(2)), second(Shape{2}, T(3)), third(Shape{2}, T(5));
  Tape<T> tape;
  // third is recorded first and read last: it is complete first.
  const auto c = tape.parameter(third), a = tape.parameter(first), b = tape.parameter(second);
  const auto hidden = a * b;
  const auto loss = sum(hidden * a * c * c);
  Finished<T> finished;
  tape.backward(loss, finished);
  REQUIRE(finished.parameters == std::vector<const Array<T>*>{&third, &first, &second});
  for (std::size_t i = 0; i < finished.parameters.size(); ++i) {
    INFO("parameter " << i);
    CHECK((finished.grads[i] == tape.grad(*finished.parameters[i])));
  }
  CHECK((tape.grad(first) == Array<T>(Shape{2}, T(300))));  // 2 a b c c
}

TEST_CASE("The hook is called before the rest of the backward pass") {
  const Array<float> early(Shape{}, 2.f), late(Shape{}, 3.f);
  Tape<float> tape;
  Finished<float> finished;
  std::size_t before = 99;
  const auto hidden = noting_double(tape.parameter(early), &finished, &before);
  tape.backward(hidden * tape.parameter(late), finished);
  CHECK(before == 1);
  CHECK(finished.parameters == Parameters{&late, &early});
}

TEST_CASE("A parameter recorded before everything else is finished at its first reader") {
  const Array<float> first(Shape{}, 2.f), tied(Shape{}, 3.f);
  Tape<float> tape;
  Finished<float> finished;
  std::size_t before = 99;
  const auto t = tape.parameter(tied);
  const auto hidden = noting_double(tape.parameter(first), &finished, &before);
  tape.backward(hidden * t * t, finished);
  CHECK(before == 1);  // at the product, not at the beginning of the tape
}

TEST_CASE("Readers that the loss does not depend on delay no parameter") {
  const Array<float> parameter(Shape{}, 2.f), other(Shape{}, 3.f);
  Tape<float> tape;
  Finished<float> finished;
  std::size_t before = 99;
  const auto p = tape.parameter(parameter);
  static_cast<void>(p * p);
  const auto hidden = noting_double(tape.parameter(other), &finished, &before);
  tape.backward(hidden * p, finished);
  CHECK(before == 1);
  CHECK(finished.parameters == Parameters{&parameter, &other});
}

TEST_CASE("The hook is called for parameters alone") {
  const Array<float> used(Shape{2}, 1.f), unused(Shape{2}, 2.f), frozen(Shape{2}, 3.f);
  const Array<float> view(Shape{2}, 4.f);
  Tape<float> tape;
  tape.freeze(frozen);
  const auto variable = tape.variable(Array<float>(Shape{2}, 5.f));
  static_cast<void>(tape.parameter(unused) * variable);
  const auto loss = sum(tape.parameter(used) * variable * tape.parameter(frozen) *
                        tape.constant_view(view) * tape.constant(2.f));
  Finished<float> finished;
  tape.backward(loss, finished);
  CHECK(finished.parameters == Parameters{&used});
}

TEST_CASE("A loss that is a parameter is finished at once") {
  const Array<float> parameter(Shape{}, 2.f);
  Tape<float> tape;
  Finished<float> finished;
  tape.backward(tape.parameter(parameter), finished);
  REQUIRE(finished.parameters == Parameters{&parameter});
  CHECK(finished.grads[0]() == 1.f);
}

TEST_CASE("The hook may change the gradient") {
  const Array<float> parameter(Shape{2}, 3.f);
  Tape<float> tape;
  const auto p = tape.parameter(parameter);
  const auto halve = [](const Array<float>&, Array<float>& grad) { grad *= 0.5f; };
  tape.backward(sum(p * p), halve);  // an op that reads the parameter twice, halved once
  CHECK((tape.grad(parameter) == Array<float>(Shape{2}, 3.f)));
}

TEST_CASE("If the hook throws, the recording has no gradients, and backward can be called again") {
  const Array<float> first(Shape{}, 2.f), second(Shape{}, 3.f);
  Tape<float> tape;
  const auto loss = tape.parameter(first) * 2.f * tape.parameter(second);
  int calls = 0;
  const auto refuse = [&](const Array<float>&, Array<float>&) {
    if (++calls == 2) {
      throw std::runtime_error("no");
    }
  };
  CHECK_THROWS_WITH(tape.backward(loss, refuse), "no");
  CHECK_FALSE(tape.differentiated());
  CHECK(tape.find_grad(first) == nullptr);
  CHECK(tape.find_grad(second) == nullptr);
  Finished<float> finished;
  tape.backward(loss, finished);
  CHECK(finished.parameters == Parameters{&second, &first});
  CHECK(tape.grad(first)() == 6.f);
  CHECK(tape.grad(second)() == 4.f);
}

TEST_CASE("The hook must neither rewind nor differentiate") {
  const Array<float> parameter(Shape{}, 2.f);
  Tape<float> tape;
  const auto loss = square(tape.parameter(parameter));
  const auto rewind = [&](const Array<float>&, Array<float>&) { tape.rewind(); };
  CHECK_THROWS_WITH(tape.backward(loss, rewind), "rewind: called within Tape::backward");
  const auto again = [&](const Array<float>&, Array<float>&) { tape.backward(loss); };
  CHECK_THROWS_AS(tape.backward(loss, again), TapeError);
  tape.backward(loss);
  CHECK(tape.grad(parameter)() == 4.f);
}

TEST_CASE("A hook allocates nothing in a steady step") {
  COUNTING_OR_SKIP();
  const Array<float> first(Shape{40}, 2.f), second(Shape{40}, 3.f);
  Tape<float> tape;
  std::size_t finished = 0, filler[8] = {};  // more than fits into a std::function
  const auto count = [&finished, filler](const Array<float>&, Array<float>&) {
    finished += 1 + filler[0];
  };
  std::vector<std::size_t> allocations(5);
  for (std::size_t& number : allocations) {
    const std::size_t before = allocation_count();
    tape.rewind();
    tape.backward(sum(tape.parameter(first) * tape.parameter(second)), count);
    number = allocation_count() - before;
  }
  CHECK(finished == 10);
  CHECK(allocations[0] > 0);
  CHECK(allocations[3] == 0);
  CHECK(allocations[4] == 0);
}
