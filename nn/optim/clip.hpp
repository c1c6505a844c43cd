#pragma once

#include <cmath>

#include "nn/optim/optimizer.hpp"

/// @file
/// Gradients kept from exploding.

namespace xtape::nn {

namespace detail {

/// The sum of squares, in double; the same for any number of threads.
template <class T>
double sum_of_squares(const Array<T>& array);

template <class T>
void scale(Array<T>& array, double factor);

void require_max_norm(double max_norm);

}  // namespace detail

/// Where the norm of all gradients together, sqrt(sum g^2), exceeds `max_norm`, multiplies them by
/// max_norm / norm (Pascanu et al. 2013). Returns the norm that they had before. Call it between
/// Tape::backward and the optimizer's step.
///
/// A norm that is not finite leaves the gradients as they are: no factor mends them, and the caller
/// sees it in what is returned. A `max_norm` of infinity only measures. Throws ValueError unless
/// max_norm > 0; naming the parameter, TapeError when one has no gradient and ShapeError when one
/// was moved from.
template <class Model, class T>
double clip_grad_norm(const Model& model, Tape<T>& tape, double max_norm) {
  constexpr const char* name = "clip_grad_norm";
  detail::require_max_norm(max_norm);
  double squares = 0;
  for_each_parameter(model, [&](const ParameterName& path, const Array<T>& parameter) {
    squares += detail::sum_of_squares(detail::gradient_of(name, path, parameter, tape));
  });
  const double norm = std::sqrt(squares);
  if (norm > max_norm && std::isfinite(norm)) {
    for_each_parameter(model, [&](const ParameterName&, const Array<T>& parameter) {
      detail::scale(*tape.find_grad(parameter), max_norm / norm);
    });
  }
  return norm;
}

}  // namespace xtape::nn
