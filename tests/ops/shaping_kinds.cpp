#include "tests/ops/kind_parts.hpp"

/// The kinds of ops that move elements.

namespace xtape::kind {
namespace {

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

}  // namespace

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

Kind permuted() {
  return unary(
      at("2x3x4 | 1x3x1 | 5x1x17 | 2x0x3 | 33x3x35",
         {{.axes = {2, 0, 1}}, {.axes = {1, -1, 0}}, {.axes = {0, 1, 2}}, {.axes = {-3, 2, 1}}}) +
          at("2x3x4x5 | 1x2x2x1", {{.axes = {0, 2, 1, 3}}, {.axes = {3, 1, 2, 0}}}) +
          at("4", {{.axes = {0}}}) + at("()"),
      any, [](Given shapes, Rng& rng) {
        Of of;
        for (Position axis = 0; axis < rank_of(shapes[0]); ++axis) {
          of.axes.push_back(axis - (rng.below(2) == 0 ? 0 : rank_of(shapes[0])));
        }
        rng.shuffle(std::span(of.axes));
        return of;
      });
}

Kind squeezed() {
  return unary(
      at("1x3x1 | 1x0x1", {{.axes = {0}}, {.axes = {-1}}, {.axes = {2, 0}}, {.axes = {}}}) +
          at("1 | 1x1", {{.axes = {0}}}),
      any, [](Given shapes, Rng& rng) {
        Of of;
        for (Position axis = 0; axis < rank_of(shapes[0]); ++axis) {
          if (shapes[0][from_front(axis, shapes[0])] == 1 && rng.below(2) == 0) {
            of.axes.push_back(axis);
          }
        }
        return of;
      });
}

Kind unsqueezed() {
  return unary(at("()", {{.axis = 0}, {.axis = -1}}) +
                   at("3x4 | 0x3", {{.axis = 0}, {.axis = 1}, {.axis = 2}, {.axis = -3}}),
               any, [](Given shapes, Rng& rng) {
                 return Of{.axis = draw_place(rank_of(shapes[0]) + 1, rng)};
               });
}

Kind spread() {
  return unary(at("3 | 1 | 1x3 | 2x3 | 2x1", {{.shape = {2, 3}}, {.shape = {4, 2, 3}}}) +
                   at("() | 1", {{.shape = {5}}, {.shape = {0}}, {.shape = {1, 1}}}) +
                   at("1x17 | 2x1", {{.shape = {2, 2, 17}}}) +
                   at("1x3 | 2x3 | 1x1 | 0x1", {{.shape = {-1, 3}}}) + at("()", {{.shape = {}}}),
               any, [](Given shapes, Rng& rng) {
                 Of of;
                 for (const std::size_t extent : shapes[0]) {
                   of.shape.push_back(extent == 1             ? draw(0, 3, rng)
                                      : draw(-1, 0, rng) == 0 ? static_cast<Position>(extent)
                                                              : -1);
                 }
                 if (rng.below(3) == 0) {
                   of.shape.insert(of.shape.begin(), draw(1, 2, rng));
                 }
                 return of;
               });
}

Kind halved() {
  return unary(
      at("4 | 2x3 | 0x3 | 6x17") + at("3x4 | 3x0 | 2x1x6", {{.axis = -1}}) +
          at("2x4x3", {{.axis = 1}}),
      [](const Shape& shape) { return has_axis(shape) && shape[0] % 2 == 0; }, nothing);
}

Kind opened() {
  return unary(at("5 | 5x3 | 5x0", {{.begin = 0}, {.begin = 2}, {.begin = 5}, {.begin = -1}}),
               has_axis, [](Given shapes, Rng& rng) {
                 return Of{.begin = draw(0, static_cast<Position>(shapes[0][0]), rng)};
               });
}

Kind stepped() {
  return unary(at("7 | 7x1 | 7x3 | 7x2x17 | 7x0", {{.begin = 0, .end = 7, .step = 2},
                                                   {.begin = 1, .end = -1, .step = 3},
                                                   {.begin = -3, .end = 7, .step = 9},
                                                   {.begin = 2, .end = 2, .step = 2}}) +
                   at("2x7x4 | 1x7x1", {{.axis = 1, .begin = 1, .end = 6, .step = 2}}) +
                   at("2x3x6 | 5x17", {{.axis = -1, .begin = 1, .end = -1, .step = 2}}),
               has_axis, [](Given shapes, Rng& rng) {
                 Of of = draw_range(shapes, rng);
                 of.step = draw(1, 3, rng);
                 return of;
               });
}

Kind place() {
  return unary(at("5 | 5x1 | 5x3 | 5x2x17 | 5x0", {{.begin = 0}, {.begin = 4}, {.begin = -2}}) +
                   at("2x3x4 | 1x3x1", {{.axis = 1, .begin = 1}, {.axis = -2, .begin = -1}}) +
                   at("2x3x4 | 5x17", {{.axis = -1, .begin = 2}}),
               has_axis_and_elements, [](Given shapes, Rng& rng) {
                 const Position axis = draw_axis(shapes[0], rng);
                 const auto extent = static_cast<Position>(shapes[0][from_front(axis, shapes[0])]);
                 return Of{.axis = axis, .begin = draw_place(extent, rng)};
               });
}

namespace {

Of draw_rows(Given shapes, Rng& rng) {
  const Position axis = draw_axis(shapes[0], rng);
  return {.axis = axis,
          .rows = draw_below(shapes[0][from_front(axis, shapes[0])], rng.below(5), rng)};
}

}  // namespace

Kind places() {
  return unary(at("5 | 5x1 | 5x3 | 5x2x17 | 5x0",
                  {{.rows = {4, 0, 2}}, {.rows = {1, 1, 3, 1}}, {.rows = {}}}) +
                   at("2x3x4 | 1x3x1 | 0x3x2",
                      {{.axis = 1, .rows = {2, 0, 2, 1}}, {.axis = -2, .rows = {1}}}) +
                   at("2x3x4 | 5x17", {{.axis = -1, .rows = {3, 3, 0}}}),
               has_axis_and_elements, draw_rows);
}

Kind scattered() {
  // The first axis of the values is as long as the list of rows.
  return binary(
      at("5 3 | 5x1 3x1 | 5x3 3x3 | 5x2x17 3x2x17 | 5x0 3x0",
         {{.rows = {4, 0, 2}}, {.rows = {1, 1, 1}}}) +
          at("5x3 0x3") +
          at("2x3x4 2x2x4 | 0x3x2 0x2x2",
             {{.axis = 1, .rows = {2, 2}}, {.axis = -2, .rows = {0, 2}}}) +
          at("2x4 2x3 | 5x17 5x3", {{.axis = -1, .rows = {3, 0, 3}}}),
      [](const Shape& a, const Shape& b) {
        return has_axis_and_elements(a) && a.size() == b.size() &&
               std::equal(a.begin() + 1, a.end(), b.begin() + 1);
      },
      [](Shape a, Rng& rng) {
        if (!a.empty()) {
          a[0] = 1 + rng.below(4);
        }
        return a;
      },
      [](Given shapes, Rng& rng) {
        return Of{.rows = draw_below(shapes[0][0], shapes[1][0], rng)};
      });
}

Kind matrices() {
  return unary(
      at("3x4 | 4x3 | 1x1 | 2x3x3 | 17x33 | 0x3 | 2x0 | 2x3x2x4",
         {{.other = 0}, {.other = 1}, {.other = -1}, {.other = 9}, {.other = -9}}),
      [](const Shape& shape) { return shape.size() >= 2; },
      [](Given, Rng& rng) { return Of{.other = draw(-2, 2, rng)}; });
}

Kind vectors() {
  return unary(at("3 | 1 | 2x3 | 17 | 0 | 2x0 | 0x3", {{.other = 0}, {.other = 2}, {.other = -1}}),
               has_axis, [](Given, Rng& rng) { return Of{.other = draw(-2, 2, rng)}; });
}

}  // namespace xtape::kind
