// The sum of the squared distances of points from the nearest of some centroids, and the step of
// Newton's method.
#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

// Returns |p - c|^2 - |p|^2 for each centroid c and each point p.
Variable distances(Variable points, Variable centroids) {
  return sum(square(centroids), 1, true) - 2 * matmul(centroids, transpose(points));
}

Answer cost(const json& in) {
  const Array<double> points = numbers(in.at("points"));
  return value(in, numbers(in.at("centroids")), [&](Variable centroids) {
    const auto p = centroids.tape().constant_view(points);
    return sum(min(distances(p, centroids), 0)) + sum(square(p));
  });
}

// The cost is quadratic as long as each point keeps its nearest centroid. So the difference of its
// gradients at two places 1 apart is the product of the Hessian with ones, without an error of
// differences. The Hessian is diagonal, so this is its diagonal.
Answer dir(const json& in) {
  const Array<double> points = numbers(in.at("points"));
  const Array<double> centroids = numbers(in.at("centroids"));
  const Array<double> beside = centroids + 1;
  Tape tape;
  const auto compute = [&]() -> Array<double> {
    tape.rewind();
    const auto p = tape.constant_view(points);
    const auto nearest = xtape::argmin(distances(p, tape.constant_view(centroids)).value(), 0);
    const auto cost = [&](const Array<double>& at) {
      return sum(square(gather(tape.parameter(at), nearest) - p));
    };
    tape.backward(cost(centroids) + cost(beside));
    const auto& slope = tape.grad(centroids);
    return slope / (tape.grad(beside) - slope);
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions kmeans() { return {{"cost", cost}, {"dir", dir}}; }

}  // namespace gradbench
