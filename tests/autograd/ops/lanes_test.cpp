#include <cmath>
#include <cstddef>
#include <limits>

#include "autograd/ops/ops.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/steps.hpp"

// An op gives the same result for a number in a vector register and among the last elements of an
// array, which do not fill one.

using namespace xtape;

namespace {

constexpr std::size_t count = 35;  // two registers of floats and a tail

/// Checks that op(x) of an array full of one number (the last is 0 if `ends_in_zero`) has one value
/// for that number, up to `steps`.
template <class T, class Op>
void check_one_answer(const char* name, Op op, double steps, bool ends_in_zero = false) {
  using Limits = std::numeric_limits<T>;
  const T overflow = std::log(Limits::max()), underflow = -std::log(Limits::min());
  for (const T size :
       {T(0), Limits::denorm_min(), Limits::min() / 5, Limits::min(), T(1e-3), T(1), T(5), T(12),
        T(13.5), underflow - 1, underflow + 1, T(0.9999) * overflow, overflow + 1,
        T(1.03) * overflow, Limits::max(), Limits::infinity(), Limits::quiet_NaN()}) {
    for (const T number : {size, -size}) {
      Array<T> x(Shape{count}, number);
      x(count - 1) = ends_in_zero ? T(0) : number;
      Tape<T> tape;
      const Variable<T> y = op(tape.constant(x));
      const T last = y.value()(count - 2);
      for (std::size_t i = 0; i + 1 < count; ++i) {
        INFO(name << "(" << number << ") is " << y.value()(i) << " at " << i << ", " << last
                  << " at the end");
        REQUIRE(steps_between(y.value()(i), last) <= steps);
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Ops give a number one answer wherever it stands", "", float, double) {
#define CHECK_ONE_ANSWER(op, ...) \
  check_one_answer<TestType>(     \
      #op, [](Variable<TestType> x) { return op(x); }, __VA_ARGS__)
  CHECK_ONE_ANSWER(exp, 2);
  CHECK_ONE_ANSWER(log, 2);
  CHECK_ONE_ANSWER(sqrt, 0);
  CHECK_ONE_ANSWER(tanh, 2);
  CHECK_ONE_ANSWER(sigmoid, 4);
  CHECK_ONE_ANSWER(softplus, 4);
  CHECK_ONE_ANSWER(gelu, 80);  // erfc's last digits differ
  CHECK_ONE_ANSWER(elu, 0);
  CHECK_ONE_ANSWER(expm1, 0);
  CHECK_ONE_ANSWER(sign, 0);
  CHECK_ONE_ANSWER(tan, 0);
  CHECK_ONE_ANSWER(sinh, 0);
  CHECK_ONE_ANSWER(cosh, 0);
  CHECK_ONE_ANSWER(erf, 0);
  CHECK_ONE_ANSWER(softmax, 4, true);
  CHECK_ONE_ANSWER(log_softmax, 4, true);
#undef CHECK_ONE_ANSWER
}
