#include "nn/optim/sgd.hpp"

#include <limits>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;

namespace {

/// The rule of torch.optim.SGD for one number.
class SgdReference {
 public:
  explicit SgdReference(const nn::SGDOptions& options) : options_(options) {}

  double operator()(double w, double g, std::size_t index) {
    const auto& [rate, momentum, nesterov, weight_decay, factors] = options_;
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

}  // namespace

TEMPLATE_TEST_CASE("SGD is the rule written out, also for arrays that threads share",
                   "[nn][threads]", float, double) {
  const Threads threads(2);
  for (const nn::SGDOptions& options : std::vector<nn::SGDOptions>{
           {.learning_rate = 0.1},
           {.learning_rate = 0.1, .weight_decay = 0.01},
           {.learning_rate = 0.1, .momentum = 0.9},
           {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01},
           {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
           {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.01}}) {
    CAPTURE(options.momentum, options.nesterov, options.weight_decay);
    nn::SGD<TestType> small(options), large(options);
    CHECK(distance_from_reference<TestType>(small, SgdReference(options), {5, 3}, 8) < 20);
    CHECK(small.steps() == 8);
    CHECK(distance_from_reference<TestType>(large, SgdReference(options), {300, 131}, 3) < 20);
  }
}

TEST_CASE("SGD takes its options anew in every step", "[nn]") {
  TwoParameters<double> model{{1}, {2}};
  xtape::Tape<double> tape;
  backward_with(tape, model, {{1}, {1}});

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
  CHECK_FAILS(sgd.step(model, tape), xtape::ValueError,
              "SGD: expected a learning_rate of at least 0, got -1");
  CHECK(model.first(0) == -0.375);
  CHECK(sgd.steps() == 4);
}

TEST_CASE("SGD is float unless told otherwise", "[nn]") {
  nn::SGD sgd({.learning_rate = 0.5f, .momentum = 0.9f}), plain;
  static_assert(std::is_same_v<decltype(sgd), nn::SGD<float>>);
  static_assert(std::is_same_v<decltype(nn::SGD()), nn::SGD<float>>);
  CHECK(sgd.learning_rate() == 0.5);
  CHECK(plain.learning_rate() == 0.01);
  CHECK(plain.options.momentum == 0);
  CHECK(nn::SGD<double>({.momentum = 0.5}).options.momentum == 0.5);
}

TEST_CASE("SGD refuses options out of range", "[nn]") {
  const auto refuses = [](const nn::SGDOptions& options, const std::string& message) {
    CHECK_FAILS(nn::SGD(options), xtape::ValueError, "SGD: expected a " + message);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  refuses({.learning_rate = -0.1}, "learning_rate of at least 0, got -0.1");
  refuses({.learning_rate = nan}, "learning_rate of at least 0, got nan");
  refuses({.learning_rate = infinity}, "learning_rate of at least 0, got inf");
  refuses({.momentum = 9}, "momentum in [0, 1), got 9");
  refuses({.momentum = 1}, "momentum in [0, 1), got 1");
  refuses({.momentum = nan}, "momentum in [0, 1), got nan");
  refuses({.nesterov = true}, "momentum above 0 for nesterov, got 0");
  refuses({.weight_decay = -1}, "weight_decay of at least 0, got -1");
  CHECK_NOTHROW(nn::SGD({.learning_rate = 0}));
}
