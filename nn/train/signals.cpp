#include "nn/train/signals.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <mutex>

namespace xtape::nn {
namespace {

std::atomic<int> noted = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may set it");

constexpr std::array<int, 2> caught{SIGINT, SIGTERM};

std::mutex mutex;  // guards the two below
std::size_t living = 0;
std::array<struct sigaction, caught.size()> before;

extern "C" void note(int signal) {
  int none = 0;
  noted.compare_exchange_strong(none, signal);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;  // NOLINT: a macro with a cast
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

CatchSignals::CatchSignals() {
  const std::lock_guard lock(mutex);
  if (living++ > 0) {
    return;
  }
  noted = 0;
  for (std::size_t i = 0; i < caught.size(); ++i) {
    ::sigaction(caught[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) {
      struct sigaction action {};
      action.sa_handler = note;
      action.sa_flags = SA_RESTART;
      ::sigaction(caught[i], &action, nullptr);
    }
  }
}

CatchSignals::~CatchSignals() {
  const std::lock_guard lock(mutex);
  if (--living > 0) {
    return;
  }
  for (std::size_t i = 0; i < caught.size(); ++i) {
    ::sigaction(caught[i], &before[i], nullptr);
  }
}

int interrupted() { return noted; }

}  // namespace xtape::nn
