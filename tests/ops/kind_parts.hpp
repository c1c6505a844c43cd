#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "tests/ops/table.hpp"

/// What kinds are made of.

namespace xtape::kind {

using Given = std::span<const Shape>;
using Shapes = std::vector<Shape>;
using Samples = std::vector<Sample>;
using Position = std::ptrdiff_t;

inline bool has_elements(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](std::size_t extent) { return extent > 0; });
}

inline Position rank_of(const Shape& shape) { return static_cast<Position>(shape.size()); }

inline std::size_t from_front(Position axis, const Shape& shape) {
  return static_cast<std::size_t>(axis < 0 ? axis + rank_of(shape) : axis);
}

/// Reads shapes, "2x3", or "()" for that of a scalar: those of all operands of a sample, which "|"
/// ends. Each sample is made with each of the arguments.
inline Samples at(const char* text, const std::vector<Of>& arguments = {Of{}}) {
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

inline Samples operator+(Samples a, const Samples& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A number in [low, high].
inline Position draw(Position low, Position high, Rng& rng) {
  return low + static_cast<Position>(rng.below(static_cast<std::size_t>(high - low + 1)));
}

/// A place in 0, ..., count - 1, counted from either end.
inline Position draw_place(Position count, Rng& rng) {
  return draw(0, count - 1, rng) - (rng.below(2) == 0 ? 0 : count);
}

inline Position draw_axis(const Shape& shape, Rng& rng) { return draw_place(rank_of(shape), rng); }

inline Of nothing(Given, Rng&) { return {}; }

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

inline bool any(const Shape&) { return true; }
inline bool has_axis(const Shape& shape) { return !shape.empty(); }
inline bool has_axis_and_elements(const Shape& shape) {
  return has_axis(shape) && has_elements(shape);
}

/// Whether two shapes broadcast.
inline bool may_broadcast(const Shape& a, const Shape& b) {
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const std::size_t of_a = a[a.size() - i], of_b = b[b.size() - i];
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      return false;
    }
  }
  return true;
}

/// `count` numbers below `limit`.
inline std::vector<int> draw_below(std::size_t limit, std::size_t count, Rng& rng) {
  std::vector<int> list(count);
  for (int& each : list) {
    each = static_cast<int>(rng.below(limit));
  }
  return list;
}

}  // namespace xtape::kind
