#include "autograd/ops/activations.hpp"

#include <cmath>
#include <numbers>
#include <type_traits>

#include "autograd/record.hpp"
#include "tensor/elementwise.hpp"

namespace xtape {

template <class T>
Variable<T> sigmoid(Variable<T> x) {
  return record("sigmoid", {x}, T(1) / (T(1) + xt::exp(-x.value())),
                [=](Variable<T> y) { accumulate(x, y.grad() * y.value() * (T(1) - y.value())); });
}

template <class T>
Variable<T> tanh(Variable<T> x) {
  return record("tanh", {x}, xt::tanh(x.value()),
                [=](Variable<T> y) { accumulate(x, y.grad() * (T(1) - y.value() * y.value())); });
}

template <class T>
Variable<T> relu(Variable<T> x) {
  const auto positive_part = [](T value) { return value < T(0) ? T(0) : value; };
  return record("relu", {x}, elementwise(positive_part, x.value()), [=](Variable<T> y) {
    const auto slope = [](T value, T dy) { return value > T(0) ? dy : T(0); };
    accumulate(x, elementwise(slope, x.value(), y.grad()));
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
  return record(
      "leaky_relu", {x}, elementwise(leak(slope), x.value(), x.value()),
      [=](Variable<T> y) { accumulate(x, elementwise(leak(slope), x.value(), y.grad())); });
}

template <class T>
Variable<T> softplus(Variable<T> x) {
  return record("softplus", {x},
                xt::maximum(x.value(), T(0)) + xt::log1p(xt::exp(-xt::abs(x.value()))),
                [=](Variable<T> y) { accumulate(x, y.grad() / (T(1) + xt::exp(-x.value()))); });
}

namespace {

/// Phi(x) = erfc(-x / sqrt 2) / 2, which keeps its digits for negative x, where 1 + erf would
/// cancel. The vectorised erfc is good to a float, but to a double only to 12 digits and fewer.
template <class T>
auto normal_distribution(const Array<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    return T(0.5) * xt::erfc(T(-1) / std::numbers::sqrt2_v<T> * x);
  } else {
    const auto phi = [](T value) { return std::erfc(-value / std::numbers::sqrt2_v<T>) / 2; };
    return elementwise(phi, x);
  }
}

}  // namespace

template <class T>
Variable<T> gelu(Variable<T> x) {
  constexpr T half = T(0.5);
  constexpr T phi0 = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
  constexpr T far = 40;  // out there Phi or phi is 0, and infinity times 0 would be NaN
  const auto forward = xt::maximum(x.value(), -far) * normal_distribution(x.value());
  return record("gelu", {x}, forward, [=](Variable<T> y) {
    const auto near = xt::minimum(xt::maximum(x.value(), -far), far);
    accumulate(x, y.grad() * (normal_distribution(x.value()) +
                              phi0 * near * xt::exp(-half * near * x.value())));
  });
}

#define XTAPE_INSTANTIATE(T)                                                \
  template Variable<T> sigmoid(Variable<T>);                                \
  template Variable<T> tanh(Variable<T>);                                   \
  template Variable<T> relu(Variable<T>);                                   \
  template Variable<T> leaky_relu<T>(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> softplus(Variable<T>);                               \
  template Variable<T> gelu(Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
