#include "tests/ops/kind_parts.hpp"

/// The kinds of linear algebra.

namespace xtape::kind {
namespace {

bool is_square(const Shape& shape) {
  return shape.size() >= 2 && shape[shape.size() - 2] == shape.back();
}

bool is_system(const Shape& a, const Shape& b) {
  return is_square(a) && !b.empty() && b[b.size() < 2 ? 0 : b.size() - 2] == a.back();
}

Shape right_side(const Shape& a, Rng&) { return a; }

const char* matrices_with_columns =
    "3x3 3x2 | 1x1 1x1 | 2x2 2x5 | 2x3x3 2x3x2 | 0x0 0x2 | 3x3 3x0 | 0x3x3 0x3x2 | "
    "3x3 3x3 | 2x1x2x2 3x2x1 | 2x2x2 2x1 | 2x2 3x2x2";

}  // namespace

Kind square() {
  return unary(at("3x3 | 1x1 | 2x2 | 2x3x3 | 17x17 | 0x0 | 0x2x2 | 2x2x2x2"), is_square, nothing);
}

Kind system() {
  return binary(at(matrices_with_columns) + at("17x17 17x3 | 3x3 3 | 1x1 1 | 2x3x3 3"), is_system,
                right_side, nothing);
}

Kind triangular_system() {
  return binary(at(matrices_with_columns), is_system, right_side, nothing);
}

}  // namespace xtape::kind
