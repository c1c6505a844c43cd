#pragma once

namespace xtape::nn {

/// Catches SIGINT (Ctrl-C) and SIGTERM while it lives, so that a step can be finished and its
/// result be kept. The first signal is noted; a second one of its kind ends the program at once.
/// Signals that the program ignores, as under nohup, stay ignored. Objects of several threads may
/// overlap.
class CatchSignals {
 public:
  /// Begins to catch signals. Forgets one that was noted before, unless another object lives.
  CatchSignals();
  /// The last object restores what signals did before the first one.
  ~CatchSignals();
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;
};

/// Returns the signal that has been noted, or 0.
int interrupted();

}  // namespace xtape::nn
