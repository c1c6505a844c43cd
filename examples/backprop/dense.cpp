#include "examples/backprop/dense.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.hpp"
#include "tensor/gemm.hpp"

namespace by_hand {
namespace {

using xtape::Array;
using xtape::Shape;

template <class T>
Array<T> product(const Array<T>& a, const Array<T>& b) {
  Array<T> c(Shape{a.shape()[0], b.shape()[1]});
  gemm(xtape::Transpose::no, xtape::Transpose::no, a, b, T(0), c);
  return c;
}

template <class T>
Array<T> transposed(const Array<T>& a) {
  Array<T> b(Shape{a.shape()[1], a.shape()[0]});
  for (std::size_t i = 0; i < a.shape()[0]; ++i) {
    for (std::size_t j = 0; j < a.shape()[1]; ++j) {
      b(j, i) = a(i, j);
    }
  }
  return b;
}

/// The sum of the rows.
template <class T>
Array<T> sum_over_batch(const Array<T>& a) {
  Array<T> total(Shape{a.shape()[1]}, T(0));
  for (std::size_t i = 0; i < a.shape()[0]; ++i) {
    for (std::size_t j = 0; j < a.shape()[1]; ++j) {
      total(j) += a(i, j);
    }
  }
  return total;
}

template <class T>
T sigmoid(T z) {
  return T(1) / (T(1) + std::exp(-z));
}

/// The normal distribution function.
template <class T>
T normal_distribution(T z) {
  return std::erfc(-z / std::numbers::sqrt2_v<T>) / 2;
}

template <class T>
T normal_density(T z) {
  return std::exp(-z * z / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
}

/// ln softmax(z) = z - m - ln sum_k e^(z_k - m) for each row, with m its largest element: no power
/// of e overflows, and no probability that has been rounded to 0 meets the logarithm.
template <class T>
Array<T> log_softmax(const Array<T>& z) {
  Array<T> result(z.shape());
  for (std::size_t i = 0; i < z.shape()[0]; ++i) {
    T largest = z(i, 0);
    for (std::size_t k = 1; k < z.shape()[1]; ++k) {
      largest = std::max(largest, z(i, k));
    }
    T total = 0;
    for (std::size_t k = 0; k < z.shape()[1]; ++k) {
      total += std::exp(z(i, k) - largest);
    }
    for (std::size_t k = 0; k < z.shape()[1]; ++k) {
      result(i, k) = z(i, k) - largest - std::log(total);
    }
  }
  return result;
}

/// -(1/B) sum_ik y_ik ln y_hat_ik
template <class T>
T cross_entropy(const Array<T>& y, const Array<T>& log_y_hat) {
  xtape::require<xtape::ShapeError>(xtape::same_shape(y.shape(), log_y_hat.shape()),
                                    "cross_entropy: the targets {} do not fit the logits {}",
                                    y.shape(), log_y_hat.shape());
  T total = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    total -= y.data()[i] * log_y_hat.data()[i];
  }
  return total / static_cast<T>(y.shape()[0]);
}

}  // namespace

template <class T>
Array<T> map(T (*f)(T), const Array<T>& z) {
  Array<T> a(z.shape());
  std::transform(z.begin(), z.end(), a.begin(), f);
  return a;
}

template <class T>
Activation<T> find_activation(const std::string& name) {
  if (name == "sigmoid") {
    return {sigmoid, [](T z) { return sigmoid(z) * (1 - sigmoid(z)); }};
  }
  if (name == "tanh") {
    return {[](T z) { return std::tanh(z); }, [](T z) { return 1 - std::tanh(z) * std::tanh(z); }};
  }
  if (name == "relu") {
    return {[](T z) { return std::max(z, T(0)); }, [](T z) { return z > 0 ? T(1) : T(0); }};
  }
  if (name == "leaky_relu") {
    return {[](T z) { return z > 0 ? z : T(0.01) * z; },
            [](T z) { return z > 0 ? T(1) : T(0.01); }};
  }
  if (name == "gelu") {
    return {[](T z) { return z * normal_distribution(z); },
            [](T z) { return normal_distribution(z) + z * normal_density(z); }};
  }
  throw xtape::ValueError("unknown activation '" + name + "'");
}

template <class T>
Forward<T> forward(const Network<T>& network, const Array<T>& x, const Array<T>& y) {
  Forward<T> pass;
  for (const auto& [w, b] : network.layers) {
    pass.a.push_back(pass.z.empty() ? x : map(network.activation.f, pass.z.back()));
    pass.z.push_back(product(pass.a.back(), w) + b);
  }
  const Array<T> log_y_hat = log_softmax(pass.z.back());
  pass.y_hat = xt::exp(log_y_hat);
  pass.loss = cross_entropy(y, log_y_hat);
  return pass;
}

template <class T>
Gradients<T> backprop(const Network<T>& network, const Array<T>& x, const Array<T>& y) {
  const auto& [layers, activation] = network;
  const auto [a, z, y_hat, loss] = forward(network, x, y);
  const T batch = static_cast<T>(x.shape()[0]);
  std::vector<Array<T>> dz(layers.size()), dw(layers.size()), db(layers.size());

  dz.back() = y_hat - y;
  for (std::size_t l = layers.size(); l-- > 0;) {
    dw[l] = product(transposed(a[l]), dz[l]) / batch;
    db[l] = sum_over_batch(dz[l]) / batch;
    if (l > 0) {
      dz[l - 1] = product(dz[l], transposed(layers[l].w)) * map(activation.slope, z[l - 1]);
    }
  }
  return {loss, dz, dw, db};
}

template <class T>
Array<T> input_gradient(const Network<T>& network, const Gradients<T>& gradients) {
  return product(gradients.dz.front(), transposed(network.layers.front().w));
}

#define XTAPE_INSTANTIATE(T)                                                        \
  template Array<T> map(T (*)(T), const Array<T>&);                                 \
  template Array<T> input_gradient(const Network<T>&, const Gradients<T>&);         \
  template Activation<T> find_activation(const std::string&);                       \
  template Forward<T> forward(const Network<T>&, const Array<T>&, const Array<T>&); \
  template Gradients<T> backprop(const Network<T>&, const Array<T>&, const Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace by_hand
