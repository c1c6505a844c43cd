#pragma once

#include <optional>
#include <string>

#include "autograd/tape.hpp"

namespace xtape {

/// Finds the first value or gradient that is not finite. Under Tape::detect_anomaly(), the function
/// rewinds the tape, calls `loss()` to record again, and differentiates the result. Returns the
/// message of the AnomalyError, or nothing if every value and gradient is finite. Other errors pass
/// through.
///
///     if (!std::isfinite(loss.item())) {
///       const auto what = find_anomaly(tape, [&] { return record_the_same_loss(); });
template <class T, class Loss>
std::optional<std::string> find_anomaly(Tape<T>& tape, Loss&& loss) {
  struct Detecting {
    Tape<T>& tape;
    bool before = tape.detects_anomaly();
    ~Detecting() { tape.detect_anomaly(before); }
  };
  const Detecting detecting{tape};
  tape.detect_anomaly(true);
  tape.rewind();
  try {
    tape.backward(loss());
  } catch (const AnomalyError& error) {
    return error.what();
  }
  return std::nullopt;
}

}  // namespace xtape
