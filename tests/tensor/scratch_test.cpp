#include "tensor/scratch.hpp"

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tensor/gemm.hpp"
#include "tensor/kernels/softmax.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

using xtape::Array;
using xtape::scratch;
using xtape::Shape;
using xtape::Transpose;

namespace {

/// Calls a function when its thread ends.
struct AtEnd {
  void (*function)() = nullptr;
  ~AtEnd() {
    if (function != nullptr) {
      function();
    }
  }
};

void (*at_the_very_end)() = nullptr;

/// Calls a function on a new thread, and once more when the thread_local objects of the thread are
/// destroyed. Calls `last`, unless it is null, after the scratch memory has been freed.
void call_on_a_thread(void (*function)(), void (*last)()) {
  at_the_very_end = last;
  std::jthread([=] {
    static thread_local AtEnd at_end;
    at_end.function = function;
    function();
    if (last != nullptr) {
      pthread_key_t key{};  // made after that of the scratch memory, so its destructor runs later
      REQUIRE(pthread_key_create(&key, [](void*) { at_the_very_end(); }) == 0);
      pthread_setspecific(key, &at_the_very_end);
    }
  }).join();
}

std::vector<bool> right;

template <class T>
bool all(const Array<T>& array, T value) {
  return std::all_of(array.data(), array.data() + array.size(), [=](T x) { return x == value; });
}

/// Multiplies beside an array of the size of the scratch memory.
void multiply() {
  const Threads guard(2);
  const Array<double> a(Shape{16, 784}, 1), b(Shape{784, 128}, 1), other(Shape{16, 128}, 1);
  Array<double> c(Shape{16, 128});
  gemm(Transpose::no, Transpose::no, a, b, 0.0, c);
  right.push_back(all(c, 784.0) && all(other, 1.0));
}

void normalize() {
  const Array<double> z(Shape{100, 16}, 5), other(Shape{100, 16}, 7);
  Array<double> l;
  log_softmax(z, l);
  right.push_back(all(l, l.data()[0]) && all(other, 7.0));
}

}  // namespace

TEST_CASE("scratch keeps an object for each thread and tag", "[threads]") {
  using Numbers = std::vector<int>;
  struct One;
  struct Two;
  Numbers* const mine = &scratch<Numbers, One>();
  mine->assign(3, 5);
  CHECK(&scratch<Numbers, One>() == mine);
  CHECK(&scratch<Numbers, Two>() != mine);
  std::jthread([=] {
    CHECK(&scratch<Numbers, One>() != mine);
    CHECK(scratch<Numbers, One>().empty());
  }).join();
  CHECK(*mine == Numbers(3, 5));
}

TEST_CASE("Kernels are right when a thread calls them while it ends", "[threads]") {
  right.clear();
  call_on_a_thread(multiply, nullptr);  // by then OpenMP may be gone
  call_on_a_thread(normalize, normalize);
  CHECK(right == std::vector<bool>(5, true));
}
