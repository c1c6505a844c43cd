#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "tests/ops/table.hpp"

/// The kinds of ops: shapes and arguments at which a row is checked by itself, and those that
/// random graphs draw.

namespace xtape::kind {
namespace {

using Given = std::span<const Shape>;
using Shapes = std::vector<Shape>;
using Samples = std::vector<Sample>;
using Position = std::ptrdiff_t;

bool has_elements(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](std::size_t extent) { return extent > 0; });
}

Position rank_of(const Shape& shape) { return static_cast<Position>(shape.size()); }

std::size_t from_front(Position axis, const Shape& shape) {
  return static_cast<std::size_t>(axis < 0 ? axis + rank_of(shape) : axis);
}

/// Reads shapes, "2x3", or "()" for that of a scalar: those of all operands of a sample, which "|"
/// ends. Each sample is made with each of the arguments.
Samples at(const char* text, const std::vector<Of>& arguments = {Of{}}) {
  Samples all;
  for (const Of& of : arguments) {
    std::istringstream in(text);
    Sample sample{{}, of};
    for (std::string word; in >> word;) {
      if (word == "|") {
        all.push_back(std::exchange(sample, {{}, of}));
        continue;
      }
      Shape shape;
      std::istringstream extents(word == "()" ? "" : word);
      for (std::string extent; std::getline(extents, extent, 'x');) {
        shape.push_back(std::stoul(extent));
      }
      sample.shapes.push_back(shape);
    }
    all.push_back(sample);
  }
  return all;
}

Samples operator+(Samples a, const Samples& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A number in [low, high].
Position draw(Position low, Position high, Rng& rng) {
  return low + static_cast<Position>(rng.below(static_cast<std::size_t>(high - low + 1)));
}

/// A place in 0, ..., count - 1, counted from either end.
Position draw_place(Position count, Rng& rng) {
  return draw(0, count - 1, rng) - (rng.below(2) == 0 ? 0 : count);
}

Position draw_axis(const Shape& shape, Rng& rng) { return draw_place(rank_of(shape), rng); }

Of nothing(Given, Rng&) { return {}; }
Of a_reduction(Given, Rng& rng) {
  return {.reduction = rng.below(2) == 0 ? Reduction::mean : Reduction::sum};
}

/// One operand of a shape that `takes` takes.
template <class Takes, class Draw>
Kind unary(Samples at, Takes takes, Draw draws) {
  return {std::move(at), [=](Given shapes) { return takes(shapes[0]); },
          [=](const Shape& first, Rng&) { return takes(first) ? Shapes{first} : Shapes(); }, draws};
}

/// Two operands whose shapes are related.
template <class Fits, class Second, class Draw>
Kind binary(Samples at, Fits fits, Second second, Draw draws) {
  return {std::move(at), [=](Given shapes) { return fits(shapes[0], shapes[1]); },
          [=](const Shape& first, Rng& rng) {
            const Shape other = second(first, rng);
            return fits(first, other) ? Shapes{first, other} : Shapes();
          },
          draws};
}

/// Two operands of one shape that `takes` takes.
template <class Takes, class Draw>
Kind twice(Samples at, Takes takes, Draw draws) {
  return binary(
      std::move(at), [=](const Shape& a, const Shape& b) { return takes(a) && same_shape(a, b); },
      [](const Shape& a, Rng&) { return a; }, draws);
}

bool any(const Shape&) { return true; }
bool has_axis(const Shape& shape) { return !shape.empty(); }
bool has_axis_and_elements(const Shape& shape) { return has_axis(shape) && has_elements(shape); }
bool is_batch(const Shape& shape) { return shape.size() == 2 && has_elements(shape); }

bool broadcast(const Shape& a, const Shape& b) {
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const std::size_t of_a = a[a.size() - i], of_b = b[b.size() - i];
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      return false;
    }
  }
  return true;
}

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

/// The axis along which two arrays fit one after the other, or the rank.
std::size_t joint(const Shape& a, const Shape& b) {
  std::size_t axis = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    axis = a[i] == b[i] ? axis : i;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i != axis && a[i] != b[i]) {
      return a.size();
    }
  }
  return axis;
}

/// All elements in one axis, or in two, one of them maybe as -1.
Of draw_shape(Given shapes, Rng& rng) {
  const auto count = static_cast<Position>(element_count(shapes[0]));
  std::vector<Position> factors;
  for (Position factor = 1; factor <= count; ++factor) {
    if (count % factor == 0) {
      factors.push_back(factor);
    }
  }
  if (factors.empty()) {
    return {.shape = {0, 3}};
  }
  const Position rows = factors[rng.below(factors.size())];
  Of of{.shape = {rows, count / rows}};
  of.shape = rng.below(4) == 0 ? std::vector{count} : of.shape;
  if (rng.below(3) == 0) {
    of.shape.back() = -1;
  }
  return of;
}

Of draw_range(Given shapes, Rng& rng) {
  const Position axis = draw_axis(shapes[0], rng);
  const auto extent = static_cast<Position>(shapes[0][from_front(axis, shapes[0])]);
  const Position begin = draw(0, extent, rng), end = draw(begin, extent, rng);
  // Of a position from the end there is none at the very end.
  return {.axis = axis,
          .begin = begin < extent && rng.below(2) == 0 ? begin - extent : begin,
          .end = end < extent && rng.below(2) == 0 ? end - extent : end};
}

std::vector<int> draw_below(std::size_t limit, std::size_t count, Rng& rng) {
  std::vector<int> list(count);
  for (int& each : list) {
    each = static_cast<int>(rng.below(limit));
  }
  return list;
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
                broadcast, draw_broadcasting, nothing);
}

