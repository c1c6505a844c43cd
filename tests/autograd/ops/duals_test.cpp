#include "autograd/ops/duals.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "autograd/derivatives.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/operands.hpp"

using namespace xtape;

namespace {

/// Returns the Hessian-vector product of a parameter.
Array<double> product_of(const Tape<Dual<double>>& tape, const Array<double>& parameter) {
  Array<double> product(parameter.shape());
  std::copy_n(tape.hessian_product(parameter).data(), product.size(), product.data());
  return product;
}

}  // namespace

TEST_CASE("Gauss-Newton products are J^T H J v") {
  Rng rng(3);
  const auto w = random_normal<double>({3, 4}, rng), x = random_normal<double>({5, 3}, rng);
  const std::vector<int> labels{0, 3, 1, 1, 2};
  const auto outputs = [&](auto weight) { return tanh(matmul(x, weight)); };
  const auto loss_of = [&](auto z) { return softmax_cross_entropy(z, labels); };
  const Array<double> z = vjp(outputs, {w}).first;
  for (int round = 0; round < 3; ++round) {
    const auto v = random_normal<double>({3, 4}, rng);
    const auto [y, jv] = jvp(outputs, w, v);
    const Array<double> hjv = hvp(loss_of, z, jv);
    const auto [again, pullback] = vjp(outputs, {w});
    const Array<double> wanted = pullback(hjv)[0];
    Tape<Dual<double>> tape;
    tape.seed(w, v);
    tape.backward(loss_of(gauss_newton(outputs(tape.parameter(w)))));
    const Array<double> found = product_of(tape, w);
    CHECK(greatest_difference(found, wanted) < 1e-15);
    CHECK(xt::sum(found * v)() > 0);
    const auto gradient = tape.gradient(w);
    CHECK(std::all_of(gradient.begin(), gradient.end(), [](double each) { return each == 0; }));
  }
  Tape<double> plain;
  const auto weight = plain.variable(w);
  CHECK(&gauss_newton(weight).value() == &weight.value());
}

TEST_CASE("The Gauss-Newton matrix of a network is J^T H J, and has no negative eigenvalue") {
  Rng rng(4);
  const auto x = random_normal<double>({6, 2}, rng), w = random_normal<double>({15}, rng);
  const std::vector<int> labels{0, 2, 1, 1, 0, 2};
  const auto outputs = [&](auto weights) {
    const auto hidden = tanh(matmul(x, reshape(slice(weights, 0, 6), {2, 3})));
    return matmul(hidden, reshape(slice(weights, 6, 15), {3, 3}));
  };
  const auto loss_of = [&](auto z) { return softmax_cross_entropy(z, labels); };
  Array<double> j = jacobian(outputs, w), h = hessian(loss_of, vjp(outputs, {w}).first);
  j.reshape(Shape{18, 15});
  h.reshape(Shape{18, 18});
  Array<double> found(Shape{15, 15}), direction(Shape{15}, 0.0);
  for (std::size_t k = 0; k < 15; ++k) {
    direction(k) = 1;
    Tape<Dual<double>> tape;
    tape.seed(w, direction);
    tape.backward(loss_of(gauss_newton(outputs(tape.parameter(w)))));
    std::copy_n(tape.hessian_product(w).data(), 15, found.data() + 15 * k);
    direction(k) = 0;
  }
  Tape<double> plain;
  const auto jacobian_variable = plain.constant(j);
  const auto product = matmul(plain.constant(h), jacobian_variable);
  CHECK(greatest_difference(found, matmul(transpose(jacobian_variable), product).value()) < 1e-14);
  const Array<double> little = 1e-12 * xt::eye<double>(15);
  CHECK_NOTHROW(cholesky(plain.constant(found + little)));
  const Array<double> whole = hessian([&](auto each) { return loss_of(outputs(each)); }, w);
  CHECK_THROWS(cholesky(plain.constant(whole + little)));
}

TEST_CASE("Parts of Dual numbers are read and differentiated once and twice") {
  Tape<Dual<double>> tape;
  const auto x = tape.variable(Array<double>{2, 3});
  tape.seed(x, Array<double>{1, 10});
  const auto cube = x * x * x;
  CHECK(tangent(cube).value()(1) == Dual<double>(270, 0));
  CHECK(primal(cube).value()(1) == Dual<double>(27, 0));
  tape.backward_primal(sum(tangent(cube) + tangent(cube) + 2 * primal(cube)));
  CHECK(tape.gradient(x)[0] == 2 * 6 * 2 * 1 + 2 * 3 * 4);
  CHECK(tape.gradient(x)[1] == 2 * 6 * 3 * 10 + 2 * 3 * 9);
}

TEST_CASE("The first contribution of a part overwrites both parts of a gradient") {
  Tape<Dual<double>> tape;
  tape.keep_gradients(true);  // in the memory of the round before
  const auto cube = [&] {
    tape.rewind();
    const auto x = tape.variable(Array<double>{2, 3});
    tape.seed(x, Array<double>{1, 10});
    return std::pair{x, x * x * x};
  };
  const auto fill_gradients = [&] {
    const auto y = cube().second;
    tape.backward(sum(y * y + y));
  };
  fill_gradients();
  const auto [x, y] = cube();
  tape.backward_primal(sum(tangent(y)));
  CHECK(tape.gradient(x)[0] == 6 * 2 * 1);
  CHECK(tape.gradient(x)[1] == 6 * 3 * 10);
  fill_gradients();
  const auto [again, z] = cube();
  tape.backward_primal(sum(primal(z)));
  CHECK(tape.gradient(again)[0] == 3 * 2 * 2);
  CHECK(tape.gradient(again)[1] == 3 * 3 * 3);
}

TEST_CASE("The tangent of the logsumexp of many floats does not lose digits") {
  const Array<float> x(Shape{300'000}, 0.F), v(Shape{300'000}, 0.1F);
  const auto [value, tangent] = jvp([](auto of) { return logsumexp(of); }, x, v);
  CHECK(tangent() == Approx(0.1).epsilon(1e-5));
}
