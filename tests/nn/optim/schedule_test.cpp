#include "nn/optim/schedule.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;

namespace {

constexpr std::size_t last = std::numeric_limits<std::size_t>::max();

/// Checks rates to `rounding` of their size, so that those of 0 are 0 exactly.
void check(const nn::Schedule& rate, const std::vector<std::pair<std::size_t, double>>& wanted,
           double rounding = 1e-12) {
  for (const auto& [step, value] : wanted) {
    CAPTURE(step);
    CHECK(rate(step) == Approx(value).epsilon(rounding));
  }
}

}  // namespace

TEST_CASE("Schedules begin and end with their rates to the bit", "[nn]") {
  CHECK(nn::constant(0.25)(0) == 0.25);
  CHECK(nn::constant(0.25)(last) == 0.25);
  const std::vector<nn::Schedule> to_0{nn::linear_decay(0.4, 4), nn::cosine_decay(0.4, 4),
                                       nn::polynomial_decay(0.4, 4, 2)};
  const std::vector<nn::Schedule> to_tenth{nn::linear_decay(0.4, 4, 0.1),
                                           nn::cosine_decay(0.4, 4, 0.1),
                                           nn::polynomial_decay(0.4, 4, 1, 0.1)};
  for (const std::size_t step : {std::size_t{4}, std::size_t{5}, last}) {
    for (const nn::Schedule& rate : to_0) {
      CHECK(rate(0) == 0.4);
      CHECK(rate(step) == 0);
    }
    for (const nn::Schedule& rate : to_tenth) {
      CHECK(rate(step) == 0.1);
    }
  }
}

TEST_CASE("step_decay falls by a factor at every so many steps", "[nn]") {
  check(nn::step_decay(0.8, 10, 0.5),
        {{0, 0.8}, {9, 0.8}, {10, 0.4}, {19, 0.4}, {20, 0.2}, {last, 0}}, 0);
}

TEST_CASE("linear_decay, cosine_decay and polynomial_decay follow their curves", "[nn]") {
  check(nn::linear_decay(0.4, 4), {{1, 0.3}, {2, 0.2}, {3, 0.1}});
  check(nn::linear_decay(0.4, 4, 0.1), {{2, 0.25}});
  check(nn::linear_decay(0.4, 4, 0.1), {{0, 0.4}}, 0);
  check(nn::cosine_decay(0.4, 6),
        {{1, 0.2 * (1 + std::sqrt(3.0) / 2)}, {2, 0.3}, {3, 0.2}, {4, 0.1}, {6, 0}, {7, 0}});
  check(nn::cosine_decay(0.4, 6, 0.1), {{0, 0.4}, {3, 0.25}});
  check(nn::polynomial_decay(0.8, 4, 2), {{1, 0.45}, {2, 0.2}});
  check(nn::polynomial_decay(0.5, 4, 1, 0.1), {{2, 0.3}});
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
  check(rate, {{0, 0.1}, {1, 0.2}, {2, 0.3}, {3, 0.4}, {5, 0.4}, {9, 0}, {last, 0}});
  CHECK(rate(4) == 0.5);
  CHECK(nn::warm_up(0, nn::constant(0.5))(0) == 0.5);
  CHECK(nn::warm_up(last, nn::constant(0.5))(last - 1) == Approx(0.5));
  CHECK(nn::warm_up(2, [](std::size_t step) { return step == 3 ? 7.0 : 1.0; })(5) == 7);
}

TEST_CASE("Schedules refuse arguments out of range", "[nn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using xtape::ValueError;
  CHECK_FAILS(nn::constant(-1), ValueError, "constant: expected a rate of at least 0, got -1");
  CHECK_FAILS(nn::constant(nan), ValueError, "constant: expected a rate of at least 0, got nan");
  CHECK_FAILS(nn::step_decay(1, 0, 0.5), ValueError,
              "step_decay: expected a decay every 1 or more steps, got 0");
  CHECK_FAILS(nn::step_decay(1, 5, 1.5), ValueError,
              "step_decay: expected a factor in (0, 1], got 1.5");
  CHECK_FAILS(nn::step_decay(1, 5, 0), ValueError,
              "step_decay: expected a factor in (0, 1], got 0");
  CHECK_FAILS(nn::linear_decay(1, 0), ValueError,
              "linear_decay: expected total_steps of at least 1, got 0");
  CHECK_FAILS(nn::linear_decay(1, 5, -2), ValueError,
              "linear_decay: expected a rate of at least 0, got -2");
  CHECK_FAILS(nn::cosine_decay(1, 0), ValueError,
              "cosine_decay: expected total_steps of at least 1, got 0");
  CHECK_FAILS(nn::cosine_decay(-1, 5), ValueError,
              "cosine_decay: expected a rate of at least 0, got -1");
  CHECK_FAILS(nn::polynomial_decay(1, 5, 0), ValueError,
              "polynomial_decay: expected a power above 0, got 0");
  CHECK_FAILS(nn::one_cycle(1, 0), ValueError,
              "one_cycle: expected total_steps of at least 1, got 0");
  CHECK_FAILS(nn::one_cycle(1, 5, {.rise = 2}), ValueError,
              "one_cycle: expected a rise in [0, 1], got 2");
  CHECK_FAILS(nn::one_cycle(1, 5, {.first = nan}), ValueError,
              "one_cycle: expected a first in [0, 1], got nan");
  CHECK_FAILS(nn::warm_up(5, nullptr), ValueError,
              "warm_up: expected a schedule, got an empty one");
}
