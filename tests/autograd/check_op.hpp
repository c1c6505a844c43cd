#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "autograd/gradcheck.hpp"
#include "autograd/ops.hpp"
#include "tests/autograd/arrays.hpp"
#include "tests/catch.hpp"

/// Checks of an op at many shapes: in double against finite differences, in float against double.

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

/// Checks f in both ways, with operands of these shapes.
template <class F>
void check_op(F f, const std::vector<Shape>& shapes, Fill* fill) {
  std::string name;
  Rng rng(1);
  std::vector<Array<double>> operands;
  for (const Shape& shape : shapes) {
    name += to_string(shape) + " ";
    operands.push_back(fill(shape, rng));
  }
  INFO("operands " << name);
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

using Shapes = std::vector<std::vector<Shape>>;

/// f, for each of these lists of operand shapes.
template <class F>
std::function<void()> at(const Shapes& shapes, F f, Fill* fill = anywhere) {
  return [=] {
    for (const std::vector<Shape>& operands : shapes) {
      check_op(f, operands, fill);
    }
  };
}

/// f of one operand, at every kind of shape.
template <class F>
std::function<void()> each_shape(F f, Fill* fill = anywhere) {
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
std::function<void()> broadcasting(F f, Fill* fill = anywhere) {
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
  return [=] {
    at(same, f, fill)();
    at(one_side, f, fill)();
    at(
        one_side, [=](auto a, auto b) { return f(b, a); }, fill)();
    at(both_sides, f, fill)();
  };
}

}  // namespace xtape
