// Newton's method finds k means. The Hessian of the cost is diagonal, so its product with a vector
// of ones is the whole of it, and one step gives the mean of each group.

#include <fmt/core.h>
#include <xtape.hpp>

using xtape::Array, xtape::Shape;

int main() {
  xtape::Rng rng(1);
  Array<double> points(Shape{300, 2});
  const Array<double> middles{{0, 0}, {5, 1}, {2, 6}};
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      points(i, axis) = middles(i % 3, axis) + rng.normal();
    }
  }

  // The sum of the squared distances of all points to the nearest of the means (k, 2).
  const auto cost = [&](auto means) {
    const auto differences = unsqueeze(means, 0) - xt::expand_dims(points, 1);  // (n, k, 2)
    return sum(min(sum(square(differences), 2), 1));
  };

  Array<double> means{{1, 1}, {2, 2}, {3, 3}};
  const Array<double> ones(means.shape(), 1.0);
  for (int step = 0; step < 6; ++step) {
    fmt::print("step {}: cost {:.3f}\n", step, xtape::vjp(cost, {means}).first());
    means -= grad(cost, means) / hvp(cost, means, ones);
  }
  for (std::size_t k = 0; k < 3; ++k) {
    fmt::print("mean {:.3f} {:.3f}\n", means(k, 0), means(k, 1));
  }
}
