#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "autograd/directed_call.hpp"
#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "tensor/array.hpp"
#include "tensor/error.hpp"

/// @file
/// Derivatives of functions of arrays, by the names of JAX and torch.func. A function takes one
/// Variable for each input, as `[](auto x) { return sum(square(x)); }` does, and returns a
/// Variable. Each call records the function on a tape of its own. To train a model, use a Tape,
/// which keeps its memory.
///
/// jvp(), hvp(), hessian() and jacfwd() record the function on a Tape of Dual numbers. So they take
/// a generic function, with `auto` in place of `Variable<double>`. docs/derivatives.md says what
/// the ops compute there.

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

/// Returns y = f(inputs...) and its derivative along the directions.
template <class T, std::size_t N, class F>
std::pair<Array<T>, Array<T>> jvp_of(F& f, std::span<const Array<T>, N> inputs,
                                     std::span<const Array<T>, N> directions) {
  DirectedCall<T, N> call("jvp", inputs);
  call.set_directions("jvp", directions);
  call.record(f);
  const Storage<Dual<T>>& y = call.result().storage();
  std::pair<Array<T>, Array<T>> parts{Array<T>(call.result().shape()),
                                      Array<T>(call.result().shape())};
  std::copy_n(y.values(), y.size(), parts.first.data());
  std::copy_n(y.tangents(), y.size(), parts.second.data());
  return parts;
}

/// Returns the derivatives of the gradients of f along the directions.
template <class T, std::size_t N, class F>
std::array<Array<T>, N> hvp_of(F& f, std::span<const Array<T>, N> inputs,
                               std::span<const Array<T>, N> directions) {
  DirectedCall<T, N> call("hvp", inputs);
  call.set_directions("hvp", directions);
  call.record(f);
  call.backward("hvp");
  std::array<Array<T>, N> products;
  for (std::size_t i = 0; i < N; ++i) {
    products[i].resize(inputs[i].shape());
    call.write_product(i, products[i].data());
  }
  return products;
}

/// Returns an array of the shape `y`, followed by `x`.
template <class T>
Array<T> matrix_of_shapes(const char* name, Shape y, const Shape& x) {
  y.insert(y.end(), x.begin(), x.end());
  Array<T> matrix;
  resize(matrix, y, name);
  return matrix;
}

/// Returns the Jacobian of a recorded call, one backward pass for each element of its result.
template <class T>
Array<T> jacobian_by_rows(const char* name, RecordedCall<T, 1>& call, const Array<T>& x) {
  Array<T> cotangent(call.result().shape(), T(0));
  Array<T> rows = matrix_of_shapes<T>(name, cotangent.shape(), x.shape());
  for (std::size_t i = 0; i < cotangent.size(); ++i) {
    cotangent.data()[i] = T(1);
    call.backward(cotangent);
    call.write_gradient(0, rows.data() + i * x.size());
    cotangent.data()[i] = T(0);
  }
  return rows;
}

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

/// Returns the gradients of a function of several arrays: `auto [da, db] = grad(f, {a, b})`. If the
/// result does not depend on an input, its gradient is zeros. Throws as grad(f, x).
template <class F, class T, std::size_t N>
std::array<Array<T>, N> grad(F&& f, const Array<T> (&inputs)[N]) {
  return detail::gradients_of<T, N>(f, std::span<const Array<T>, N>(inputs));
}

