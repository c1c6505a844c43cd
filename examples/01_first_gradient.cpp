// A tape records a computation and then computes its gradients, from the last step to the first.

#include <fmt/core.h>
#include <xtape.hpp>

int main() {
  xtape::Tape tape;

  // f = a^2 b + b, so df/da = 2 a b and df/db = a^2 + 1.
  const auto a = tape.variable(3);
  const auto b = tape.variable(4);
  const auto f = a * a * b + b;
  tape.backward(f);

  // A number is an array without axes, so its element has no index.
  fmt::print("f     = {:.3f}\n", f.value()());
  fmt::print("df/da = {:.3f}\n", a.grad()());
  fmt::print("df/db = {:.3f}\n", b.grad()());

  // The next recording reuses the memory of the tape. Variables of the old recording are now stale.
  tape.rewind();

  // A Variable holds an array of any shape. Only the argument of backward() must be one number.
  // L = mean(tanh(x)^2), so dL/dx = 2 tanh(x) (1 - tanh(x)^2) / 3 for three elements.
  const auto x = tape.variable(xtape::Array<float>{-1, 0, 2});
  const auto loss = mean(square(tanh(x)));
  tape.backward(loss);
  fmt::print("L     = {:.3f}\n", loss.item());
  for (const float slope : x.grad()) {
    fmt::print("dL/dx = {:.3f}\n", slope);
  }
}
