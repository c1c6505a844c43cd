// A small network is trained by Newton's method. The Gauss-Newton matrix G has 96 x 96 numbers
// here, and is never made: conjugate gradients solve G d = -g with products of G and vectors.

#include <fmt/core.h>
#include <xtape.hpp>

#include <cmath>

namespace nn = xtape::nn;
using xtape::Array, xtape::Dual, xtape::Shape;
using Vector = nn::Parameters<double>;

// Solves (G + damping I) d = -g.
Vector solve(nn::HessianProduct<double>& product, const Vector& g, double damping) {
  Vector d = g, gd, residual = g;
  for (std::size_t i = 0; i < g.size(); ++i) {
    d[i].fill(0);
    residual[i] = -g[i];
  }
  Vector direction = residual;
  double size = nn::dot(residual, residual);
  const double enough = 1e-6 * size;
  for (int step = 0; step < 50 && size > enough; ++step) {
    product(direction, gd);
    nn::add_scaled(gd, damping, direction);
    const double length = size / nn::dot(direction, gd);
    nn::add_scaled(d, length, direction);
    nn::add_scaled(residual, -length, gd);
    const double before = std::exchange(size, nn::dot(residual, residual));
    for (std::size_t i = 0; i < direction.size(); ++i) {
      direction[i] = residual[i] + size / before * direction[i];
    }
  }
  return d;
}

int main() {
  // Is a point inside the ring between the radii 1 and 2?
  xtape::Rng rng(1);
  Array<double> points(Shape{200, 2});
  std::vector<int> labels;
  for (std::size_t i = 0; i < 200; ++i) {
    points(i, 0) = rng.uniform(-2.5, 2.5), points(i, 1) = rng.uniform(-2.5, 2.5);
    const double radius = std::hypot(points(i, 0), points(i, 1));
    labels.push_back(radius > 1 && radius < 2);
  }

  nn::Sequential<Dual<double>> model{nn::Linear<double>(2, 16, rng), nn::Tanh{},
                                     nn::Linear<double>(16, 2, rng)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::HessianProduct<double> product(model, [&](auto& tape) {
    return criterion(gauss_newton(model(tape.constant(points))), labels);
  });
  nn::HessianProduct<double> loss(
      model, [&](auto& tape) { return criterion(model(tape.constant(points)), labels); });

  // A step that makes the loss larger is taken back, and the next one is shorter.
  Vector g;
  double damping = 0.1;
  int kept = 0;
  for (int iteration = 0; iteration <= 60; ++iteration) {
    loss.gradient(g);
    const double before = loss.loss();
    if (iteration % 10 == 0) {
      fmt::print("iteration {:2}: loss {:.6f}, gradient {:.1e}\n", iteration, before,
                 std::sqrt(nn::dot(g, g)));
    }
    const Vector d = solve(product, g, damping);
    nn::step_along(model, 1, d);
    loss.gradient(g);
    const bool better = loss.loss() < before;
    if (!better) {
      nn::step_along(model, -1, d);
    }
    damping *= better ? 0.7 : 2;
    kept += better;
  }
  fmt::print("{} of 61 steps made the loss smaller\n", kept);
}
