#include "examples/mnist/signals.hpp"

#include <csignal>

namespace mnist {
namespace {

volatile std::sig_atomic_t noted = 0;

/// Leaves a signal alone that the program was started to ignore, as by nohup.
void set(int signal, void (*handler)(int)) {
  if (std::signal(signal, handler) == SIG_IGN) {
    std::signal(signal, SIG_IGN);
  }
}

extern "C" void note(int signal) {
  noted = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

CatchSignals::CatchSignals() {
  noted = 0;
  set(SIGINT, note);
  set(SIGTERM, note);
}

CatchSignals::~CatchSignals() {
  set(SIGINT, SIG_DFL);
  set(SIGTERM, SIG_DFL);
}

int interrupted() { return noted; }

}  // namespace mnist
