#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/ops/arrays.hpp"
#include "tests/ops/catalogue.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

/// Checks of an op at many shapes: in double against finite differences, in float against double;
/// with numbers that are none; with allocations that fail.

namespace xtape {

/// The number of Variables that f takes.
template <class F>
constexpr std::size_t operand_count() {
  using V = Variable<double>;
  return std::invocable<F, V> ? 1 : std::invocable<F, V, V> ? 2 : 3;
}

/// The value of f, and the gradient of each operand for a random gradient of the value.
template <class T, class F, std::size_t... I>
std::vector<Array<T>> differentiate(F f, const std::vector<Array<double>>& operands,
                                    std::index_sequence<I...>) {
  Tape<T> tape;
  const Variable<T> x[] = {tape.variable(converted<T>(operands[I]))...};
  const Variable<T> y = f(x[I]...);
  Rng rng(2);
  tape.backward(sum(y * tape.constant(converted<T>(anywhere(y.shape(), rng)))));
  return {y.value(), x[I].grad()...};
}

inline std::vector<Array<double>> operands_of(const std::vector<Shape>& shapes, Fill* fill) {
  Rng rng(1);
  std::vector<Array<double>> operands;
  for (const Shape& shape : shapes) {
    operands.push_back(fill(shape, rng));
  }
  return operands;
}

/// Checks f in both ways.
template <class F>
void check_gradients(F f, const std::vector<Array<double>>& operands) {
  // The sum of hundreds of results rounds more than the default tolerance allows for.
  CHECK(gradcheck(f, operands, {.absolute_tolerance = 1e-7, .max_elements = 40}));

  const auto indices = std::make_index_sequence<operand_count<F>()>();
  const auto expected = differentiate<double>(f, operands, indices);
  const auto computed = differentiate<float>(f, operands, indices);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO((i == 0 ? "value" : "gradient of operand ") << (i == 0 ? "" : std::to_string(i - 1)));
    CHECK(greatest_difference(computed[i], expected[i]) < 2e-6);
  }
}

/// The numbers that break careless code, one after the other.
inline constexpr float hostile_numbers[] = {std::numeric_limits<float>::quiet_NaN(),
                                            std::numeric_limits<float>::infinity(),
                                            -std::numeric_limits<float>::infinity(),
                                            std::numeric_limits<float>::max(),
                                            std::numeric_limits<float>::lowest(),
                                            std::numeric_limits<float>::denorm_min(),
                                            -0.f,
                                            0.f};

/// Runs f on operands of one hostile number throughout, and of all of them: what comes out has the
/// shapes that it has otherwise. That nothing is read or written where it should not be is for the
/// sanitizers to see.
template <class F>
void check_hostile_numbers(F f, const std::vector<Array<double>>& operands) {
  const auto indices = std::make_index_sequence<operand_count<F>()>();
  const auto expected = differentiate<double>(f, operands, indices);
  const std::span numbers(hostile_numbers);
  for (std::size_t first = 0; first <= numbers.size(); ++first) {
    std::vector<Array<double>> hostile = operands;
    std::size_t i = first;
    for (Array<double>& operand : hostile) {
      for (double& element : operand.storage()) {
        element = static_cast<double>(first < numbers.size() ? numbers[first]
                                                             : numbers[i++ % numbers.size()]);
      }
    }
    const auto in_double = differentiate<double>(f, hostile, indices);
    const auto in_float = differentiate<float>(f, hostile, indices);
    for (i = 0; i < expected.size(); ++i) {
      CHECK(same_shape(in_double[i].shape(), expected[i].shape()));
      CHECK(same_shape(in_float[i].shape(), expected[i].shape()));
    }
  }
}

