#include "nn/optim/adam.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;

namespace {

/// The rule of torch.optim.Adam or torch.optim.AdamW for one number.
class AdamReference {
 public:
  AdamReference(const nn::AdamOptions& options, bool decoupled)
      : options_(options), decoupled_(decoupled) {}

  double operator()(double w, double g, std::size_t index) {
    const auto& [rate, beta1, beta2, epsilon, decay, factors] = options_;
    auto& [m, v, step] = moments_[index];
    const double learning_rate = rate(0), weight_decay = decay.value_or(decoupled_ ? 0.01 : 0);
    if (decoupled_) {
      w *= 1 - learning_rate * weight_decay;
    } else {
      g += weight_decay * w;
    }
    ++step;
    m = m * beta1 + (1 - beta1) * g;
    v = v * beta2 + (1 - beta2) * g * g;
    const double correction1 = 1 - std::pow(beta1, step);
    const double correction2 = 1 - std::pow(beta2, step);
    const double denominator = std::sqrt(v) / std::sqrt(correction2) + epsilon;
    return w - learning_rate / correction1 * m / denominator;
  }

 private:
  struct Moments {
    double m = 0, v = 0;
    int step = 0;
  };
  nn::AdamOptions options_;
  bool decoupled_;
  std::map<std::size_t, Moments> moments_;
};

}  // namespace

TEMPLATE_TEST_CASE("Adam and AdamW are the rules written out, also for arrays that threads share",
                   "[nn][threads]", float, double) {
  const Threads threads(2);
  const auto check = [](double beta1, double beta2, double epsilon,
                        std::optional<double> weight_decay) {
    CAPTURE(beta1, beta2, epsilon, weight_decay.value_or(-1));
    const nn::AdamOptions options{0.1, beta1, beta2, epsilon, weight_decay};
    for (const auto& [shape, steps] :
         {std::pair(xtape::Shape{5, 3}, 8), std::pair(xtape::Shape{300, 131}, 3)}) {
      nn::Adam<TestType> adam(options);
      CHECK(distance_from_reference<TestType>(adam, AdamReference(options, false), shape, steps) <
            100);
      nn::AdamW<TestType> adamw({0.1, beta1, beta2, epsilon, weight_decay});
      CHECK(distance_from_reference<TestType>(adamw, AdamReference(options, true), shape, steps) <
            100);
    }
  };
  check(0.9, 0.999, 1e-8, {});
  check(0.9, 0.999, 1e-8, 0.05);
  check(0.5, 0.75, 0.01, {});
  check(0, 0, 1e-8, {});
  check(0.8, 0.99, 1e-6, 0.2);
}

TEST_CASE("Adam's first step is the learning rate long, whatever the gradient", "[nn]") {
  TwoParameters<double> model{{1, 1}, {1}};
  xtape::Tape<double> tape;
  backward_with(tape, model, {{1e-3, -1e5}, {0}});
  nn::Adam<double> adam({.learning_rate = 0.5});
  adam.step(model, tape);
  CHECK(model.first(0) == Approx(0.5));
  CHECK(model.first(1) == Approx(1.5));
  CHECK(model.second(0) == 1);  // no gradient, no step: 0 / epsilon
  REQUIRE(adam.slots().size() == 2);
  REQUIRE(adam.slots()[0].state.size() == 2);
  CHECK(adam.slots()[0].state[0](0) == Approx(1e-4));  // m = (1 - beta1) g
  CHECK(adam.slots()[0].state[1](1) == Approx(1e7));   // v = (1 - beta2) g^2
}

TEST_CASE("Adam and AdamW are float unless told otherwise", "[nn]") {
  nn::Adam adam({.learning_rate = 0.5});
  static_assert(std::is_same_v<decltype(adam), nn::Adam<float>>);
  CHECK(adam.learning_rate() == 0.5);
  CHECK(adam.options.weight_decay == 0);
  CHECK(nn::Adam().learning_rate() == 1e-3);
  nn::AdamW adamw({.beta1 = 0.8});
  static_assert(std::is_same_v<decltype(adamw), nn::AdamW<float>>);
  CHECK(adamw.options.beta1 == 0.8);
  CHECK(adamw.options.beta2 == 0.999);
  CHECK(adamw.options.weight_decay == 0.01);
  CHECK(nn::AdamW<double>({.weight_decay = 0.5}).options.weight_decay == 0.5);
}

TEST_CASE("Adam and AdamW refuse options out of range", "[nn]") {
  const auto refuses = [](const nn::AdamOptions& options, const std::string& message) {
    CHECK_FAILS(nn::Adam(options), xtape::ValueError, "Adam: expected " + message);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refuses({.learning_rate = -1}, "a learning_rate of at least 0, got -1");
  refuses({.beta1 = 1}, "a beta1 in [0, 1), got 1");
  refuses({.beta2 = -0.5}, "a beta2 in [0, 1), got -0.5");
  refuses({.epsilon = 0}, "an epsilon above 0, got 0");
  refuses({.epsilon = 1e-300}, "an epsilon above 0, got 1e-300");
  refuses({.weight_decay = nan}, "a weight_decay of at least 0, got nan");
  CHECK_FAILS(nn::AdamW({.beta1 = 2}), xtape::ValueError,
              "AdamW: expected a beta1 in [0, 1), got 2");
  CHECK_NOTHROW(nn::Adam<double>({.epsilon = 1e-300}));
}
