#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "tensor/array.hpp"
#include "tensor/error.hpp"

/// @file
/// Derivatives of functions of arrays, by the names of JAX and torch.func. A function takes one
/// Variable for each input, as `[](auto x) { return sum(square(x)); }` does, and returns a
/// Variable. Each call records the function on a tape of its own. To train a model, use a Tape,
/// which keeps its memory.

namespace xtape {
namespace detail {

/// A call of a function, recorded on a tape of its own.
template <class T, std::size_t N>
class RecordedCall {
 public:
  template <class F>
  RecordedCall(F& f, std::span<const Array<T>, N> inputs) {
    tape_.retain_graph(true);
    std::transform(inputs.begin(), inputs.end(), inputs_.begin(),
                   [&](const Array<T>& input) { return tape_.variable(input); });
    using Result = decltype(std::apply(f, inputs_));
    static_assert(std::is_same_v<std::remove_cvref_t<Result>, Variable<T>>,
                  "a function to differentiate takes Variables and returns a Variable");
    result_ = std::apply(f, inputs_);
    require<TapeError>(&result_.tape() == &tape_,
                       "the function to differentiate returned '{}' of another tape than that of "
                       "its arguments",
                       result_.op());
  }

  Variable<T> result() const { return result_; }

  /// Computes the gradients of sum(cotangent * result).
  void backward(const Array<T>& cotangent) {
    if (result_.needs_grad()) {
      tape_.backward(result_, cotangent);
    }
  }

  /// Writes the gradient of input `i` from `begin` on: zeros if the result does not depend on it.
  void write_gradient(std::size_t i, T* begin) const {
    if (inputs_[i].has_grad()) {
      std::copy_n(inputs_[i].grad().data(), inputs_[i].value().size(), begin);
    } else {
      std::fill_n(begin, inputs_[i].value().size(), T(0));
    }
  }

  /// Returns the gradients of all inputs.
  std::array<Array<T>, N> gradients() const {
    std::array<Array<T>, N> all;
    for (std::size_t i = 0; i < N; ++i) {
      all[i].resize(inputs_[i].shape());
      write_gradient(i, all[i].data());
    }
    return all;
  }

 private:
  Tape<T> tape_;
  std::array<Variable<T>, N> inputs_;
  Variable<T> result_;
};

/// Returns the gradients of a function that returns one number.
template <class T, std::size_t N, class F>
std::array<Array<T>, N> gradients_of(F& f, std::span<const Array<T>, N> inputs) {
  RecordedCall<T, N> call(f, inputs);
  const Variable<T> y = call.result();
  require<ShapeError>(y.value().size() == 1,
                      "grad: the function must return one number, but '{}' produced {}; see vjp() "
                      "and jacobian()",
                      y.op(), y.shape());
  call.backward(Array<T>(y.shape(), T(1)));
  return call.gradients();
}

}  // namespace detail

/// Returns the gradient of a function that returns one number: the array of df/dx for each element
/// of x, which has the shape of x. Throws ShapeError if the function returns another number of
/// elements.
template <class F, class T>
Array<T> grad(F&& f, const Array<T>& x) {
  return std::move(detail::gradients_of<T, 1>(f, std::span<const Array<T>, 1>(&x, 1))[0]);
}

/// The same for a function of several arrays: `auto [da, db] = grad(f, {a, b})`. The gradient of an
/// input that the result does not depend on is zeros.
template <class F, class T, std::size_t N>
std::array<Array<T>, N> grad(F&& f, const Array<T> (&inputs)[N]) {
  return detail::gradients_of<T, N>(f, std::span<const Array<T>, N>(inputs));
}

/// What vjp() returns: y, and the vector-Jacobian products of the function.
template <class T, std::size_t N>
class Pullback {
 public:
  /// Records f(inputs...); see vjp().
  template <class F>
  Pullback(F& f, std::span<const Array<T>, N> inputs)
      : call_(std::make_unique<detail::RecordedCall<T, N>>(f, inputs)) {}

  /// Returns the products of `cotangent`, which has the shape of y, and the Jacobian of y with
  /// respect to each input: sum over i of cotangent_i dy_i/dx. May be called any number of times,
  /// by one thread at a time. Throws ShapeError if the cotangent has another shape.
  std::array<Array<T>, N> operator()(const Array<T>& cotangent) const {
    const Shape& shape = value().shape();
    require<ShapeError>(same_shape(cotangent.shape(), shape),
                        "vjp: expected a cotangent {}, got {}", shape, cotangent.shape());
    call_->backward(cotangent);
    return call_->gradients();
  }
  template <Expression E>
  requires(loses_digits<E, T>) std::array<Array<T>, N>
  operator()(const E& cotangent) const = delete;

  /// Returns y. Throws ValueError if the object was moved from.
  const Array<T>& value() const {
    require<ValueError>(call_ != nullptr, "vjp: the pullback was moved from");
    return call_->result().value();
  }

 private:
  std::unique_ptr<detail::RecordedCall<T, N>> call_;
};

/// Computes y = f(inputs...), of any shape, and returns it with a function for vector-Jacobian
/// products: `auto [y, pullback] = vjp(f, {x}); auto [dx] = pullback(cotangent);`. The products
/// share one recording of f.
template <class F, class T, std::size_t N>
std::pair<Array<T>, Pullback<T, N>> vjp(F&& f, const Array<T> (&inputs)[N]) {
  Pullback<T, N> pullback(f, std::span<const Array<T>, N>(inputs));
  Array<T> y = pullback.value();
  return {std::move(y), std::move(pullback)};
}

/// Returns the Jacobian of y = f(x). Its shape is that of y, followed by that of x: for vectors,
/// J(i, k) = dy_i/dx_k. Takes one backward pass for each element of y. Throws ShapeError if these
/// are more than max_rank axes.
template <class F, class T>
Array<T> jacobian(F&& f, const Array<T>& x) {
  detail::RecordedCall<T, 1> call(f, std::span<const Array<T>, 1>(&x, 1));
  Shape shape = call.result().shape();
  Array<T> cotangent(shape, T(0));
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  Array<T> rows;
  resize(rows, shape, "jacobian");
  for (std::size_t i = 0; i < cotangent.size(); ++i) {
    cotangent.data()[i] = T(1);
    call.backward(cotangent);
    call.write_gradient(0, rows.data() + i * x.size());
    cotangent.data()[i] = T(0);
  }
  return rows;
}

}  // namespace xtape
