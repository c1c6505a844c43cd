// The x that minimises the maximum over y of |x|^2 - |y|^2, and that y. At the maximum, the
// gradient with respect to y is 0. So y is a constant for the gradient with respect to x.
#include <algorithm>

#include "benchmarks/gradbench/descent.hpp"

namespace gradbench {

namespace {

constexpr auto difference = [](auto x, auto y) { return sum(square(x)) - sum(square(y)); };

// Finds x with gradients by Outer, and y with gradients by Inner.
template <class Outer, class Inner>
Answer search(const json& in) {
  const Array<double> start = numbers(in.at("start"));
  Outer outer;
  Inner inner;
  const auto highest = [&](const Array<double>& x) {
    return minimum(inner, start, [&](auto y) { return -difference(y.tape().constant(x), y); });
  };
  const auto compute = [&]() -> Array<double> {
    const auto x = minimum(outer, start, [&](auto at) {
      Array<double> place(at.shape());
      std::transform(at.value().storage().begin(), at.value().storage().end(), place.data(),
                     [](const auto& number) { return xtape::value_of(number); });
      return difference(at, at.tape().constant(highest(place)));
    });
    const auto y = highest(x);
    return {x(0), x(1), y(0), y(1)};
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions saddle() {
  return {{"rr", search<Reverse, Reverse>},
          {"rf", search<Reverse, Forward>},
          {"fr", search<Forward, Reverse>},
          {"ff", search<Forward, Forward>}};
}

}  // namespace gradbench
