// A network learns the swing of a pendulum from its equation alone: u' = v, v' = -u, which is
// u'' = -u, with u(0) = 0 and v(0) = 1. The loss contains the derivative of the network with
// respect to its input.

#include <fmt/core.h>
#include <xtape.hpp>

#include <cmath>
#include <numbers>

namespace nn = xtape::nn;
using xtape::Array, xtape::Dual, xtape::Shape, xtape::Tape;

int main() {
  constexpr std::size_t count = 64;
  Array<double> times(Shape{count, 1});
  for (std::size_t i = 0; i < count; ++i) {
    times(i, 0) = 2 * std::numbers::pi * static_cast<double>(i) / (count - 1);
  }
  const Array<double> forward(Shape{count, 1}, 1.0), start{0, 1}, turn{{0, -1}, {1, 0}};

  xtape::Rng rng(1);
  nn::Sequential<Dual<double>> network{nn::Linear<double>(1, 32, rng), nn::Tanh{},
                                       nn::Linear<double>(32, 32, rng), nn::Tanh{},
                                       nn::Linear<double>(32, 2, rng)};
  // Returns (u, v) at the times t. It is (0, 1) at 0, whatever the network says.
  const auto solution = [&](auto t) { return start + tanh(t) * network(t - std::numbers::pi); };

  constexpr int steps = 15000;
  nn::Adam<double> adam({.learning_rate = nn::cosine_decay(0.02, steps)});
  Tape<Dual<double>> tape;
  nn::Parameters<double> gradients;
  for (int step = 0; step <= steps; ++step) {
    tape.rewind();
    const auto t = tape.variable(times);
    tape.seed(t, forward);  // so tangents are derivatives with respect to t
    const auto y = solution(t);
    const auto loss = mean(square(tangent(y) - matmul(y, turn)));  // y' - (v, -u)
    tape.backward_primal(loss);
    if (step % 3000 == 0) {
      fmt::print("step {:5}: loss {:.1e}\n", step, loss.item().value);
    }
    nn::copy_gradients(network, tape, gradients);
    adam.step(network, gradients);
  }

  Tape<double> plain;
  const Array<double> found = solution(plain.constant(times)).value();
  double worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    worst = std::max(worst, std::abs(found(i, 0) - std::sin(times(i, 0))));
  }
  fmt::print("u differs from the sine by at most {:.1e}\n", worst);
}