Kind axes() { return unary(over_axes(false), has_axis, draw_axes); }

Kind full_axes() { return unary(over_axes(true), has_axis_and_elements, draw_axes); }

Kind last_axis() {
  return unary(at("1 | 7 | 16 | 3x4 | 5x1 | 17x33 | 2x3x4 | 0x3 | 1x100"), has_axis_and_elements,
               nothing);
}

Kind product() {
  return binary(
      at("3x4 4x5 | 1x1 1x1 | 1x7 7x1 | 7x1 1x7 | 2x33 33x17 | 0x3 3x2 | 2x3 3x0 | 2x0 0x3 | "
         "4x4 4x4"),
      [](const Shape& a, const Shape& b) { return a.size() == 2 && b.size() == 2 && a[1] == b[0]; },
      [](const Shape& a, Rng& rng) {
        return a.size() == 2 ? Shape{a[1], 1 + rng.below(5)} : Shape{};
      },
      nothing);
}

Kind layer() {
  return {
      at("3x4 4x5 5 | 1x1 1x1 1 | 1x7 7x3 3 | 5x33 33x17 17 | 0x3 3x2 2 | 2x3 3x0 0 | 2x0 0x3 3 | "
         "4x4 4x4 4"),
      [](Given shapes) {
        const Shape &x = shapes[0], &weight = shapes[1], &bias = shapes[2];
        return x.size() == 2 && weight.size() == 2 && bias.size() == 1 && x[1] == weight[0] &&
               weight[1] == bias[0];
      },
      [](const Shape& x, Rng& rng) {
        const std::size_t out = 1 + rng.below(5);
        return x.size() == 2 ? Shapes{x, Shape{x[1], out}, Shape{out}} : Shapes();
      },
      nothing};
}

Kind reshaped() {
  return unary(at("12 | 3x4 | 2x1x6 | 12x1",
                  {{.shape = {2, 6}}, {.shape = {-1, 3}}, {.shape = {4, -1}}, {.shape = {12}}}) +
                   at("() | 1 | 1x1", {{.shape = {}}, {.shape = {1, 1, -1}}}) +
                   at("0x3", {{.shape = {-1, 5}}}) + at("3x5", {{.shape = {5, 3}}}),
               any, draw_shape);
}

Kind two_axes() {
  return unary(
      at("3x4 | 1x5 | 5x1 | 0x3 | 33x17 | 40x37 | 2x0x3 | 2x3x4x1 | 2x3x3x5",
         {{.axis = -2, .other = -1}, {.axis = 1, .other = 0}}) +
          at("2x3x4 | 1x3x1 | 5x1x17 | 2x0x3",
             {{.axis = 0, .other = 2}, {.axis = -1, .other = 0}, {.axis = 0, .other = 1}}) +
          at("4 | 2x3", {{.axis = 0, .other = 0}}),
      has_axis, [](Given shapes, Rng& rng) {
        return Of{.axis = draw_axis(shapes[0], rng), .other = draw_axis(shapes[0], rng)};
      });
}

Kind joined() {
  return binary(
      at("2x3 4x3 | 2x17 1x17 | 0x3 2x3 | 2x1x3 2x1x3 | 3 1 | 2x0 3x0") +
          at("3x2 3x4 | 5x17 5x1 | 3x0 3x2 | 0x2 0x3", {{.axis = -1}}) +
          at("2x3x4 2x1x4 | 2x0x3 2x0x3", {{.axis = 1}, {.axis = -2}}),
      [](const Shape& a, const Shape& b) {
        return !a.empty() && a.size() == b.size() && joint(a, b) < a.size();
      },
      [](Shape a, Rng& rng) {
        if (!a.empty()) {
          a[rng.below(a.size())] = 1 + rng.below(3);
        }
        return a;
      },
      [](Given shapes, Rng&) {
        return Of{.axis = static_cast<Position>(joint(shapes[0], shapes[1]))};
      });
}

Kind stacked() {
  return twice(at("() () | 3 3", {{.axis = 0}, {.axis = -1}}) +
                   at("2x3 2x3 | 5x17 5x17 | 0x3 0x3 | 2x0 2x0",
                      {{.axis = 0}, {.axis = 1}, {.axis = 2}, {.axis = -3}}),
               any, [](Given shapes, Rng& rng) {
                 return Of{.axis = draw_place(rank_of(shapes[0]) + 1, rng)};
               });
}

Kind range() {
  return unary(at("5 | 5x1 | 5x3 | 5x2x17 | 5x0", {{.begin = 1, .end = 4},
                                                   {.begin = 0, .end = 5},
                                                   {.begin = -5, .end = 5},
                                                   {.begin = 2, .end = 2},
                                                   {.begin = -3, .end = 2},
                                                   {.begin = -1, .end = 5},
                                                   {.begin = 0, .end = -4}}) +
                   at("2x3x4 | 1x3x1", {{.axis = 1, .begin = 1, .end = 3}}) +
                   at("2x3x4 | 5x17", {{.axis = -1, .begin = 1, .end = -1}}),
               has_axis, draw_range);
}

Kind rows() {
  return unary(
      at("5 | 5x1 | 5x3 | 5x2x17 | 5x0",
         {{.rows = {4, 0, 2}}, {.rows = {1, 1, 3, 1}}, {.rows = {0, 1, 2, 3}}, {.rows = {}}}),
      has_axis_and_elements, [](Given shapes, Rng& rng) {
        return Of{.rows = draw_below(shapes[0][0], rng.below(5), rng)};
      });
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
