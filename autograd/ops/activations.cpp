#include "autograd/ops/activations.hpp"

#include <cmath>
#include <numbers>
#include <type_traits>

#include "autograd/define.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> sigmoid(Variable<T> x) {
  return define("sigmoid", {x}, T(1) / (T(1) + xt::exp(-x.value())),
                [](auto y) { return y.grad() * y.value() * (T(1) - y.value()); });
}

template <class T>
Variable<T> tanh(Variable<T> x) {
  return define("tanh", {x}, xt::tanh(x.value()),
                [](auto y) { return y.grad() * (T(1) - y.value() * y.value()); });
}

template <class T>
Variable<T> relu(Variable<T> x) {
  const auto positive_part = [](T value) { return value < T(0) ? T(0) : value; };
  return define("relu", {x}, elementwise(positive_part, x.value()), [=](auto y) {
    const auto slope = [](T value, T dy) { return value > T(0) ? dy : T(0); };
    return elementwise(slope, x.value(), y.grad());
  });
}

namespace {

/// Passes on `passed` where `value` is positive, and a part of it elsewhere.
template <class T>
auto leak(T slope) {
  return [=](T value, T passed) { return value > T(0) ? passed : slope * passed; };
}

}  // namespace

template <class T>
Variable<T> leaky_relu(Variable<T> x, std::type_identity_t<T> slope) {
  return define({"leaky_relu", {{"slope", slope}}}, {x},
                elementwise(leak(slope), x.value(), x.value()),
                [=](auto y) { return elementwise(leak(slope), x.value(), y.grad()); });
}

template <class T>
Variable<T> elu(Variable<T> x, std::type_identity_t<T> alpha) {
  const auto value = [=](T a) { return a <= T(0) ? alpha * std::expm1(a) : a; };
  return define({"elu", {{"alpha", alpha}}}, {x}, elementwise(value, x.value()), [=](auto y) {
    const auto slope = [=](T a, T dy) { return a <= T(0) ? alpha * std::exp(a) * dy : dy; };
    return elementwise(slope, x.value(), y.grad());
  });
}

template <class T>
Variable<T> softplus(Variable<T> x) {
  return define("softplus", {x},
                xt::maximum(x.value(), T(0)) + xt::log1p(xt::exp(-xt::abs(x.value()))),
                [=](auto y) { return y.grad() / (T(1) + xt::exp(-x.value())); });
}

namespace {

/// Returns Phi(x) = erfc(-x / sqrt 2) / 2. It keeps its digits for negative x, where 1 + erf would
/// cancel. The vectorised erfc is exact to float precision, but has at most 12 digits in double.
template <class T>
auto normal_distribution(const Array<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    return T(0.5) * xt::erfc(T(-1) / std::numbers::sqrt2_v<T> * x);
  } else {
    const auto phi = [](T value) { return std::erfc(-value / std::numbers::sqrt2_v<T>) / 2; };
    return elementwise(phi, x);
  }
}

/// Returns x phi(x). Beyond 40 the density phi is 0, and infinity times 0 would be NaN.
template <class T>
auto weighted_density(const Array<T>& x) {
  constexpr T phi0 = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
  const auto near = [&] { return xt::minimum(xt::maximum(x, T(-40)), T(40)); };
  return T(phi0) * near() * xt::exp(T(-0.5) * near() * x);
}

}  // namespace

template <class T>
Variable<T> gelu(Variable<T> x) {
  // Phi is 0 below -40, where -infinity times 0 would be NaN.
  return define("gelu", {x}, xt::maximum(x.value(), T(-40)) * normal_distribution(x.value()),
                [=](auto y) {
                  return y.grad() * (normal_distribution(x.value()) + weighted_density(x.value()));
                });
}

XTAPE_UNARY(sigmoid);
XTAPE_UNARY(tanh);
XTAPE_UNARY(relu);
XTAPE_UNARY(softplus);
XTAPE_UNARY(gelu);
template Variable<float> leaky_relu<float>(Variable<float>, float);
template Variable<double> leaky_relu<double>(Variable<double>, double);
template Variable<float> elu<float>(Variable<float>, float);
template Variable<double> elu<double>(Variable<double>, double);

}  // namespace xtape
