// Gradient descent fits a straight line to noisy points. The closed form gives the same line.

#include <fmt/core.h>
#include <xtape.hpp>

namespace nn = xtape::nn;
using xtape::Array, xtape::Shape;

int main() {
  // 100 points around the line y = 2 x - 1, as columns (100, 1).
  xtape::Rng rng(1);
  Array<float> x(Shape{100, 1}), y(Shape{100, 1});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x(i, 0) = static_cast<float>(rng.uniform(-1, 1));
    y(i, 0) = 2 * x(i, 0) - 1 + static_cast<float>(rng.normal(0, 0.1));
  }

  nn::Linear line(1, 1, rng);
  nn::MSE criterion;
  nn::SGD sgd({.learning_rate = 0.1});
  xtape::Tape tape;
  for (int step = 0; step <= 200; ++step) {
    tape.rewind();
    const auto loss = criterion(line(tape.constant(x)), tape.constant(y));
    tape.backward(loss);
    sgd.step(line, tape);
    if (step % 40 == 0) {
      fmt::print("step {:3}: loss {:.4f}\n", step, loss.item());
    }
  }
  fmt::print("descent:     y = {:.4f} x {:+.4f}\n", line.weight(0, 0), line.bias(0));

  // Least squares: the slope is the covariance of x and y divided by the variance of x.
  const float n = 100, mean_x = xt::sum(x)() / n, mean_y = xt::sum(y)() / n;
  const float slope =
      (xt::sum(x * y)() - n * mean_x * mean_y) / (xt::sum(x * x)() - n * mean_x * mean_x);
  fmt::print("closed form: y = {:.4f} x {:+.4f}\n", slope, mean_y - slope * mean_x);
}
