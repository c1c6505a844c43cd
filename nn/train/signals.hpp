#pragma once

namespace xtape::nn {

/// A guard that catches SIGINT (Ctrl-C) and SIGTERM during its lifetime, so that a run can end its
/// step and save. interrupted() returns the first signal. A second signal of the same kind ends the
/// program at once. Signals that the program ignores, as under nohup, stay ignored. Objects of
/// several threads may overlap.
class CatchSignals {
 public:
  /// Begins to catch signals. Resets interrupted() to 0, unless another object exists.
  CatchSignals();
  /// Ends the catching of signals. The last object restores the previous signal handlers.
  ~CatchSignals();
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;
};

/// Returns the signal that was caught, or 0.
int interrupted();

}  // namespace xtape::nn
