// The place of a charge that leads a charged particle to the origin. The force on the particle is a
// derivative within the function that is differentiated.
#include "benchmarks/gradbench/descent.hpp"

namespace gradbench {

namespace {

// The potential of two charges at x: the sum of 1 / r.
constexpr auto potential = [](auto x, auto charges) {
  return sum(pow(sum(square(x - charges), 1), -0.5));
};

// The force on the particle, by a gradient in reverse or by two derivatives forward.
constexpr auto force_in_reverse = [](auto x, auto charges) { return -grad(potential, x, charges); };
[[maybe_unused]] constexpr auto force_forward = [](auto x, auto charges) {
  return -xtape::stack({derivative(potential, x, Array<double>{1, 0}, charges),
                        derivative(potential, x, Array<double>{0, 1}, charges)});
};

// Returns the square of the place where the particle crosses the axis, by Euler's method. The
// charges are at (10, 0) and (10, 10 - w).
template <class Force>
auto miss_by(Force force) {
  return [=](auto w) {
    constexpr double time_step = 0.1;
    const auto fixed = w.tape().constant(Array<double>{10, 0, 10});
    const auto charges = reshape(concatenate(fixed, reshape(10 - w, {1})), {2, 2});
    auto x = w.tape().constant(Array<double>{0, 8}), v = w.tape().constant(Array<double>{0.75, 0});
    while (true) {
      const auto next = x + time_step * v;
      if (next.value()(1) < 0) {
        break;
      }
      v += time_step * force(x, charges);
      x = next;
    }
    return square(select(x, 0) - select(x, 1) / select(v, 1) * select(v, 0));
  };
}

// Finds the place, with the gradients of the outer function by Outer.
template <class Outer, class Force>
Function best_place(Force force) {
  return [=](const json& in) {
    const Array<double> start = numbers(in.at("w"));
    Outer outer;
    return repeat(
        in, [&] { return minimum(outer, start, miss_by(force)); }, lists);
  };
}

}  // namespace

Functions particle() {
  Function forward_twice = nullptr;
#ifdef XTAPE_NESTED_DUALS
  forward_twice = best_place<Forward>(force_forward);
#endif
  return {{"rr", best_place<Reverse>(force_in_reverse)},
          {"rf", best_place<Reverse>(force_forward)},
          {"fr", best_place<Forward>(force_in_reverse)},
          {"ff", forward_twice}};
}

}  // namespace gradbench
