#include <algorithm>

#include "tests/ops/table.hpp"

/// The kinds of ops that normalise.

namespace xtape::kind {
namespace {

using Given = std::span<const Shape>;

/// An array with `count` operands of the shape that `parameter` gives: a weight and a bias.
Kind normalising(const std::vector<Shape>& shapes, const std::vector<Of>& arguments,
                 bool (*takes)(const Shape&), Shape (*parameter)(const Shape&), std::size_t count,
                 std::function<Of(Given, Rng&)> draw) {
  const auto all = [=](const Shape& x) {
    std::vector<Shape> operands(1 + count, parameter(x));
    operands[0] = x;
    return operands;
  };
  Kind kind;
  for (const Shape& shape : shapes) {
    for (const Of& of : arguments) {
      kind.samples.push_back({all(shape), of});
    }
  }
  kind.fits = [=](Given given) {
    return takes(given[0]) && std::all_of(given.begin() + 1, given.end(), [&](const Shape& each) {
             return same_shape(each, parameter(given[0]));
           });
  };
  kind.complete = [=](const Shape& x, Rng&) { return takes(x) ? all(x) : std::vector<Shape>(); };
  kind.draw = std::move(draw);
  return kind;
}

Of no_arguments(Given, Rng&) { return {}; }

Shape last_axis_of(const Shape& shape) { return Shape{shape.back()}; }
Shape last_axes_of(const Shape& shape) { return Shape{shape[shape.size() - 2], shape.back()}; }

}  // namespace

Kind batch_normed() {
  return normalising(
      {Shape{2, 1}, Shape{2, 2}, Shape{3, 4}, Shape{1, 2, 2}, Shape{5, 17}, Shape{2, 3, 3, 5},
       Shape{70, 65}, Shape{1, 1, 2, 3}, Shape{40, 4, 4, 2}},
      {Of{}},
      [](const Shape& x) {
        return x.size() >= 2 && x.back() > 0 && element_count(x) >= 2 * x.back();
      },
      last_axis_of, 2, no_arguments);
}

Kind layer_normed() {
  return normalising(
      {Shape{2}, Shape{2, 2}, Shape{3, 4}, Shape{0, 3}, Shape{2, 17}, Shape{2, 3, 70},
       Shape{1, 2, 2, 5}},
      {Of{}}, [](const Shape& x) { return !x.empty() && element_count(x) > 0; }, last_axis_of, 2,
      no_arguments);
}

Kind layer_normed_twice() {
  return normalising(
      {Shape{1, 2}, Shape{3, 4}, Shape{2, 2, 2}, Shape{0, 2, 3}, Shape{2, 3, 5, 17}}, {Of{}},
      [](const Shape& x) { return x.size() >= 2 && element_count(x) > 0; }, last_axes_of, 1,
      no_arguments);
}

Kind group_normed() {
  return normalising(
      {Shape{1, 4}, Shape{1, 3, 2}, Shape{2, 4}, Shape{2, 3, 2, 8}, Shape{0, 2, 4},
       Shape{3, 5, 70}},
      {{.groups = 1}, {.groups = 2}},
      [](const Shape& x) { return x.size() >= 2 && element_count(x) > 0; }, last_axis_of, 2,
      [](Given shapes, Rng& rng) {
        Of of;
        do {
          of.groups = 1 + rng.below(shapes[0].back());
        } while (shapes[0].back() % of.groups != 0);
        return of;
      });
}

}  // namespace xtape::kind
