#include "nn/optim/sgd.hpp"

#include <limits>
#include <map>
#include <type_traits>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Shape;

namespace {

/// The rule of torch.optim.SGD for one number.
class Reference {
 public:
  explicit Reference(const nn::SGDOptions& options) : options_(options) {}

  double operator()(double w, double g, std::size_t index) {
    const auto& [rate, momentum, nesterov, weight_decay] = options_;
    g += weight_decay * w;
    if (momentum != 0) {
      const bool first = velocity_.count(index) == 0;
      double& v = velocity_[index];
      v = first ? g : momentum * v + g;
      g = nesterov ? g + momentum * v : v;
    }
    return w - rate(0) * g;
  }

 private:
  nn::SGDOptions options_;
  std::map<std::size_t, double> velocity_;
};

const std::vector<nn::SGDOptions> combinations{
    {.learning_rate = 0.1},
    {.learning_rate = 0.1, .weight_decay = 0.01},
    {.learning_rate = 0.1, .momentum = 0.9},
    {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01},
    {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
    {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.01},
};

}  // namespace

TEMPLATE_TEST_CASE("SGD is the rule written out", "[nn]", float, double) {
  for (const nn::SGDOptions& options : combinations) {
    CAPTURE(options.momentum, options.nesterov, options.weight_decay);
    nn::SGD<TestType> sgd(options);
    CHECK(distance_from_reference<TestType>(sgd, Reference(options), {5, 3}, 8) < 20);
    CHECK(sgd.steps() == 8);
  }
}

TEMPLATE_TEST_CASE("SGD is the rule written out for arrays that threads share", "[nn][threads]",
                   float, double) {
  const Threads threads(2);
  for (const nn::SGDOptions& options : combinations) {
    CAPTURE(options.momentum, options.nesterov, options.weight_decay);
    nn::SGD<TestType> sgd(options);
    CHECK(distance_from_reference<TestType>(sgd, Reference(options), {300, 131}, 3) < 20);
  }
}

TEMPLATE_TEST_CASE("SGD gives the same bits with one thread and two", "[nn][threads]", float,
                   double) {
  const auto train = [](std::size_t count) {
    const Threads threads(count);
    xtape::Rng rng{3};
    auto model = random_parameters<TestType>({300, 131}, {3}, rng);
    nn::SGD<TestType> sgd({.momentum = 0.9, .nesterov = true, .weight_decay = 0.1});
    xtape::Tape<TestType> tape;
    for (int step = 0; step < 3; ++step) {
      backward_with(tape, model, random_parameters<TestType>({300, 131}, {3}, rng));
      sgd.step(model, tape);
    }
    return model.first;
  };
  const auto once = train(2);
  CHECK((once == train(2)));
  CHECK((once == train(1)));
}

TEST_CASE("SGD takes its options anew in every step", "[nn]") {
  TwoParameters<double> model{{1}, {2}};
  const TwoParameters<double> gradients{{1}, {1}};
  xtape::Tape<double> tape;
  backward_with(tape, model, gradients);

  nn::SGD<double> sgd({.learning_rate = 0.5});
  sgd.step(model, tape);
  CHECK(model.first(0) == 0.5);
  CHECK(sgd.slots().empty());

  sgd.options.learning_rate = 0.25;
  sgd.step(model, tape);
  CHECK(model.first(0) == 0.25);

  sgd.options.momentum = 0.5;
  sgd.step(model, tape);  // v = 1
  CHECK(model.first(0) == 0);
  CHECK(sgd.slots().size() == 2);
  sgd.step(model, tape);  // v = 1.5
  CHECK(model.first(0) == -0.375);
  REQUIRE(sgd.slots()[1].state.size() == 1);
  CHECK(sgd.slots()[1].parameter == &model.second);
  CHECK(sgd.slots()[1].state[0](0) == 1.5);

  sgd.options.learning_rate = -1;
  CHECK_THROWS_WITH(sgd.step(model, tape), "SGD: expected a learning_rate of at least 0, got -1");
  CHECK(model.first(0) == -0.375);
  CHECK(sgd.steps() == 4);
}

TEST_CASE("SGD is float unless told otherwise", "[nn]") {
  nn::SGD sgd({.learning_rate = 0.5f, .momentum = 0.9f});
  static_assert(std::is_same_v<decltype(sgd), nn::SGD<float>>);
  CHECK(sgd.learning_rate() == 0.5);

  nn::SGD plain;
  static_assert(std::is_same_v<decltype(plain), nn::SGD<float>>);
  CHECK(plain.learning_rate() == 0.01);
  CHECK(plain.options.momentum == 0);

  nn::SGD<double> wide({.momentum = 0.5});
  CHECK(wide.options.momentum == 0.5);
}

TEST_CASE("SGD refuses options out of range", "[nn]") {
  const auto message = [](const nn::SGDOptions& options) {
    return message_of([&] { nn::SGD sgd(options); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(message({.learning_rate = -0.1}) ==
        "SGD: expected a learning_rate of at least 0, got -0.1");
  CHECK(message({.learning_rate = nan}) == "SGD: expected a learning_rate of at least 0, got nan");
  CHECK(message({.learning_rate = infinity}) ==
        "SGD: expected a learning_rate of at least 0, got inf");
  CHECK(message({.momentum = 9}) == "SGD: expected a momentum in [0, 1), got 9");
  CHECK(message({.momentum = 1}) == "SGD: expected a momentum in [0, 1), got 1");
  CHECK(message({.nesterov = true}) == "SGD: expected a momentum above 0 for nesterov, got 0");
  CHECK(message({.weight_decay = -1}) == "SGD: expected a weight_decay of at least 0, got -1");
  CHECK_THROWS_AS(nn::SGD({.momentum = nan}), xtape::ValueError);
  CHECK(message({.learning_rate = 0}) == "(nothing thrown)");
}
