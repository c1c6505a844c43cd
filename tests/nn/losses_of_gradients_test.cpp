#include <cstddef>
#include <utility>

#include "autograd/derivatives.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/hessian_product.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// Losses that contain gradients, written as docs/guides/derivatives.md writes them.

using namespace xtape;

namespace {

using Model = nn::Sequential<Dual<double>>;
using Vector = nn::Parameters<double>;

/// Checks a gradient against differences of loss(model), one for each number of the model.
template <class Loss>
void check_gradient(Model model, const Vector& gradient, Loss loss) {
  std::size_t count = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName& name, Array<double>& parameter) {
    REQUIRE(count < gradient.size());
    const Array<double>& computed = gradient[count++];
    for (std::size_t i = 0; i < parameter.size(); ++i) {
      constexpr double h = 1e-5;
      const double before = parameter.data()[i];
      parameter.data()[i] = before + h;
      const double above = loss(std::as_const(model));
      parameter.data()[i] = before - h;
      const double below = loss(std::as_const(model));
      parameter.data()[i] = before;
      INFO("element " << i << " of " << name.str());
      CHECK(computed.data()[i] == Approx((above - below) / (2 * h)).epsilon(1e-7).margin(1e-9));
    }
  });
  CHECK(count == gradient.size());
}

/// Returns the mean square error of a model on a tape of plain numbers, and its gradient.
std::pair<double, Vector> plain_error(const Model& model, const Array<double>& x,
                                      const Array<double>& t) {
  Tape<double> tape;
  const auto loss = mse(model(tape.constant(x)), tape.constant(t));
  tape.backward(loss);
  Vector gradient;
  nn::copy_gradients(model, tape, gradient);
  return {loss.item(), gradient};
}

}  // namespace

TEST_CASE("A loss contains the lengths of the gradients with respect to the inputs") {
  Rng rng(1);
  using nn::Linear;
  const Model critic{Linear<double>(3, 6, rng), nn::Tanh{}, Linear<double>(6, 4, rng),
                     nn::Softplus{}, Linear<double>(4, 1, rng)};
  const auto real = random_normal<double>({4, 3}, rng), fake = random_normal<double>({5, 3}, rng),
             between = random_normal<double>({6, 3}, rng);

  const auto penalty = [](auto slopes) { return mean(square(norm(slopes, 1) - 1)); };
  const auto slopes = grad([&](auto z) { return sum(critic(z)); }, between);
  const auto direction = grad(penalty, slopes);
  Tape<Dual<double>> tape;
  const auto x = tape.variable(between);
  tape.seed(x, direction);
  const auto loss = mean(critic(tape.constant(fake))) - mean(critic(tape.constant(real)));
  tape.backward_primal(loss + 10 * sum(tangent(critic(x))));
  Vector gradients;
  nn::copy_gradients(critic, tape, gradients);

  check_gradient(critic, gradients, [&](const Model& each) {
    Tape<double> plain;
    const double scores =
        mean(each(plain.constant(fake))).item() - mean(each(plain.constant(real))).item();
    const auto g = grad([&](auto z) { return sum(each(z)); }, between);
    double lengths = 0;
    for (std::size_t row = 0; row < 6; ++row) {
      const double length = std::hypot(g(row, 0), g(row, 1), g(row, 2));
      lengths += (length - 1) * (length - 1) / 6;
    }
    return scores + 10 * lengths;
  });
}

TEST_CASE("A gradient goes through a step of gradient descent") {
  Rng rng(2);
  const Model model{nn::Linear<double>(2, 5, rng), nn::BatchNorm<double>(5), nn::Tanh{},
                    nn::Linear<double>(5, 2, rng)};
  const auto x = random_normal<double>({4, 2}, rng), t = random_normal<double>({4, 2}, rng),
             new_x = random_normal<double>({3, 2}, rng), new_t = random_normal<double>({3, 2}, rng);
  constexpr double rate = 0.1;

  nn::HessianProduct<double> inner(
      model, [&](auto& tape) { return mse(model(tape.constant(x)), tape.constant(t)); });
  Vector gradient, hv;
  inner.gradient(gradient);
  Model adapted = model;
  nn::step_along(adapted, -rate, gradient);
  Tape<double> tape;
  tape.backward(mse(adapted(tape.constant(new_x)), tape.constant(new_t)));
  nn::copy_gradients(adapted, tape, gradient);
  inner(gradient, hv);
  nn::add_scaled(gradient, -rate, hv);  // (I - rate H) g

  check_gradient(model, gradient, [&](const Model& each) {
    Model after = each;
    nn::step_along(after, -rate, plain_error(each, x, t).second);
    return plain_error(after, new_x, new_t).first;
  });
}
