#pragma once

#include "autograd/tape.hpp"
#include "nn/module.hpp"

namespace xtape::nn {

/// Makes the parameters of `model`, often a selection, constants of the tape's recording. Call it
/// after each Tape::rewind(), before the model is called:
///
///     tape.rewind();
///     nn::freeze(body, tape);
///
/// The parameters get no gradient and backward() does not compute one. Gradients still flow through
/// the layers to what comes before them. Throws TapeError if the recording already differentiates a
/// parameter, ShapeError if one was moved from.
template <class Model, class T>
void freeze(const Model& model, Tape<T>& tape) {
  for_each_parameter(
      model, [&](const ParameterName&, const Array<T>& array) -> void { tape.freeze(array); });
}

}  // namespace xtape::nn
