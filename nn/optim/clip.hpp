#pragma once

#include <cmath>

#include "nn/optim/optimizer.hpp"
#include "nn/parameters.hpp"

/// @file
/// Clipping of gradients.

namespace xtape::nn {

namespace detail {

template <class T>
void scale(Array<T>& array, double factor);

void require_max_norm(double max_norm);

}  // namespace detail

/// Clips the norm of all gradients together, sqrt(sum g^2), to `max_norm` (Pascanu et al. 2013). If
/// the norm is larger, all gradients are multiplied by max_norm / norm. Returns the norm before
/// clipping. Call clip_grad_norm() between Tape::backward and the optimizer's step.
/// Frozen parameters do not count.
///
/// If the norm is not finite, the gradients stay unchanged, because no factor repairs them. The
/// caller sees the norm in the result. If `max_norm` is infinite, the function only measures the
/// norm. Throws ValueError unless max_norm > 0. Throws TapeError if a parameter has no gradient,
/// and ShapeError if a gradient or parameter was moved from. Both messages name the parameter.
template <class Model, class T>
double clip_grad_norm(const Model& model, Tape<T>& tape, double max_norm) {
  constexpr const char* name = "clip_grad_norm";
  detail::require_max_norm(max_norm);
  double squares = 0;
  for_each_parameter(model, [&](const ParameterName& path, const Array<T>& parameter) {
    const Array<T>* grad = detail::gradient_of(name, path, parameter, tape);
    squares += grad == nullptr ? 0 : detail::sum_of_products(*grad, *grad);
  });
  const double norm = std::sqrt(squares);
  if (norm > max_norm && std::isfinite(norm)) {
    for_each_parameter(model, [&](const ParameterName&, const Array<T>& parameter) {
      if (Array<T>* grad = tape.find_grad(parameter)) {
        detail::scale(*grad, max_norm / norm);
      }
    });
  }
  return norm;
}

}  // namespace xtape::nn
