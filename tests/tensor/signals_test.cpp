#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <span>
#include <thread>

#include "tensor/gemm.hpp"
#include "tensor/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

// A program may handle signals, whatever its libraries do at that moment.

using xtape::Array;
using xtape::Shape;
using xtape::Transpose;

namespace {

std::atomic<int> handled = 0;  // any thread may be interrupted
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note_signal(int) { ++handled; }

template <class T>
Array<T> product(const Array<T>& a, const Array<T>& b) {
  Array<T> c(Shape{a.shape()[0], b.shape()[1]});
  xtape::gemm(Transpose::no, Transpose::no, a, b, T(0), c);
  return c;
}

/// Returns whether products are right for 0.2 s.
template <class T>
bool multiplies(std::size_t m, std::size_t n, std::size_t k) {
  const Threads guard(1);
  xtape::Rng rng;
  Array<T> a(Shape{m, k}), b(Shape{k, n});
  rng.fill_uniform(std::span(a.storage()), 0, 1);
  rng.fill_uniform(std::span(b.storage()), 0, 1);
  const Array<T> expected = product(a, b);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  bool right = true;
  while (std::chrono::steady_clock::now() < end) {
    right = product(a, b) == expected && right;
  }
  return right;
}

/// Returns whether products are right while signals arrive every 0.2 ms.
template <class T>
bool multiplies_under_signals(std::size_t m, std::size_t n, std::size_t k) {
  std::signal(SIGALRM, note_signal);
  const itimerval often{{0, 200}, {0, 200}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  const bool right = multiplies<T>(m, n, k);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  return right && handled > 0;
}

/// Returns whether products are right while another thread sets the user of the process, which
/// interrupts every thread.
bool multiplies_while_users_change(std::size_t m, std::size_t n, std::size_t k) {
  std::atomic<bool> end = false;
  bool changed = true;
  std::jthread changes([&] {
    while (!end) {
      changed = ::seteuid(::geteuid()) == 0 && changed;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  const bool right = multiplies<float>(m, n, k);
  end = true;
  changes.join();
  return right && changed;
}

/// Returns whether f() is true in a process of its own, which may crash.
template <class F>
bool in_child(const F& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fault : {SIGSEGV, SIGBUS, SIGABRT}) {
      std::signal(fault, SIG_DFL);  // Catch2 would report it as its own
    }
    ::_exit(f() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("Signals that arrive within a product harm nothing", "", float, double) {
  for (const std::size_t columns : {4UL, 16UL, 128UL}) {
    INFO(columns << " columns");
    CHECK(in_child([=] { return multiplies_under_signals<TestType>(500, columns, 784); }));
  }
}

TEST_CASE("The signals of the C library that arrive within a product harm nothing", "[threads]") {
  for (const std::size_t columns : {4UL, 16UL, 128UL}) {
    INFO(columns << " columns");
    CHECK(in_child([=] { return multiplies_while_users_change(500, columns, 784); }));
  }
}
