#pragma once

namespace mnist {

/// While it lives, the first SIGINT (Ctrl-C) or SIGTERM is only noted, so that a step can be
/// finished and its result kept; a second one of its kind ends the program at once.
class CatchSignals {
 public:
  CatchSignals();
  ~CatchSignals();
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;
};

/// The signal that has been noted, or 0.
int interrupted();

}  // namespace mnist
