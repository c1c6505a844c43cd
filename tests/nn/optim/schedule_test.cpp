#include "nn/optim/schedule.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;

namespace {

constexpr std::size_t last = std::numeric_limits<std::size_t>::max();

}  // namespace

TEST_CASE("constant is constant", "[nn]") {
  const nn::Schedule rate = nn::constant(0.25);
  CHECK(rate(0) == 0.25);
  CHECK(rate(last) == 0.25);
}

TEST_CASE("step_decay falls by a factor at every so many steps", "[nn]") {
  const nn::Schedule rate = nn::step_decay(0.8, 10, 0.5);
  CHECK(rate(0) == 0.8);
  CHECK(rate(9) == 0.8);
  CHECK(rate(10) == 0.4);
  CHECK(rate(19) == 0.4);
  CHECK(rate(20) == 0.2);
  CHECK(rate(last) == 0);
}

TEST_CASE("linear_decay is a line to the final rate, where it stays", "[nn]") {
  const nn::Schedule rate = nn::linear_decay(0.4, 4);
  CHECK(rate(0) == 0.4);
  CHECK(rate(1) == Approx(0.3));
  CHECK(rate(2) == Approx(0.2));
  CHECK(rate(3) == Approx(0.1));
  CHECK(rate(4) == 0);
  CHECK(rate(last) == 0);

  const nn::Schedule above = nn::linear_decay(0.4, 4, 0.1);
  CHECK(above(0) == 0.4);
  CHECK(above(2) == Approx(0.25));
  CHECK(above(4) == 0.1);
  CHECK(above(5) == 0.1);
}

TEST_CASE("cosine_decay is half a period of a cosine to the final rate, where it stays", "[nn]") {
  const nn::Schedule rate = nn::cosine_decay(0.4, 6);
  CHECK(rate(0) == 0.4);
  CHECK(rate(1) == Approx(0.2 * (1 + std::sqrt(3.0) / 2)));
  CHECK(rate(2) == Approx(0.3));
  CHECK(rate(3) == Approx(0.2));
  CHECK(rate(4) == Approx(0.1));
  CHECK(rate(6) == 0);
  CHECK(rate(7) == 0);
  CHECK(rate(last) == 0);

  const nn::Schedule above = nn::cosine_decay(0.4, 6, 0.1);
  CHECK(above(0) == Approx(0.4));
  CHECK(above(3) == Approx(0.25));
  CHECK(above(6) == 0.1);
  CHECK(above(last) == 0.1);
}

TEST_CASE("polynomial_decay is a power to the final rate, where it stays", "[nn]") {
  const nn::Schedule rate = nn::polynomial_decay(0.8, 4, 2);
  CHECK(rate(0) == 0.8);
  CHECK(rate(1) == Approx(0.45));
  CHECK(rate(2) == Approx(0.2));
  CHECK(rate(4) == 0);
  CHECK(rate(last) == 0);
  const nn::Schedule above = nn::polynomial_decay(0.5, 4, 1, 0.1);
  CHECK(above(2) == Approx(0.3));
  CHECK(above(last) == 0.1);
}

TEST_CASE("one_cycle rises to its peak and falls to almost nothing", "[nn]") {
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10)
  const nn::Schedule rate = nn::one_cycle(1, 10);
  const double expected[] = {0.04,      0.52,      1,         0.9504846, 0.8117456,
                             0.6112620, 0.3887420, 0.1882584, 0.0495194, 4e-6};
  for (std::size_t step = 0; step < 10; ++step) {
    CAPTURE(step);
    CHECK(rate(step) == Approx(expected[step]).epsilon(1e-6));
  }
  CHECK(rate(last) == Approx(4e-6));

  CHECK(nn::one_cycle(2, 1)(0) == 2);
  CHECK(nn::one_cycle(2, 5, {.rise = 0})(0) == 2);
  CHECK(nn::one_cycle(2, 5, {.rise = 1, .first = 0.5})(0) == 1);
  CHECK(nn::one_cycle(2, 5, {.rise = 1})(4) == 2);
  CHECK(nn::one_cycle(2, 5, {.last = 0.25})(last) == 0.5);
}

TEST_CASE("warm_up climbs to the first rate of the schedule that follows", "[nn]") {
  const nn::Schedule rate = nn::warm_up(4, nn::linear_decay(0.5, 5));
  CHECK(rate(0) == Approx(0.1));
  CHECK(rate(1) == Approx(0.2));
  CHECK(rate(2) == Approx(0.3));
  CHECK(rate(3) == Approx(0.4));
  CHECK(rate(4) == 0.5);
  CHECK(rate(5) == Approx(0.4));
  CHECK(rate(9) == 0);
  CHECK(rate(last) == 0);

  CHECK(nn::warm_up(0, nn::constant(0.5))(0) == 0.5);
  CHECK(nn::warm_up(last, nn::constant(0.5))(last - 1) == Approx(0.5));
  CHECK(nn::warm_up(2, [](std::size_t step) { return step == 3 ? 7.0 : 1.0; })(5) == 7);
}

TEST_CASE("Schedules refuse arguments out of range", "[nn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(nn::constant(-1), "constant: expected a rate of at least 0, got -1");
  CHECK_THROWS_WITH(nn::constant(nan), "constant: expected a rate of at least 0, got nan");
  CHECK_THROWS_WITH(nn::step_decay(1, 0, 0.5),
                    "step_decay: expected a decay every 1 or more steps, got 0");
  CHECK_THROWS_WITH(nn::step_decay(1, 5, 1.5), "step_decay: expected a factor in (0, 1], got 1.5");
  CHECK_THROWS_WITH(nn::step_decay(1, 5, 0), "step_decay: expected a factor in (0, 1], got 0");
  CHECK_THROWS_WITH(nn::linear_decay(1, 0),
                    "linear_decay: expected total_steps of at least 1, got 0");
  CHECK_THROWS_WITH(nn::linear_decay(1, 5, -2),
                    "linear_decay: expected a rate of at least 0, got -2");
  CHECK_THROWS_WITH(nn::cosine_decay(1, 0),
                    "cosine_decay: expected total_steps of at least 1, got 0");
  CHECK_THROWS_WITH(nn::cosine_decay(-1, 5), "cosine_decay: expected a rate of at least 0, got -1");
  CHECK_THROWS_WITH(nn::polynomial_decay(1, 5, 0),
                    "polynomial_decay: expected a power above 0, got 0");
  CHECK_THROWS_WITH(nn::one_cycle(1, 0), "one_cycle: expected total_steps of at least 1, got 0");
  CHECK_THROWS_WITH(nn::one_cycle(1, 5, {.rise = 2}),
                    "one_cycle: expected a rise in [0, 1], got 2");
  CHECK_THROWS_WITH(nn::one_cycle(1, 5, {.first = nan}),
                    "one_cycle: expected a first in [0, 1], got nan");
  CHECK_THROWS_WITH(nn::warm_up(5, nullptr), "warm_up: expected a schedule, got an empty one");
  CHECK_THROWS_AS(nn::warm_up(5, nullptr), xtape::ValueError);
}
