#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tensor/gemm.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// Returns an element of a product of matrices of ones.
template <class T>
T product() {
  const Array<T> a(Shape{64, 784}, T(1)), b(Shape{784, 128}, T(1));
  Array<T> c(Shape{64, 128});
  gemm(Transpose::no, Transpose::no, a, b, T(0), c);
  return c(63, 127);
}

void compute_at_exit() { ::_exit(product<float>() == 784 && product<double>() == 784 ? 0 : 1); }

}  // namespace

TEST_CASE("Functions that std::atexit() registered before the first product may call products") {
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::atexit(compute_at_exit) != 0 || product<float>() != 784) {
      ::_exit(2);
    }
    std::exit(3);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
