// The place of a charge that leads a charged particle to the origin. The force on the particle is a
// derivative within the function that is differentiated. xtape has no nested derivatives, so this
// force is a formula.
#include "benchmarks/gradbench/descent.hpp"

namespace gradbench {

namespace {

// Returns the force at x: the charges are at (10, 0) and (10, 10 - w), and their potential is the
// sum of 1 / r.
Variable force(Variable x, Variable charges) {
  const auto apart = x - charges;
  return sum(apart * pow(sum(square(apart), 1, true), -1.5), 0);
}

// Returns the square of the place where the particle crosses the axis, by Euler's method.
Variable miss(Variable w) {
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
}

Answer rr(const json& in) {
  const Array<double> start = numbers(in.at("w"));
  Tape tape;
  return repeat(
      in, [&] { return minimum(tape, start, miss); }, lists);
}

}  // namespace

Functions particle() { return {{"rr", rr}, {"ff", nullptr}, {"fr", nullptr}, {"rf", nullptr}}; }

}  // namespace gradbench
