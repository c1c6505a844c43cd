#include "nn/optim/rmsprop.hpp"

#include <cmath>
#include <limits>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;

namespace {

/// The rule of torch.optim.RMSprop for one number.
class RMSpropReference {
 public:
  explicit RMSpropReference(const nn::RMSpropOptions& options) : options_(options) {}

  double operator()(double w, double g, std::size_t index) {
    const auto& [rate, alpha, epsilon, momentum, centered, decay, factors] = options_;
    auto& [squares, mean, velocity] = state_[index];
    g += decay * w;
    squares = alpha * squares + (1 - alpha) * g * g;
    mean = alpha * mean + (1 - alpha) * g;
    const double variance = centered ? squares - mean * mean : squares;
    velocity = momentum * velocity + g / (std::sqrt(variance) + epsilon);
    return w - rate(0) * velocity;
  }

 private:
  struct State {
    double squares = 0, mean = 0, velocity = 0;
  };
  nn::RMSpropOptions options_;
  std::map<std::size_t, State> state_;
};

}  // namespace

TEMPLATE_TEST_CASE("RMSprop is the rule written out, also for arrays that threads share",
                   "[nn][threads]", float, double) {
  const Threads threads(2);
  for (const bool centered : {false, true}) {
    for (const double momentum : {0.0, 0.5}) {
      const nn::RMSpropOptions options{.learning_rate = 0.1,
                                       .alpha = 0.75,
                                       .epsilon = 0.01,
                                       .momentum = momentum,
                                       .centered = centered,
                                       .weight_decay = 0.125};
      CAPTURE(centered, momentum);
      for (const auto& [shape, steps] :
           {std::pair(xtape::Shape{5, 3}, 8), std::pair(xtape::Shape{300, 131}, 3)}) {
        nn::RMSprop<TestType> rmsprop(options);
        CHECK(distance_from_reference<TestType>(rmsprop, RMSpropReference(options), shape, steps) <
              100);
        CHECK(rmsprop.slots()[0].state.size() ==
              1 + std::size_t{centered} + std::size_t{momentum > 0});
      }
    }
  }
}

TEMPLATE_TEST_CASE("A centered RMSprop survives a gradient that does not change", "[nn]", float,
                   double) {
  using T = TestType;
  TwoParameters<T> model{{1, 1}, {1}};
  nn::RMSprop<T> rmsprop({.learning_rate = 1e-3, .alpha = 0.5, .centered = true});
  xtape::Tape<T> tape;
  for (int step = 0; step < 200; ++step) {
    backward_with(tape, model, {{T(0.1), T(-0.3)}, {T(0.7)}});
    rmsprop.step(model, tape);
  }
  CHECK(std::isfinite(model.first(0)));
  CHECK(std::isfinite(model.first(1)));
  CHECK(std::isfinite(model.second(0)));
}

TEST_CASE("RMSprop refuses options out of range", "[nn]") {
  const auto refuses = [](const nn::RMSpropOptions& options, const std::string& message) {
    CHECK_FAILS(nn::RMSprop(options), xtape::ValueError, "RMSprop: expected " + message);
  };
  refuses({.learning_rate = -1}, "a learning_rate of at least 0, got -1");
  refuses({.alpha = 1}, "an alpha in [0, 1), got 1");
  refuses({.epsilon = 0}, "an epsilon above 0, got 0");
  refuses({.epsilon = 1e-300}, "an epsilon above 0, got 1e-300");
  refuses({.momentum = 1}, "a momentum in [0, 1), got 1");
  refuses({.weight_decay = -0.5}, "a weight_decay of at least 0, got -0.5");
  CHECK_NOTHROW(nn::RMSprop<double>({.epsilon = 1e-300}));
}
