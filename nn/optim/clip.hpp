#pragma once

#include <vector>

#include "nn/optim/optimizer.hpp"
#include "tensor/scratch.hpp"

/// @file
/// Clipping of gradients.

namespace xtape::nn {

namespace detail {

/// Returns the norm of all gradients together, and clips it. Throws TapeError if two gradients are
/// the same array.
template <class T>
double clip_norm(const std::vector<Array<T>*>& gradients, double max_norm);

void require_max_norm(double max_norm);

}  // namespace detail

/// Clips the norm of all gradients together, sqrt(sum g^2), to `max_norm` (Pascanu et al. 2013). If
/// the norm is larger, all gradients are multiplied by max_norm / norm. Returns the norm before
/// clipping. Call clip_grad_norm() between Tape::backward and the optimizer's step.
/// Frozen parameters do not count.
///
/// If the norm is not finite, the gradients stay unchanged, because no factor repairs them. The
/// caller sees the norm in the result. If `max_norm` is infinite, the function only measures the
/// norm. Throws ValueError unless max_norm > 0. Throws TapeError if a parameter has no gradient, or
/// if two visit lines name the same array. Throws ShapeError if a gradient or parameter was moved
/// from.
template <class Model, class T>
double clip_grad_norm(const Model& model, Tape<T>& tape, double max_norm) {
  constexpr const char* name = "clip_grad_norm";
  detail::require_max_norm(max_norm);
  auto& gradients = scratch<std::vector<Array<T>*>, struct ClippedGradients>();
  gradients.clear();
  for_each_parameter(model, [&](const ParameterName& path, const Array<T>& parameter) {
    if (Array<T>* grad = detail::gradient_of(name, path, parameter, tape)) {
      gradients.push_back(grad);
    }
  });
  return detail::clip_norm(gradients, max_norm);
}

}  // namespace xtape::nn
