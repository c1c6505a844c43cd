// Is the gradient of an op correct? gradcheck compares it with differences of the op's values.

#include <fmt/core.h>
#include <xtape.hpp>

using xtape::Variable;

// y = a b^2,   da = dy b^2,   db = 2 dy a b
Variable<double> right(Variable<double> a, Variable<double> b) {
  return xtape::define(
      "right", {a, b}, a.value() * b.value() * b.value(),
      [=](auto y) { return y.grad() * b.value() * b.value(); },
      [=](auto y) { return 2.0 * y.grad() * a.value() * b.value(); });
}

// The same op with a mistake: the factor 2 is missing.
Variable<double> wrong(Variable<double> a, Variable<double> b) {
  return xtape::define(
      "wrong", {a, b}, a.value() * b.value() * b.value(),
      [=](auto y) { return y.grad() * b.value() * b.value(); },
      [=](auto y) { return y.grad() * a.value() * b.value(); });
}

int main() {
  const xtape::Array<double> a{0.5, -1, 2}, b{1, 0.25, -1.5};

  const auto good = xtape::gradcheck([](auto x, auto y) { return sum(right(x, y)); }, {a, b});
  fmt::print("right passes: {}\n", good.passed());

  const auto bad = xtape::gradcheck([](auto x, auto y) { return sum(wrong(x, y)); }, {a, b});
  fmt::print("wrong passes: {}\n{}\n", bad.passed(), to_string(bad));

  // gradcheck takes any function of one to four Variables, such as a part of a network.
  const auto layers = xtape::gradcheck(
      [](auto x, auto weight) { return softmax(matmul(sigmoid(x), weight)); },
      {xtape::Array<double>{{1, 2}, {-1, 0.5}}, xtape::Array<double>{{0.1, -0.4}, {0.3, 0.2}}});
  fmt::print("layers pass: {}\n", layers.passed());
}
