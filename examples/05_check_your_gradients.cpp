// Is the gradient of an op right? gradcheck compares it with differences of the op's own values.

#include <fmt/core.h>
#include <xtape.hpp>

using xtape::Variable;

// y = a b + b^3,   da = dy b,   db = dy (a + 3 b^2)
Variable<double> right(Variable<double> a, Variable<double> b) {
  return xtape::record("right", {a, b}, a.value() * b.value() + xt::pow<3>(b.value()), [=](auto y) {
    xtape::accumulate(a, y.grad() * b.value());
    xtape::accumulate(b, y.grad() * (a.value() + 3.0 * b.value() * b.value()));
  });
}

// The same function with a slip in the second gradient: the factor 3 is missing.
Variable<double> wrong(Variable<double> a, Variable<double> b) {
  return xtape::record("wrong", {a, b}, a.value() * b.value() + xt::pow<3>(b.value()), [=](auto y) {
    xtape::accumulate(a, y.grad() * b.value());
    xtape::accumulate(b, y.grad() * (a.value() + b.value() * b.value()));
  });
}

int main() {
  const xtape::Array<double> a{0.5, -1, 2}, b{1, 0.25, -1.5};

  const auto good = xtape::gradcheck(right, {a, b});
  fmt::print("right passes: {}\n", good.passed());

  const auto bad = xtape::gradcheck(wrong, {a, b});
  fmt::print("wrong passes: {}\n{}\n", bad.passed(), to_string(bad));

  // It takes any function of Variables, such as a part of a network.
  const auto network = xtape::gradcheck(
      [](auto x, auto weight) { return softmax(matmul(sigmoid(x), weight)); },
      {xtape::Array<double>{{1, 2}, {-1, 0.5}}, xtape::Array<double>{{0.1, -0.4}, {0.3, 0.2}}});
  fmt::print("network passes: {}\n", network.passed());
}
