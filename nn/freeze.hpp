#pragma once

#include "autograd/tape.hpp"
#include "nn/module.hpp"

namespace xtape::nn {

/// Makes the parameters of `model`, often a selection, constants of the tape's recording. Call
/// freeze() after each Tape::rewind(), before the call of the model:
///
///     tape.rewind();
///     nn::freeze(body, tape);
///
/// backward() computes no gradient for these parameters. Gradients still flow through their layers
/// to earlier layers. Throws TapeError if the recording already differentiates a parameter. Throws
/// ShapeError if a parameter was moved from.
template <class Model, class T>
void freeze(const Model& model, Tape<T>& tape) {
  for_each_parameter(
      model, [&](const ParameterName&, const Array<T>& array) -> void { tape.freeze(array); });
}

}  // namespace xtape::nn
