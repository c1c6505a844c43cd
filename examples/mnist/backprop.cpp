#include "examples/mnist/backprop.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/error.hpp"
#include "tensor/gemm.hpp"

namespace mnist {
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
Array<T> sigmoid(const Array<T>& z) {
  Array<T> a(z.shape());
  for (std::size_t i = 0; i < z.size(); ++i) {
    a.data()[i] = T(1) / (T(1) + std::exp(-z.data()[i]));
  }
  return a;
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
Forward<T> forward(const Weights<T>& weights, const Array<T>& x, const Array<T>& y) {
  const auto& [w1, b1, w2, b2] = weights;
  const Array<T> z1 = product(x, w1) + b1;
  const Array<T> a1 = sigmoid(z1);
  const Array<T> z2 = product(a1, w2) + b2;
  const Array<T> log_y_hat = log_softmax(z2);
  const Array<T> y_hat = xt::exp(log_y_hat);
  return {z1, a1, z2, y_hat, cross_entropy(y, log_y_hat)};
}

template <class T>
Gradients<T> backprop(const Weights<T>& weights, const Array<T>& x, const Array<T>& y) {
  const auto& [z1, a1, z2, y_hat, loss] = forward(weights, x, y);
  const T batch = static_cast<T>(x.shape()[0]);

  const Array<T> dz2 = y_hat - y;
  const Array<T> dw2 = product(transposed(a1), dz2) / batch;
  const Array<T> db2 = sum_over_batch(dz2) / batch;

  const Array<T> dz1 = product(dz2, transposed(weights.w2)) * a1 * (T(1) - a1);
  const Array<T> dw1 = product(transposed(x), dz1) / batch;
  const Array<T> db1 = sum_over_batch(dz1) / batch;
  return {loss, dz2, dw2, db2, dz1, dw1, db1};
}

#define XTAPE_INSTANTIATE(T)                                                        \
  template Forward<T> forward(const Weights<T>&, const Array<T>&, const Array<T>&); \
  template Gradients<T> backprop(const Weights<T>&, const Array<T>&, const Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace mnist
