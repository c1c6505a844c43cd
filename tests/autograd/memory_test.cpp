#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// The memory of a tape: how much a recorded value takes, and who owns it.

using namespace xtape;

namespace {

/// Records and differentiates a chain of `ops` ops, multiply and add in turn.
template <class T>
Variable<T> run_chain(Tape<T>& tape, const Shape& shape, std::size_t ops) {
  const auto factor = tape.variable(Array<T>(shape, T(2))),
             term = tape.variable(Array<T>(shape, T(1)));
  auto x = tape.variable(Array<T>(shape, T(0)));
  for (std::size_t i = 0; i < ops; i += 2) {
    x = x * factor + term;
  }
  tape.backward(sum(x));
  return factor;
}

template <class T>
double bytes_per_op(const Shape& shape) {
  constexpr std::size_t ops = 200000;
  Tape<T> tape;
  run_chain(tape, shape, ops);
  return static_cast<double>(tape.memory()) / ops;
}

}  // namespace

TEST_CASE("A recorded number takes at most 200 bytes, and an array of 14 at most 400") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: under the address sanitizer, pieces of memory have gaps");
  }
  CHECK(sizeof(Node<double>) <= 112);
  CHECK(bytes_per_op<double>(Shape{}) <= 200);
  CHECK(bytes_per_op<float>(Shape{}) <= 200);
  CHECK(bytes_per_op<float>(Shape{14}) <= 400);
  CHECK(bytes_per_op<double>(Shape{14}) <= 400);
}

TEST_CASE("A recording that repeats takes no more memory") {
  Tape<double> tape;
  run_chain(tape, Shape{}, 1000);
  const std::size_t memory = tape.memory();
  CHECK(memory > 0);
  for (int i = 0; i < 3; ++i) {
    tape.rewind();
    run_chain(tape, Shape{}, 1000);
    CHECK(tape.memory() == memory);
  }
}

TEST_CASE("A recording of mixed shapes that repeats allocates nothing") {
  COUNTING_OR_SKIP();
  const std::vector<Shape> shapes{Shape{}, Shape{14}, Shape{2, 3}, Shape{1, 40}, Shape{}, Shape{0}};
  Tape<float> tape;
  std::vector<Array<float>> starts;
  for (const Shape& shape : shapes) {
    starts.emplace_back(shape, 1.5f);
  }
  std::size_t during = 0;
  for (std::size_t round = 0; round < 20; ++round) {
    const std::size_t before = allocation_count();
    tape.rewind();
    auto total = tape.variable(0.f);
    for (std::size_t i = 0; i < 3 * shapes.size(); ++i) {  // each node meets each shape
      const auto x = tape.variable(starts[(i + round) % shapes.size()]);
      total = total + sum(x * x + 1.f);
    }
    tape.backward(total);
    during = allocation_count() - before;
  }
  CHECK(during == 0);
}

TEST_CASE("Values and gradients that leave the tape do not refer to its memory") {
  Array<float> copied, moved, gradient;
  {
    Tape<float> tape;
    const auto x = tape.variable(array_of(Shape{2}, {1.f, 2.f}));
    tape.backward(sum(x * x));
    copied = x.value();
    moved = std::move(const_cast<Array<float>&>(x.value()));
    gradient = x.grad();
    CHECK_THROWS_AS(sum(x), ShapeError);  // its value has moved away
  }
  CHECK((copied == array_of(Shape{2}, {1.f, 2.f})));
  CHECK((moved == copied));
  CHECK((gradient == array_of(Shape{2}, {2.f, 4.f})));
}

TEST_CASE("A callable may put memory of its own into a small node") {
  Tape<float> tape;
  for (int round = 0; round < 3; ++round) {
    tape.rewind();
    const auto x = tape.variable(1.f);
    const auto y = record("mine", {x},
                          [](Array<float>& out) {
                            out = array_of(Shape{3}, {1.f, 2.f, 3.f});
                          },
                          {});
    CHECK((y.value() == array_of(Shape{3}, {1.f, 2.f, 3.f})));
    const auto z = y * 2.f;
    CHECK((z.value() == array_of(Shape{3}, {2.f, 4.f, 6.f})));
  }
}

TEST_CASE("A tape gives its memory back when asked") {
  Tape<double> tape;
  tape.rng() = Rng{7};
  Rng expected{7};
  tape.keep_gradients(true);
  const Array<double> weight(Shape{3}, 1.0);
  const auto stale = run_chain(tape, Shape{2}, 1000);
  tape.parameter(weight);
  tape.release();
  CHECK(tape.memory() == 0);
  CHECK(tape.size() == 0);
  CHECK_THROWS_AS(stale.value(), TapeError);
  CHECK_THROWS_AS(stale.grad(), TapeError);
  CHECK(tape.find_grad(weight) == nullptr);
  CHECK(tape.keeps_gradients());
  CHECK(tape.rng()() == expected());
  tape.release();
  const auto x = tape.parameter(weight);
  tape.backward(sum(x * x));
  CHECK((x.grad() == Array<double>(Shape{3}, 2.0)));
  CHECK_THROWS_AS(stale.value(), TapeError);
}

TEST_CASE("A tape that is released frees all that it has allocated") {
  COUNTING_OR_SKIP();
  Tape<float> tape;
  run_chain(tape, Shape{2000}, 10);
  tape.rewind();
  run_chain(tape, Shape{}, 1000);
  tape.release();  // one free huge page stays, and the layouts of the shapes
  const std::size_t living = living_allocations();
  run_chain(tape, Shape{2000}, 10);
  tape.rewind();
  run_chain(tape, Shape{}, 1000);
  CHECK(living_allocations() > living);
  tape.release();
  CHECK(living_allocations() == living);
}

TEST_CASE("A tape is not released within its backward pass") {
  Tape<float> tape;
  const auto x = tape.variable(1.f);
  const auto y =
      record("self", {x}, x.value() + 1.f, [](Variable<float> self) { self.tape().release(); });
  CHECK_FAILS(tape.backward(y), TapeError, "release: called within Tape::backward");
  CHECK(tape.size() == 2);
}
