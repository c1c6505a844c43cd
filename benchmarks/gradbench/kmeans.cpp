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

// The cost is quadratic as long as each point keeps its nearest centroid. Up to a constant, it then
// depends on the number and the sum of the points of each centroid alone. The difference of its
// gradients at two places 1 apart is the product of the Hessian with ones, without an error of
// differences. The Hessian is diagonal, so this is its diagonal.
Answer dir(const json& in) {
  const Array<double> points = numbers(in.at("points"));
  const Array<double> centroids = numbers(in.at("centroids"));
  const Array<double> beside = centroids + 1, zeros(centroids.shape(), 0.0);
  const Array<double> ones(xtape::Shape{points.shape(0), 1}, 1.0),
      none(xtape::Shape{zeros.shape(0), 1}, 0.0);
  Tape tape;
  const auto compute = [&]() -> Array<double> {
    tape.rewind();
    const auto view = [&](const Array<double>& array) { return tape.constant_view(array); };
    const auto nearest = xtape::argmin(distances(view(points), view(centroids)).value(), 0);
    const auto counts = scatter_add(view(none), nearest, view(ones));
    const auto sums = scatter_add(view(zeros), nearest, view(points));
    const auto cost = [&](const Array<double>& at) {
      const auto c = tape.parameter(at);
      return sum(counts * square(c) - 2 * sums * c);
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
