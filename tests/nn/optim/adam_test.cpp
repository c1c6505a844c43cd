#include "nn/optim/adam.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;

namespace {

/// The rule of torch.optim.Adam or torch.optim.AdamW for one number.
class Reference {
 public:
  Reference(const nn::AdamOptions& options, bool decoupled)
      : options_(options), decoupled_(decoupled) {}

  double operator()(double w, double g, std::size_t index) {
    const auto& [rate, beta1, beta2, epsilon, decay] = options_;
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

const std::vector<nn::AdamOptions> combinations{
    {.learning_rate = 0.1},
    {.learning_rate = 0.1, .weight_decay = 0.05},
    {.learning_rate = 0.1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.01},
    {.learning_rate = 0.1, .beta1 = 0, .beta2 = 0},
    {.learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.2},
};

template <class T>
void check_against_reference(const xtape::Shape& shape, int steps) {
  for (const auto& [learning_rate, beta1, beta2, epsilon, weight_decay] : combinations) {
    CAPTURE(beta1, beta2, epsilon, weight_decay.value_or(-1));
    const nn::AdamOptions options{learning_rate, beta1, beta2, epsilon, weight_decay};
    nn::Adam<T> adam(options);
    CHECK(distance_from_reference<T>(adam, Reference(options, false), shape, steps) < 100);
    nn::AdamW<T> adamw({learning_rate, beta1, beta2, epsilon, weight_decay});
    CHECK(distance_from_reference<T>(adamw, Reference(options, true), shape, steps) < 100);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Adam and AdamW are the rules written out", "[nn]", float, double) {
  check_against_reference<TestType>({5, 3}, 8);
}

TEMPLATE_TEST_CASE("Adam and AdamW are the rules written out for arrays that threads share",
                   "[nn][threads]", float, double) {
  const Threads threads(2);
  check_against_reference<TestType>({300, 131}, 3);
}

TEMPLATE_TEST_CASE("Adam gives the same bits with one thread and two", "[nn][threads]", float,
                   double) {
  const auto train = [](std::size_t count) {
    const Threads threads(count);
    xtape::Rng rng{3};
    auto model = random_parameters<TestType>({300, 131}, {3}, rng);
    nn::Adam<TestType> adam({.weight_decay = 0.1});
    xtape::Tape<TestType> tape;
    for (int step = 0; step < 3; ++step) {
      backward_with(tape, model, random_parameters<TestType>({300, 131}, {3}, rng));
      adam.step(model, tape);
    }
    return model.first;
  };
  const auto once = train(2);
  CHECK((once == train(2)));
  CHECK((once == train(1)));
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
  const auto message = [](const nn::AdamOptions& options) {
    return message_of([&] { nn::Adam adam(options); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(message({.learning_rate = -1}) == "Adam: expected a learning_rate of at least 0, got -1");
  CHECK(message({.beta1 = 1}) == "Adam: expected a beta1 in [0, 1), got 1");
  CHECK(message({.beta2 = -0.5}) == "Adam: expected a beta2 in [0, 1), got -0.5");
  CHECK(message({.epsilon = 0}) == "Adam: expected an epsilon above 0, got 0");
  CHECK(message({.epsilon = 1e-300}) == "Adam: expected an epsilon above 0, got 1e-300");
  CHECK(message({.weight_decay = nan}) == "Adam: expected a weight_decay of at least 0, got nan");
  CHECK(message_of([] { nn::AdamW({.beta1 = 2}); }) == "AdamW: expected a beta1 in [0, 1), got 2");
  CHECK(message_of([] { nn::Adam<double>({.epsilon = 1e-300}); }) == "(nothing thrown)");
}
