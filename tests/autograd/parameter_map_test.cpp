#include "autograd/parameter_map.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

TEST_CASE("ParameterMap finds what this recording inserted and nothing older") {
  ParameterMap<int> map;
  std::array<double, 3000> parameters{};
  std::array<int, 3000> nodes{};
  CHECK(map.find(&parameters[0], 1) == nullptr);
  for (std::uint64_t recording = 1; recording < 6; ++recording) {
    const std::size_t count = recording == 2 ? 3000 : 700 / recording;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      wrong += map.find(&parameters[i], recording) != nullptr;
      map.make_room(recording);
      map.insert(&parameters[i], &nodes[i * recording % 3000], recording);
      wrong += map.find(&parameters[i], recording) != &nodes[i * recording % 3000];
    }
    for (std::size_t i = 0; i < 3000; ++i) {
      wrong += map.find(&parameters[i], recording) !=
               (i < count ? &nodes[i * recording % 3000] : nullptr);
    }
    CHECK(wrong == 0);
    map.expire();
  }
}

TEMPLATE_TEST_CASE("A parameter used twice is one Variable", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto weight = array_of(Shape{2}, {T(3), T(4)});
  const auto first = tape.parameter(weight);
  const auto loss = sum(first * tape.parameter(weight));
  CHECK(tape.size() == 3);
  tape.backward(loss);
  CHECK((tape.grad(weight) == array_of(Shape{2}, {T(6), T(8)})));
  CHECK((first.grad() == tape.grad(weight)));
}

TEST_CASE("A parameter on two tapes has a gradient on each") {
  Tape<float> tape, other;
  const Array<float> weight(Shape{2}, 3.f);
  tape.backward(sum(square(tape.parameter(weight))));
  other.backward(sum(other.parameter(weight) * 5.f));
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 6.f)));
  CHECK((other.grad(weight) == Array<float>(Shape{2}, 5.f)));
}

TEST_CASE("Equal arrays are different parameters") {
  Tape<float> tape;
  const Array<float> weight(Shape{2}, 3.f), copy = weight;
  tape.backward(sum(tape.parameter(weight) * 2.f + tape.parameter(copy) * 5.f));
  CHECK((tape.grad(weight) == Array<float>(Shape{2}, 2.f)));
  CHECK((tape.grad(copy) == Array<float>(Shape{2}, 5.f)));
}

TEST_CASE("A tape finds a thousand parameters") {
  std::deque<Array<float>> parameters;
  for (std::size_t i = 0; i < 1000; ++i) {
    parameters.emplace_back(Shape{2}, static_cast<float>(i));
  }
  Tape<float> tape;
  for (int round = 0; round < 3; ++round) {
    tape.rewind();
    auto loss = tape.constant(0.f);
    for (const Array<float>& parameter : parameters) {
      const auto p = tape.parameter(parameter);
      loss = loss + sum(p * p);
    }
    tape.backward(loss);
    std::size_t right = 0;
    for (const Array<float>& parameter : parameters) {
      right += tape.grad(parameter) == Array<float>(2.f * parameter);
    }
    CHECK(right == 1000);
  }
}

TEST_CASE("Gradients of a parameter can be written, to clip or scale them") {
  Tape<float> tape;
  const Array<float> weight(Shape{2}, 3.f);
  tape.backward(sum(tape.parameter(weight) * 4.f));
  tape.grad(weight).fill(1.f);
  CHECK((std::as_const(tape).grad(weight) == Array<float>(Shape{2}, 1.f)));
}

TEST_CASE("A new array at a dead one's address is a new parameter in the next recording") {
  alignas(Array<float>) std::byte place[sizeof(Array<float>)];
  Tape<float> tape;
  for (std::size_t size = 1; size < 5; ++size) {
    auto* weight = new (place) Array<float>(Shape{size, 2}, static_cast<float>(size));
    CHECK(tape.find_grad(*weight) == nullptr);
    const auto w = tape.parameter(*weight);
    CHECK((w.shape() == Shape{size, 2}));
    tape.backward(sum(square(w)));
    CHECK((tape.grad(*weight) == Array<float>(Shape{size, 2}, 2.f * static_cast<float>(size))));
    tape.rewind();
    std::destroy_at(weight);
  }
}
