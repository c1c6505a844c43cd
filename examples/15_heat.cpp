// A network learns how heat spreads: u_t = u_xx on [0, 1], with u = 0 at both ends, and a hill and
// a valley at the time 0. The loss contains a second derivative of the network, on a tape of nested
// Dual numbers. Finite differences check the result.

#include <fmt/core.h>
#include <xtape.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nn = xtape::nn;
using std::numbers::pi;
using xtape::Array, xtape::Dual, xtape::Shape, xtape::Tape;

int main() {
  constexpr double last_time = 0.1;
  xtape::Rng rng(1);
  nn::Sequential<Dual<Dual<double>>> network{nn::Linear<double>(2, 24, rng), nn::Tanh{},
                                             nn::Linear<double>(24, 24, rng), nn::Tanh{},
                                             nn::Linear<double>(24, 1, rng)};
  const auto at_start = [](auto x) { return sin(pi * x) + 0.5 * sin(3 * pi * x); };
  // Returns u at rows (x, t). It is right at the start and at both ends, whatever the network says.
  const auto solution = [&](auto rows) {
    const auto x = slice(rows, 0, 1, 1), t = slice(rows, 1, 2, 1) / last_time;
    const auto inputs = xtape::concatenate({2 * x - 1, 2 * t - 1}, 1);
    return at_start(x) * (1 - t) + t * x * (1 - x) * network(inputs);
  };

  constexpr std::size_t count = 256;
  Array<double> places(Shape{count, 2}), along_x(Shape{count, 2}, 0.0), along_t = along_x;
  for (std::size_t i = 0; i < count; ++i) {  // 16 x 16
    const std::size_t row = i / 16, column = i % 16;
    places(i, 0) = (static_cast<double>(column) + 0.5) / 16;
    places(i, 1) = last_time * static_cast<double>(row) / 15;
    along_x(i, 0) = along_t(i, 1) = 1;
  }
  constexpr int steps = 1500;
  nn::Adam<double> adam({.learning_rate = nn::cosine_decay(0.02, steps)});
  nn::Parameters<double> gradients;
  Tape<Dual<Dual<double>>> tape;
  for (int step = 0; step <= steps; ++step) {
    tape.rewind();
    const auto here = tape.variable(places), now = tape.variable(places);
    tape.seed(here, along_x);  // so tangents are derivatives with respect to x
    tape.seed(now, along_t);   // or to t
    const auto u_xx = tangent(tangent(solution(here))), u_t = tangent(solution(now));
    const auto loss = mean(square(u_t - u_xx));
    tape.backward_primal(loss);
    if (step % 500 == 0) {
      fmt::print("step {:4}: loss {:.1e}\n", step, value_of(loss.item()));
    }
    nn::copy_gradients(network, tape, gradients);
    adam.step(network, gradients);
  }

  constexpr std::size_t cells = 64;
  constexpr double width = 1.0 / cells, time_step = width * width / 4;
  Array<double> u(Shape{cells + 1}, 0.0), rows(Shape{cells + 1, 2}, last_time);
  for (std::size_t i = 0; i <= cells; ++i) {
    rows(i, 0) = static_cast<double>(i) * width;
    u(i) = std::sin(pi * rows(i, 0)) + 0.5 * std::sin(3 * pi * rows(i, 0));
  }
  for (int step = 0; step < std::lround(last_time / time_step); ++step) {
    const Array<double> before = u;
    for (std::size_t i = 1; i < cells; ++i) {
      u(i) += (before(i - 1) - 2 * before(i) + before(i + 1)) / 4;
    }
  }
  Tape<double> plain;
  const Array<double> found = solution(plain.constant(rows)).value();
  double worst = 0;
  for (std::size_t i = 0; i <= cells; ++i) {
    worst = std::max(worst, std::abs(found(i, 0) - u(i)));
  }
  fmt::print("u differs from that of finite differences by at most {:.1e}\n", worst);
}
