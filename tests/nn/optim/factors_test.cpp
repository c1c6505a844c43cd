#include "nn/optim/factors.hpp"

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/select.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Tape;
using xtape::ValueError;
using Model = TwoParameters<double>;

namespace {

const Model slopes{{1, -2}, {0.5, 0.25, 8}};

/// Makes an optimizer of each kind with this rate, decay and factors.
using Make = std::function<std::unique_ptr<nn::Optimizer<double>>(double, double,
                                                                  const nn::ParameterFactors&)>;
const std::vector<Make> kinds{
    [](double rate, double decay, const nn::ParameterFactors& factors) {
      return std::make_unique<nn::SGD<double>>(
          nn::SGDOptions{.learning_rate = rate, .weight_decay = decay, .factors = factors});
    },
    [](double rate, double decay, const nn::ParameterFactors& factors) {
      return std::make_unique<nn::SGD<double>>(nn::SGDOptions{.learning_rate = rate,
                                                              .momentum = 0.5,
                                                              .nesterov = true,
                                                              .weight_decay = decay,
                                                              .factors = factors});
    },
    [](double rate, double decay, const nn::ParameterFactors& factors) {
      return std::make_unique<nn::Adam<double>>(
          nn::AdamOptions{.learning_rate = rate, .weight_decay = decay, .factors = factors});
    },
    [](double rate, double decay, const nn::ParameterFactors& factors) {
      return std::make_unique<nn::AdamW<double>>(
          nn::AdamOptions{.learning_rate = rate, .weight_decay = decay, .factors = factors});
    }};

/// Returns the change of the message when SGD gets these factors.
std::string refused(const nn::ParameterFactors& factors) {
  return message_of([&] { nn::SGD({.factors = factors}); });
}

}  // namespace

TEST_CASE("Factors act as a rate and a decay of an optimizer of their own", "[nn]") {
  for (const Make& make : kinds) {
    Model model{{1, 2}, {3, 4, 5}}, parts = model;
    const auto optimizer = make(0.125, 0.5, {{"second", {.rate = 4, .decay = 0.25}}});
    const auto first = make(0.125, 0.5, {}), second = make(0.5, 0.125, {});
    const auto is_first = [](std::string_view name) { return name == "first"; };
    const auto part = nn::select(parts, is_first), rest = nn::select(parts, std::not_fn(is_first));
    Tape<double> tape;
    for (int step = 0; step < 3; ++step) {
      backward_with(tape, model, slopes);
      optimizer->step(model, tape);
      backward_with(tape, parts, slopes);
      first->step(part, tape);
      second->step(rest, tape);
    }
    INFO(optimizer->name());
    CHECK((model.first == parts.first));
    CHECK((model.second == parts.second));
    CHECK_FALSE((model.second == Model{{1, 2}, {3, 4, 5}}.second));
    CHECK(optimizer->learning_rate() == 0.125);
  }
}

TEST_CASE("The first factors whose name fits count", "[nn]") {
  std::vector<Model> layers(2, Model{{1, 1}, {1, 1, 1}});
  Tape<double> tape;
  tape.backward(sum(tape.parameter(layers[0].first)) + sum(tape.parameter(layers[0].second)) +
                sum(tape.parameter(layers[1].first)) + sum(tape.parameter(layers[1].second)));
  nn::SGD<double> sgd(
      {.learning_rate = 0.5, .factors = {{"1.first", {.rate = 0}}, {"first", {.rate = 2}}}});
  sgd.step(layers, tape);
  CHECK(layers[0].first(0) == 0);
  CHECK(layers[0].second(0) == 0.5);
  CHECK(layers[1].first(0) == 1);
  CHECK(layers[1].second(0) == 0.5);
}

TEST_CASE("Factors that apply to no parameter are an error that changes nothing", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, slopes);
  nn::SGD<double> sgd({.momentum = 0.5, .factors = {{"secnod", {.rate = 2}}}});
  CHECK_FAILS(sgd.step(model, tape), ValueError,
              "SGD: the factors for 'secnod' apply to no parameter");
  CHECK((model.first == Model{{1, 2}, {}}.first));
  CHECK(sgd.steps() == 0);
  sgd.options.factors = {{"second", {}}, {"second", {.rate = 2}}};  // the first has them all
  CHECK_THROWS_AS(sgd.step(model, tape), ValueError);
  sgd.options.factors.pop_back();
  sgd.step(model, tape);
  CHECK(sgd.steps() == 1);
  sgd.options.factors[0].factors.rate = -1;  // options may change between steps
  CHECK_THROWS_AS(sgd.step(model, tape), ValueError);
}

TEST_CASE("Optimizers refuse factors without a name or out of range", "[nn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(refused({{"", {.rate = 2}}}) == "SGD: factors without the name of a parameter");
  CHECK(refused({{"bias", {.rate = -1}}}) ==
        "SGD: expected a factor of at least 0 for the rate of 'bias', got -1");
  CHECK(refused({{"a", {}}, {"b", {.decay = nan}}}) ==
        "SGD: expected a factor of at least 0 for the decay of 'b', got nan");
  CHECK_FAILS(nn::AdamW({.factors = {{"bias", {.decay = -2}}}}), ValueError,
              "AdamW: expected a factor of at least 0 for the decay of 'bias', got -2");
}

TEST_CASE("A step with factors allocates nothing", "[nn]") {
  COUNTING_OR_SKIP();
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  nn::SGD<double> sgd({.momentum = 0.5, .factors = {{"first", {.rate = 2}}, {"second", {}}}});
  backward_with(tape, model, slopes);
  sgd.step(model, tape);
  const std::size_t before = allocation_count();
  sgd.step(model, tape);
  CHECK(allocation_count() == before);
}
