// The x that minimises the maximum over y of |x|^2 - |y|^2, and that y. At the maximum, the
// gradient with respect to y is 0. So y is a constant for the gradient with respect to x.
#include "benchmarks/gradbench/descent.hpp"

namespace gradbench {

namespace {

Variable difference(Variable x, Variable y) { return sum(square(x)) - sum(square(y)); }

Answer rr(const json& in) {
  const Array<double> start = numbers(in.at("start"));
  Tape outer, inner;
  const auto highest = [&](const Array<double>& x) {
    return minimum(inner, start, [&](Variable y) { return -difference(inner.constant(x), y); });
  };
  const auto compute = [&]() -> Array<double> {
    const auto x = minimum(outer, start, [&](Variable at) {
      return difference(at, outer.constant(highest(at.value())));
    });
    const auto y = highest(x);
    return {x(0), x(1), y(0), y(1)};
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions saddle() { return {{"rr", rr}, {"ff", nullptr}, {"fr", nullptr}, {"rf", nullptr}}; }

}  // namespace gradbench
