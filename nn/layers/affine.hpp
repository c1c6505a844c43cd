#pragma once

#include "autograd/define.hpp"
#include "nn/layers/linear.hpp"
#include "tensor/matmul_precision.hpp"

/// @file
/// Products with weights along the last axis, for layers that read sequences.

namespace xtape::nn::detail {

/// Returns y = x op(W) + b along the last axis of x (..., in), for weights op(W) (in, out) and a
/// bias (out). The gradients are dx = dy op(W)^T, d op(W) = x^T dy, and db, the sum of dy over all
/// axes but the last. It is linear() for weights of either layout, and keeps the axes of x. Throws
/// ShapeError if the shapes do not fit.
template <class T>
Variable<T> affine(Variable<T> x, Variable<T> weight, Transpose transpose, Variable<T> bias) {
  const bool turned = transpose == Transpose::yes;
  const Shape& shape = weight.shape();
  require<ShapeError>(shape.size() == 2 && element_count(shape) > 0 && !x.shape().empty() &&
                          x.shape().back() == shape[turned ? 1 : 0] && bias.shape().size() == 1 &&
                          bias.shape()[0] == shape[turned ? 0 : 1],
                      "affine: {} x {} + {} do not fit", x.shape(), shape, bias.shape());
  return define(
      {"affine", {{"transpose", turned}}}, {x, weight, bias},
      [=](Array<T>& y) {
        const std::size_t in = x.shape().back(), out = bias.shape()[0];
        Shape result = x.shape();
        result.back() = out;
        resize(y, result, "affine");
        matmul_gemm(Transpose::no, transpose, y.size() / out, out, in, x.value().data(), in,
                    weight.value().data(), turned ? in : out, T(0), y.data(), out);
        assign_into(y, y + bias.value());
      },
      [=](auto y, Array<T>& dx, T beta) {
        const std::size_t in = dx.shape().back(), out = y.shape().back();
        matmul_gemm(Transpose::no, turned ? Transpose::no : Transpose::yes, y.grad().size() / out,
                    in, out, y.grad().data(), out, y.input(1).value().data(), turned ? in : out,
                    beta, dx.data(), in);
      },
      [=](auto y, Array<T>& dw, T beta) {
        const Array<T>& from = y.input(0).value();
        const std::size_t in = from.shape().back(), out = y.shape().back();
        const auto dy = y.grad().data(), rows = from.data();
        matmul_gemm(Transpose::yes, Transpose::no, turned ? out : in, turned ? in : out,
                    y.grad().size() / out, turned ? dy : rows, turned ? out : in,
                    turned ? rows : dy, turned ? in : out, beta, dw.data(), turned ? in : out);
      },
      [](auto y) -> const auto& { return y.grad(); });
}

/// Returns x W + b along the last axis of x (..., in), with W and b of a Linear.
template <class T, NumberOver<T> S>
Variable<S> each_step(const Linear<T>& linear, Variable<S> x) {
  const Variable<S> weight = x.tape().parameter(linear.weight);
  return affine(x, weight, Transpose::no, x.tape().parameter(linear.bias));
}

}  // namespace xtape::nn::detail
