#include <cstddef>
#include <stdexcept>
#include <utility>

#include "autograd/checkpoint.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/dropout.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// Gradients from a cotangent, and several backward passes on one recording.

using namespace xtape;

TEST_CASE("backward takes a gradient of any shape to begin with") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>{1, 2, 3});
  const auto y = x * x;
  tape.backward(y, {1.f, 10.f, 100.f});
  CHECK((x.grad() == Array<float>{2, 40, 600}));
  tape.rewind();
  const auto leaf = tape.variable(Array<float>{1, 2});
  tape.backward(leaf, {5.f, 6.f});
  CHECK((leaf.grad() == Array<float>{5, 6}));
  tape.rewind();
  const auto empty = tape.variable(Array<float>(Shape{0, 2}));
  tape.backward(empty * 2.f, Array<float>(Shape{0, 2}));
  CHECK(same_shape(empty.grad().shape(), Shape{0, 2}));
}

/// Whether backward() takes a cotangent of type Cotangent on a tape of T.
template <class T, class Cotangent>
constexpr bool takes = requires(Tape<T>& tape, Variable<T> y, const Cotangent& cotangent) {
  tape.backward(y, cotangent);
};

TEST_CASE("backward takes no cotangent of more digits, as no op does") {
  STATIC_REQUIRE(takes<float, Array<float>>);
  STATIC_REQUIRE(takes<double, Array<double>>);
  STATIC_REQUIRE_FALSE(takes<float, Array<double>>);
}

TEST_CASE("backward refuses a cotangent of another shape, and differentiates nothing") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>{1, 2, 3});
  const auto y = x * 2.f;
  CHECK_FAILS(tape.backward(y, Array<float>{1, 2}), ShapeError,
              "backward: expected a cotangent (3) for 'multiply', got (2)");
  Array<float> moved{1, 2, 3};
  const Array<float> taken = std::move(moved);
  CHECK_THROWS_AS(tape.backward(y, moved), ShapeError);
  CHECK_FALSE(tape.differentiated());
  tape.backward(y, taken);
  CHECK((x.grad() == Array<float>{2, 4, 6}));
}

TEST_CASE("retain_graph lets a recording be walked again, with new gradients each time") {
  Tape<float> tape;
  CHECK_FALSE(tape.retains_graph());
  tape.retain_graph(true);
  CHECK(tape.retains_graph());
  const auto x = tape.variable(Array<float>{1, 2}), z = tape.variable(3.f);
  const auto inner = tanh(x);
  const auto y = inner * z, other = sum(x);
  tape.backward(y, {1.f, 0.f});
  const Array<float> first = x.grad();
  CHECK(z.has_grad());
  tape.backward(other);  // another result of the recording
  CHECK((x.grad() == Array<float>{1, 1}));
  CHECK_FALSE(z.has_grad());
  CHECK_THROWS_AS(z.grad(), TapeError);
  tape.backward(y, {1.f, 0.f});
  CHECK((x.grad() == first));
  CHECK_THROWS_AS(inner.grad(), TapeError);  // it was not kept
  tape.backward(x * 3.f, x.grad());          // a gradient of the pass before, on an op that is new
  CHECK((x.grad() == Array<float>(3.f * first)));
  tape.retain_graph(false);
  CHECK_THROWS_AS(tape.backward(y, {1.f, 0.f}), TapeError);
}

TEST_CASE("A pass that fails leaves no gradients, and the next one works") {
  Tape<float> tape;
  tape.retain_graph(true);
  bool fails = false;
  const auto x = tape.variable(Array<float>{1, 2});
  const bool* const switched = &fails;
  const auto y = record("brittle", {x}, x.value() * 2.f, [switched, x](auto result) {
    if (*switched) {
      throw std::runtime_error("broken");
    }
    accumulate(x, result.grad() * 2.f);
  });
  tape.backward(y, {1.f, 1.f});
  fails = true;
  CHECK_THROWS_AS(tape.backward(y, {1.f, 1.f}), std::runtime_error);
  CHECK_FALSE(x.has_grad());
  CHECK_FALSE(tape.differentiated());
  fails = false;
  tape.backward(y, {3.f, 1.f});
  CHECK((x.grad() == Array<float>{6, 2}));
}

TEST_CASE("backward cannot be called within itself, also if the graph is retained") {
  Tape<float> tape;
  tape.retain_graph(true);
  const Array<float> w{1, 2};
  const auto y = sum(tape.parameter(w));
  const auto again = [&](const Array<float>&, Array<float>&) { tape.backward(y); };
  CHECK_FAILS(tape.backward(y, again), TapeError, "backward: called within Tape::backward");
  CHECK_FALSE(tape.differentiated());
}

TEST_CASE("Each pass gives the bits of the first, with dropout, batch norm and checkpoint") {
  Rng rng(4);
  const nn::BatchNorm<float> norm(8);
  const nn::Dropout dropout(0.5);
  Tape<float> tape;
  tape.retain_graph(true);
  const auto x = tape.variable(random_normal<float>({16, 8}, rng));
  const auto block = [&](Variable<float> v) { return dropout(tanh(norm(v))); };
  const auto y = sum(square(checkpoint(block, x) + block(x)));
  tape.backward(y);
  const Array<float> first = x.grad();
  for (int pass = 0; pass < 3; ++pass) {
    tape.backward(y);
    CHECK((x.grad() == first));
  }
}

TEST_CASE("A pass after the first allocates nothing") {
  COUNTING_OR_SKIP();
  Tape<float> tape;
  tape.retain_graph(true);
  const auto x = tape.variable(Array<float>(Shape{64, 64}, 0.5f));
  const auto y = sigmoid(matmul(x, tanh(x)));
  const Array<float> cotangent(Shape{64, 64}, 1.f);
  const auto hook = [](const Array<float>&, Array<float>&) {};
  const auto loss = mean(y);
  tape.backward(y, cotangent);
  tape.backward(loss, hook);
  const std::size_t before = allocation_count(), memory = tape.memory();
  tape.backward(y, cotangent);
  tape.backward(loss, hook);
  CHECK(allocation_count() == before);
  CHECK(tape.memory() == memory);
}
