#include "autograd/ops/dropout.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/no_grad.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("dropout zeroes a part and scales up the rest", "", float, double) {
  using T = TestType;
  constexpr std::size_t count = 100000;
  for (const double rate : {0.1, 0.5, 0.8}) {
    Rng rng(1);
    const auto dropped =
        evaluate([&](auto x) { return dropout(x, rate, rng); }, Array<T>(Shape{count}, T(3)));
    INFO("rate " << rate);
    const auto zeros = std::count(dropped.value.data(), dropped.value.data() + count, T(0));
    const double deviation = std::sqrt(rate * (1 - rate) * count);
    CHECK(static_cast<double>(zeros) == Approx(rate * count).margin(4 * deviation));
    const T kept = static_cast<T>(1 / (1 - rate));
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      const T mask = dropped.value.data()[i] == T(0) ? T(0) : kept;
      right = right && dropped.value.data()[i] == T(3) * mask && dropped.grad.data()[i] == mask;
    }
    CHECK(right);
  }
}

TEST_CASE("dropout is independent from element to element") {
  Rng rng(1);
  constexpr std::size_t count = 100000;
  const auto y =
      evaluate([&](auto x) { return dropout(x, 0.5, rng); }, Array<float>(Shape{count}, 1.f)).value;
  double together = 0;
  for (std::size_t i = 1; i < count; ++i) {
    together += y.data()[i] > 0 && y.data()[i - 1] > 0;
  }
  CHECK(together == Approx(count / 4.0).margin(4 * std::sqrt(count / 4.0)));
}

TEST_CASE("dropout draws a new mask from its generator each time") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{64}, 1.f));
  Rng rng(1), same(1);
  const auto first = dropout(x, 0.5, rng), second = dropout(x, 0.5, rng);
  CHECK((first.value() != second.value()));
  CHECK((dropout(x, 0.5, same).value() == first.value()));
}

TEST_CASE("dropout of nothing is x itself, of everything 0") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{64}, 2.f));
  Rng rng(1);
  const Rng::State before = rng.state();
  CHECK(&dropout(x, 0, rng).value() == &x.value());
  CHECK((rng.state() == before));
  const auto y = dropout(x, 1, rng);
  CHECK((y.value() == Array<float>(Shape{64}, 0.f)));
  tape.backward(sum(y));
  CHECK((x.grad() == Array<float>(Shape{64}, 0.f)));
}

TEST_CASE("dropout is x itself under NoGrad") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{64}, 2.f));
  Rng rng(1);
  const NoGrad guard(tape);
  CHECK(&dropout(x, 0.5, rng).value() == &x.value());
  CHECK((rng.state() == Rng(1).state()));
}

TEST_CASE("dropout refuses rates outside of [0, 1]") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{4}, 2.f));
  Rng rng(1);
  const std::string wanted = "dropout: expected a rate in [0, 1], got ";
  CHECK_REFUSED(tape, dropout(x, 1.5, rng), ValueError, wanted + "1.5");
  CHECK_REFUSED(tape, dropout(x, -0.1, rng), ValueError, wanted + "-0.1");
  CHECK_REFUSED(tape, dropout(x, not_a_number, rng), ValueError, wanted + "nan");
  const NoGrad guard(tape);
  CHECK_THROWS_AS(dropout(x, 2, rng), ValueError);
}