/// Runs f and backward on one tape with the k-th allocation failing, for k = 1, 2, ... until none
/// does. What is computed in the end must be right.
template <class F, std::size_t... I>
void check_failing_allocations(F f, const std::vector<Array<double>>& operands,
                               std::index_sequence<I...> indices) {
  const auto expected = differentiate<double>(f, operands, indices);
  Rng rng(2);
  const Array<double> weights = anywhere(expected[0].shape(), rng);
  bool failed = true;
  for (std::size_t k = 1; failed; ++k) {
    Tape<double> tape;
    const Variable<double> x[] = {tape.variable(operands[I])...};
    std::optional<Variable<double>> y;
    const auto run = [&] {
      y = f(x[I]...);
      tape.backward(sum(*y * tape.constant(weights)));
    };
    const Rng::State state = tape.rng().state();
    try {
      const FailingAllocation failing(k);
      run();
      failed = failing.failed();
    } catch (const std::bad_alloc&) {
      CHECK_FALSE(tape.differentiated());
      tape.rng().restore(state);
      run();
    }
    CHECK(greatest_difference(y->value(), expected[0]) == 0);
    const bool same[] = {greatest_difference(x[I].grad(), expected[I + 1]) == 0 ...};
    CHECK(std::all_of(std::begin(same), std::end(same), [](bool each) { return each; }));
  }
}

template <class F>
void check_op(Probe probe, F f, const std::vector<Shape>& shapes, Fill* fill) {
  std::string name;
  for (const Shape& shape : shapes) {
    name += to_string(shape) + " ";
  }
  INFO("operands " << name);
  const std::vector<Array<double>> operands = operands_of(shapes, fill);
  if (probe == Probe::gradients) {
    check_gradients(f, operands);
  } else if (probe == Probe::hostile_numbers) {
    check_hostile_numbers(f, operands);
  } else {
    check_failing_allocations(f, operands, std::make_index_sequence<operand_count<F>()>());
  }
}

using Shapes = std::vector<std::vector<Shape>>;

/// f, for each of these lists of operand shapes.
template <class F>
Check at(const Shapes& shapes, F f, Fill* fill = anywhere) {
  return [=](Probe probe) {
    for (const std::vector<Shape>& operands : shapes) {
      check_op(probe, f, operands, fill);
    }
  };
}

/// f of one operand, at every kind of shape.
template <class F>
Check each_shape(F f, Fill* fill = anywhere) {
  static const Shapes shapes = {
      {Shape{}},        {Shape{1}},          {Shape{7}},    {Shape{15}},
      {Shape{16}},      {Shape{17}},         {Shape{33}},   {Shape{100}},
      {Shape{1, 1}},    {Shape{3, 4}},       {Shape{5, 1}}, {Shape{1, 5}},
      {Shape{2, 1, 3}}, {Shape{2, 3, 2, 2}}, {Shape{0}},    {Shape{2, 0}}};
  return at(shapes, f, fill);
}

/// f of two operands that broadcast: the same shape; axes missing in front; axes of extent 1 in
/// front, in the middle and at the end; on both sides at once; scalars; no elements.
template <class F>
Check broadcasting(F f, Fill* fill = anywhere) {
  static const Shapes same = {{Shape{}, Shape{}},         {Shape{1}, Shape{1}},
                              {Shape{100}, Shape{100}},   {Shape{3, 4}, Shape{3, 4}},
                              {Shape{2, 1}, Shape{2, 1}}, {Shape{0}, Shape{0}}};
  static const Shapes one_side = {{Shape{3, 4}, Shape{4}},       {Shape{3, 4}, Shape{1, 4}},
                                  {Shape{3, 4}, Shape{3, 1}},    {Shape{2, 3, 4}, Shape{2, 1, 4}},
                                  {Shape{2, 3, 4}, Shape{3, 1}}, {Shape{2, 3, 4}, Shape{1, 1, 1}},
                                  {Shape{3, 4}, Shape{}},        {Shape{3}, Shape{1}},
                                  {Shape{17, 33}, Shape{33}},    {Shape{17, 33}, Shape{17, 1}},
                                  {Shape{0, 3}, Shape{3}},       {Shape{0, 3}, Shape{1, 1}},
                                  {Shape{2, 0}, Shape{2, 1}},    {Shape{0}, Shape{}}};
  static const Shapes both_sides = {{Shape{3, 1}, Shape{1, 4}},
                                    {Shape{3, 1}, Shape{4}},
                                    {Shape{2, 1, 4}, Shape{3, 1}},
                                    {Shape{2, 1, 4, 1}, Shape{1, 3, 1, 5}},
                                    {Shape{1, 17}, Shape{5, 1}}};
  return [=](Probe probe) {
    at(same, f, fill)(probe);
    at(one_side, f, fill)(probe);
    at(
        one_side, [=](auto a, auto b) { return f(b, a); }, fill)(probe);
    at(both_sides, f, fill)(probe);
  };
}

}  // namespace xtape
