#pragma once

#include <span>

#include "tensor/array.hpp"

namespace xtape {

/// The way in which nn::update_statistics() stores an observation in a buffer of the model. See
/// Tape::observe().
enum class Statistic {
  average,  ///< The buffer is a running average.
  count,    ///< The buffer is a sum.
};

/// New values for a buffer of the model, such as the mean of a batch.
template <class T>
struct Observation {
  const Array<T>* buffer;     ///< The buffer, identified by its address.
  std::span<const T> values;  ///< One value for each element of the buffer.
  Statistic statistic;        ///< The way in which the values are stored.
};

}  // namespace xtape
