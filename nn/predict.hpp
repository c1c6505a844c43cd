#pragma once

#include <algorithm>

#include "autograd/no_grad.hpp"

/// @file
/// The output of a model without a backward pass.

namespace xtape::nn {

namespace detail {

/// Throws ShapeError unless `output` has one row for each of `rows` inputs.
template <class T>
void require_rows(const Array<T>& output, std::size_t rows) {
  require<ShapeError>(output.dimension() > 0 && output.shape()[0] == rows,
                      "predict: expected an output ({}, ...) for a batch of {}, got {}; give a "
                      "batch_size that holds all of the input",
                      rows, rows, output.shape());
}

/// Throws ShapeError unless the rows of `output` have the shape of those of `result`.
template <class T>
void require_same_rows(const Array<T>& output, const Array<T>& result) {
  require<ShapeError>(
      output.dimension() == result.dimension() &&
          std::equal(output.shape().begin() + 1, output.shape().end(), result.shape().begin() + 1),
      "predict: a batch gave {}, which does not fit the result {}; give a "
      "batch_size that holds all of the input",
      output.shape(), result.shape());
}

}  // namespace detail

/// Returns the output of `model` for an array `x`, or for any other argument of Tape::constant().
/// predict() computes under NoGrad on its own tape, so dropout is the identity. If the input is not
/// an Array, the scalar type is float. For double, write `nn::predict<double>(model, input)`.
///@{
template <class T = float, class Model, class Input>
Array<T> predict(const Model& model, const Input& x) {
  Tape<T> tape;
  const NoGrad<T> guard{tape};
  return model(tape.constant(x)).value();
}

/// Returns the output of `model` for an array. An array of more than `batch_size` rows is computed
/// in batches, which limits the memory. Throws ShapeError if the model does not return one row for
/// each row of `x`, or rows of one shape in all batches. Throws ValueError if `batch_size` is 0.
template <class Model, class T>
Array<T> predict(const Model& model, const Array<T>& x, std::size_t batch_size = 500) {
  require<ValueError>(batch_size > 0, "predict: expected a batch_size of at least 1, got 0");
  require_whole("predict", x);
  Tape<T> tape;
  const NoGrad<T> guard{tape};
  const std::size_t rows = x.dimension() == 0 ? 1 : x.shape()[0];
  if (rows <= batch_size) {
    return model(tape.constant_view(x)).value();
  }
  Array<T> result;
  for (std::size_t begin = 0; begin < rows; begin += batch_size) {
    const std::size_t count = std::min(batch_size, rows - begin);
    const std::size_t width = x.size() / rows;
    tape.rewind();
    const Variable<T> output = model(tape.constant([&](Array<T>& batch) {
      Shape shape = x.shape();
      shape[0] = count;
      resize(batch, shape);
      std::copy_n(x.data() + begin * width, count * width, batch.data());
    }));
    detail::require_rows(output.value(), count);
    if (begin == 0) {
      Shape shape = output.shape();
      shape[0] = rows;
      resize(result, shape, "predict");
    }
    detail::require_same_rows(output.value(), result);
    std::copy_n(output.value().data(), output.value().size(),
                result.data() + begin * (result.size() / rows));
  }
  return result;
}
///@}

}  // namespace xtape::nn
