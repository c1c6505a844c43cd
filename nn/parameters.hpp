#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"

/// @file
/// Arrays beside the parameters of a model, such as directions in which they move.

namespace xtape::nn {

/// One array for each parameter of a model, in the order of its visit lines.
template <class T = float>
using Parameters = std::vector<Array<T>>;

/// Returns arrays of zeros in the shapes of the parameters of `model`, whose type is T: float or
/// double. Throws ShapeError if a parameter was moved from.
template <class T = float, class Model>
Parameters<T> parameters_like(const Model& model) {
  Parameters<T> all;
  for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) -> void {
    detail::require_whole("parameters_like", name, parameter);
    all.emplace_back(parameter.shape(), T(0));
  });
  return all;
}

namespace detail {

/// Throws ShapeError, with the name `user` and that of the parameter, unless there is a direction
/// in the shape of each parameter. Throws it for an array that was moved from, too.
template <class Model, class T>
void require_like(const char* user, const Model& model, const Parameters<T>& directions) {
  std::size_t count = 0;
  for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) -> void {
    require<ShapeError>(count < directions.size(), "{}: there is no direction for '{}' {}", user,
                        name.str(), parameter.shape());
    const Array<T>& direction = directions[count++];
    require<ShapeError>(same_shape(direction.shape(), parameter.shape()),
                        "{}: expected a direction {} for '{}', got {}", user, parameter.shape(),
                        name.str(), direction.shape());
    require_whole(user, name, parameter, "parameter");
    require_whole(user, name, direction, "the direction for");
  });
  require<ShapeError>(count == directions.size(), "{}: got {} directions for {} parameters", user,
                      directions.size(), count);
}

}  // namespace detail

/// Lets the parameters of `model` move along directions in a recording of Dual numbers, one for
/// each parameter. See DualTape::seed(). Call seed() after each Tape::rewind(), before the call of
/// the model:
///
///     tape.rewind();
///     nn::seed(model, directions, tape);
///     tape.backward(criterion(model(tape.constant(x)), labels));
///
/// Throws ShapeError unless there is a direction in the shape of each parameter. The message names
/// the parameter. Throws TapeError if the recording has a parameter already.
template <class Model, class T>
void seed(const Model& model, const Parameters<T>& directions, Tape<Dual<T>>& tape) {
  detail::require_like("seed", model, directions);
  auto direction = directions.begin();
  for_each_parameter(model, [&](const ParameterName&, const Array<T>& parameter) -> void {
    tape.seed(parameter, *direction++);
  });
}

namespace detail {

/// Throws ShapeError, with the name `user`, unless a and b have the same shapes, or if an array was
/// moved from.
template <class T>
void require_same_shapes(const char* user, const Parameters<T>& a, const Parameters<T>& b) {
  require<ShapeError>(a.size() == b.size(), "{}: got {} and {} arrays", user, a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    require<ShapeError>(same_shape(a[i].shape(), b[i].shape()), "{}: array {} is {}, and {}", user,
                        i, a[i].shape(), b[i].shape());
    xtape::require_whole(user, a[i]);
    xtape::require_whole(user, b[i]);
  }
}

/// Returns the sum of the products of the elements of a and b, which have the same size, in double
/// precision. The sum is bit-identical for any number of threads.
template <class T>
double sum_of_products(const Array<T>& a, const Array<T>& b);

}  // namespace detail

/// Returns the sum of the products of all elements of a and b, added in double precision. Throws
/// ShapeError if they have other shapes, or if an array was moved from.
template <class T>
T dot(const Parameters<T>& a, const Parameters<T>& b) {
  detail::require_same_shapes("dot", a, b);
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    total += detail::sum_of_products(a[i], b[i]);
  }
  return static_cast<T>(total);
}

/// Computes a += factor b. Throws ShapeError, and changes nothing, if they have other shapes.
template <class T>
void add_scaled(Parameters<T>& a, std::type_identity_t<T> factor, const Parameters<T>& b) {
  detail::require_same_shapes("add_scaled", a, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] += factor * b[i];
  }
}

/// Adds factor directions to the parameters of `model`. Throws ShapeError, and changes nothing,
/// unless there is a direction in the shape of each parameter.
template <class Model, class T>
void step_along(Model& model, double factor, const Parameters<T>& directions) {
  detail::require_like("step_along", model, directions);
  auto direction = directions.begin();
  for_each_parameter(model, [&](const ParameterName&, Array<T>& parameter) -> void {
    parameter += static_cast<T>(factor) * *direction++;
  });
}

namespace detail {

/// Copies `part(parameter)` for each parameter that has a gradient. The others get zeros. Throws
/// ShapeError, with the name `user`, if a gradient has another shape than its parameter, or was
/// moved from.
template <class S, class Model, class Part>
void copy_of_gradients(const char* user, const Model& model, const Tape<S>& tape,
                       Parameters<Real<S>>& out, Part part) {
  using T = Real<S>;
  std::size_t count = 0;
  for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) -> void {
    if (count == out.size()) {
      out.emplace_back();
    }
    Array<T>& copy = out[count++];
    resize(copy, parameter.shape());
    const Array<S>* grad = tape.find_grad(parameter);
    if (grad == nullptr) {
      copy.fill(T(0));
    } else {
      require<ShapeError>(same_shape(grad->shape(), parameter.shape()),
                          "{}: parameter '{}' is {}, but its gradient {}", user, name.str(),
                          parameter.shape(), grad->shape());
      require_whole(user, name, *grad, "the gradient of");
      std::copy_n(part(parameter), copy.size(), copy.data());
    }
  });
  out.resize(count);
}

}  // namespace detail

/// Copies the gradients of the parameters of `model` from a tape of any numbers, for example for
/// Optimizer::step(). `out` gets an array for each parameter, with zeros if the loss does not
/// depend on it. Allocates nothing if `out` has the shapes already. Throws ShapeError if a
/// parameter was resized since it was recorded, or if a gradient was moved from.
template <class Model, class S>
void copy_gradients(const Model& model, const Tape<S>& tape, Parameters<Real<S>>& out) {
  detail::copy_of_gradients("copy_gradients", model, tape, out,
                            [&](const Array<Real<S>>& parameter) {
                              if constexpr (is_dual<S>) {
                                return tape.gradient(parameter).data();
                              } else {
                                return tape.grad(parameter).data();
                              }
                            });
}

/// Copies the Hessian-vector products of the parameters of `model`. See DualTape. `out` gets an
/// array for each parameter, with zeros if its gradient does not change along the directions.
template <class Model, class T>
void copy_hessian_products(const Model& model, const Tape<Dual<T>>& tape, Parameters<T>& out) {
  const auto part = [&](const Array<T>& parameter) {
    return tape.hessian_product(parameter).data();
  };
  detail::copy_of_gradients("copy_hessian_products", model, tape, out, part);
}

}  // namespace xtape::nn
