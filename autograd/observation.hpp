#pragma once

#include <span>

#include "tensor/array.hpp"

namespace xtape {

/// How a buffer of the model takes in what a recording says of it; see Tape::observe().
enum class Statistic {
  average,  ///< The buffer is a running average.
  count,    ///< The buffer is a sum.
};

/// What a recording says of a buffer of the model, such as the mean of a batch.
template <class T>
struct Observation {
  const Array<T>* buffer;     ///< It is identified by its address.
  std::span<const T> values;  ///< One for each element of the buffer.
  Statistic statistic;        ///< How the buffer takes them in.
};

}  // namespace xtape