/// The result of vjp(): y, and the vector-Jacobian products of the function.
template <class T, std::size_t N>
class Pullback {
 public:
  /// Records f(inputs...). See vjp().
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

/// Computes y = f(inputs...), of any shape, and the Jacobian-vector product: the derivative of y
/// along the directions, sum over k of dy/dx_k v_k. Returns both: `auto [y, dy] = jvp(f, {x},
/// {v})`. Takes one pass forward and none backward. Throws ShapeError if a direction does not have
/// the shape of its input.
///@{
template <class F, class T, std::size_t N>
std::pair<Array<T>, Array<T>> jvp(F&& f, const Array<T> (&inputs)[N],
                                  const Array<T> (&directions)[N]) {
  return detail::jvp_of<T, N>(f, std::span<const Array<T>, N>(inputs),
                              std::span<const Array<T>, N>(directions));
}
template <class F, class T>
std::pair<Array<T>, Array<T>> jvp(F&& f, const Array<T>& x, const Array<T>& direction) {
  return detail::jvp_of<T, 1>(f, std::span<const Array<T>, 1>(&x, 1),
                              std::span<const Array<T>, 1>(&direction, 1));
}
///@}

/// Returns the Hessian-vector products of a function that returns one number, one for each input:
/// `auto [hv] = hvp(f, {x}, {v})`. The product of an input is the derivative of its gradient along
/// all directions, and has the shape of the input. It is zeros if the gradient does not change.
/// Takes one pass forward and one backward, and never makes the Hessian. Throws ShapeError if a
/// direction does not have the shape of its input, or if the function returns another number of
/// elements.
///@{
template <class F, class T, std::size_t N>
std::array<Array<T>, N> hvp(F&& f, const Array<T> (&inputs)[N], const Array<T> (&directions)[N]) {
  return detail::hvp_of<T, N>(f, std::span<const Array<T>, N>(inputs),
                              std::span<const Array<T>, N>(directions));
}
template <class F, class T>
Array<T> hvp(F&& f, const Array<T>& x, const Array<T>& direction) {
  return std::move(detail::hvp_of<T, 1>(f, std::span<const Array<T>, 1>(&x, 1),
                                        std::span<const Array<T>, 1>(&direction, 1))[0]);
}
///@}

/// Returns the Hessian of a function that returns one number. Its shape is that of x, twice: for a
/// vector, H(i, k) = d^2 f / dx_i dx_k. Takes one hvp() for each element of x. Throws ShapeError if
/// the function returns another number of elements, or if the Hessian has more than max_rank axes.
template <class F, class T>
Array<T> hessian(F&& f, const Array<T>& x) {
  detail::DirectedCall<T, 1> call("hessian", std::span<const Array<T>, 1>(&x, 1));
  Array<T> rows = detail::matrix_of_shapes<T>("hessian", x.shape(), x.shape());
  for (std::size_t k = 0; k < x.size(); ++k) {
    call.set_unit_direction(k);
    call.record(f);
    call.backward("hessian");
    call.write_product(0, rows.data() + k * x.size());
  }
  return rows;
}

/// Returns the Jacobian of y = f(x), computed forward. Its shape is that of y, followed by that of
/// x: for vectors, J(i, k) = dy_i/dx_k. Takes one pass forward for each element of x, so it suits a
/// function of few numbers. Throws ShapeError if the Jacobian has more than max_rank axes.
template <class F, class T>
Array<T> jacfwd(F&& f, const Array<T>& x) {
  detail::DirectedCall<T, 1> call("jacfwd", std::span<const Array<T>, 1>(&x, 1));
  call.set_unit_direction(0);
  call.record(f);
  Array<T> columns = detail::matrix_of_shapes<T>("jacfwd", call.result().shape(), x.shape());
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (k > 0) {
      call.set_unit_direction(k);
      call.record(f);
    }
    const T* tangents = call.result().storage().tangents();
    for (std::size_t i = 0; i < call.result().size(); ++i) {
      columns.data()[i * x.size() + k] = tangents[i];
    }
  }
  return columns;
}

/// Returns the Jacobian of y = f(x), computed backward. Its shape is that of y, followed by that of
/// x: for vectors, J(i, k) = dy_i/dx_k. Takes one backward pass for each element of y, so it suits
/// a function that returns few numbers. Throws ShapeError if the Jacobian has more than max_rank
/// axes.
template <class F, class T>
Array<T> jacrev(F&& f, const Array<T>& x) {
  detail::RecordedCall<T, 1> call(f, std::span<const Array<T>, 1>(&x, 1));
  return detail::jacobian_by_rows("jacrev", call, x);
}

/// Returns the Jacobian of y = f(x), by whichever of jacfwd() and jacrev() takes fewer passes. If
/// `f` takes no Variable of Dual numbers, this is jacrev(). Throws ShapeError if the Jacobian has
/// more than max_rank axes.
template <class F, class T>
Array<T> jacobian(F&& f, const Array<T>& x) {
  detail::RecordedCall<T, 1> call(f, std::span<const Array<T>, 1>(&x, 1));
  if constexpr (std::is_invocable_v<F&, Variable<Dual<T>>>) {
    if (x.size() < call.result().value().size()) {
      return jacfwd(f, x);
    }
  }
  return detail::jacobian_by_rows("jacobian", call, x);
}

}  // namespace xtape
