#include "tests/ops/kind_parts.hpp"

/// The kinds of ops: shapes and arguments at which a row is checked by itself, and those that
/// random graphs draw.

namespace xtape::kind {
namespace {

Of a_reduction(Given, Rng& rng) {
  return {.reduction = rng.below(2) == 0 ? Reduction::mean : Reduction::sum};
}

bool is_batch(const Shape& shape) { return shape.size() == 2 && has_elements(shape); }

/// Axes are left out in front or added there, and each may shrink to 1 or grow from it.
Shape draw_broadcasting(const Shape& a, Rng& rng) {
  const std::size_t cut = rng.below(3) == 0 ? rng.below(a.size() + 1) : 0;
  Shape b(a.begin() + static_cast<Position>(cut), a.end());
  for (std::size_t& extent : b) {
    extent = rng.below(3) != 0 ? extent : extent == 1 ? 1 + rng.below(4) : 1;
  }
  if (b.size() < 3 && cut == 0 && rng.below(4) == 0) {
    b.insert(b.begin(), 1 + rng.below(3));
  }
  return b;
}

/// Every set of axes of three, and those of the first and the last axis of fewer.
Samples over_axes(bool full) {
  Samples all;
  const auto add = [&](const Shape& shape, std::initializer_list<std::vector<Position>> sets) {
    for (const auto& axes : sets) {
      const bool empty = std::any_of(axes.begin(), axes.end(), [&](Position axis) {
        return shape[from_front(axis, shape)] == 0;
      });
      for (const bool keepdims : {false, true}) {
        if (!full || !empty) {
          all.push_back({{shape}, {.keepdims = keepdims, .axes = axes}});
        }
      }
    }
  };
  for (const Shape& cube : {Shape{2, 3, 4}, Shape{1, 3, 1}, Shape{5, 1, 17}, Shape{1, 1, 1},
                            Shape{0, 3, 2}, Shape{2, 0, 3}, Shape{2, 3, 0}}) {
    add(cube, {{0, 1, 2}, {0}, {1}, {2}, {-1}, {-3}, {0, 1}, {0, -1}, {2, 1}, {-1, 0, 1}});
  }
  for (const Shape& shape :
       {Shape{7}, Shape{1}, Shape{100}, Shape{3, 4}, Shape{17, 33}, Shape{0}}) {
    add(shape, {{0}, {-1}});
  }
  add(Shape{2, 3, 2, 2}, {{0, 2}, {1, 3}, {-4, -1}});
  return all;
}

Of draw_axes(Given shapes, Rng& rng) {
  Of of{.keepdims = rng.below(2) == 0};
  const Position rank = rank_of(shapes[0]);
  for (Position axis = 0; axis < rank; ++axis) {
    if (rng.below(2) == 0) {
      of.axes.push_back(rng.below(2) == 0 ? axis : axis - rank);
    }
  }
  if (of.axes.empty()) {
    of.axes.push_back(draw_axis(shapes[0], rng));
  }
  rng.shuffle(std::span(of.axes));
  return of;
}

const std::vector<Of> reductions = {{.reduction = Reduction::mean}, {.reduction = Reduction::sum}};

/// The second shape first.
Samples swapped(Samples samples) {
  for (Sample& each : samples) {
    std::swap(each.shapes[0], each.shapes[1]);
  }
  return samples;
}

std::vector<Of> labels(const std::vector<int>& list) {
  std::vector<Of> both = reductions;
  for (Of& each : both) {
    each.labels = list;
  }
  return both;
}

}  // namespace

Kind each_shape() {
  return unary(at("() | 1 | 7 | 15 | 16 | 17 | 33 | 100 | 1x1 | 3x4 | 5x1 | 1x5 | "
                  "2x1x3 | 2x3x2x2 | 0 | 2x0"),
               any, nothing);
}

Kind full() { return unary(at("() | 7 | 1 | 100 | 3x4 | 17x33"), has_elements, nothing); }

Kind broadcasting() {
  const Samples one_side =
      at("3x4 4 | 3x4 1x4 | 3x4 3x1 | 2x3x4 2x1x4 | 2x3x4 3x1 | 2x3x4 1x1x1 | 3x4 () | 3 1 | "
         "17x33 33 | 17x33 17x1 | 0x3 3 | 0x3 1x1 | 2x0 2x1 | 0 ()");
  return binary(at("() () | 1 1 | 100 100 | 3x4 3x4 | 2x1 2x1 | 0 0") + one_side +
                    swapped(one_side) +
                    at("3x1 1x4 | 3x1 4 | 2x1x4 3x1 | 2x1x4x1 1x3x1x5 | 1x17 5x1"),
                may_broadcast, draw_broadcasting, nothing);
}

Kind axes() { return unary(over_axes(false), has_axis, draw_axes); }

Kind full_axes() { return unary(over_axes(true), has_axis_and_elements, draw_axes); }

Kind last_axis() {
  return unary(at("1 | 7 | 16 | 3x4 | 5x1 | 17x33 | 2x3x4 | 0x3 | 1x100"), has_axis_and_elements,
               nothing);
}

Kind labelled() {
  return unary(at("3x4 | 3x17 | 3x33", labels({0, 3, 3})) + at("1x1 | 1x7", labels({0})), is_batch,
               [](Given shapes, Rng& rng) {
                 Of of = a_reduction(shapes, rng);
                 of.labels = draw_below(shapes[0][1], shapes[0][0], rng);
                 return of;
               });
}

Kind targeted() {
  return twice(at("3x4 3x4 | 1x1 1x1 | 5x17 5x17 | 2x33 2x33", reductions), is_batch, a_reduction);
}

Kind alike() {
  return twice(
      at("() () | 100 100 | 3x4 3x4", reductions) + at("0 0", {{.reduction = Reduction::sum}}),
      has_elements, a_reduction);
}

}  // namespace xtape::kind
