#include "nn/optim/learning_rate.hpp"

#include <vector>

#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/numbers.hpp"

namespace nn = xtape::nn;

namespace {

/// The rates at which `sgd` would step after reports of each of these numbers as a score.
template <class ScoreOf>
std::vector<double> rates_after(nn::SGD<double> sgd, const std::vector<double>& numbers,
                                ScoreOf score_of) {
  std::vector<double> rates;
  for (const double number : numbers) {
    sgd.report(score_of(number));
    rates.push_back(sgd.learning_rate());
  }
  return rates;
}

/// The model and tape of a step that adds the learning rate to model.first.
struct Descent {
  TwoParameters<double> model{{0}, {0}};
  xtape::Tape<double> tape;

  Descent() { backward_with(tape, model, {{-1}, {0}}); }
};

}  // namespace

TEST_CASE("A score knows which of two is the better one", "[nn]") {
  CHECK(nn::higher_is_better(2).beats(1));
  CHECK_FALSE(nn::higher_is_better(1).beats(1));
  CHECK_FALSE(nn::higher_is_better(1).beats(2));
  CHECK(nn::lower_is_better(1).beats(2));
  CHECK_FALSE(nn::lower_is_better(2).beats(1));
  CHECK(nn::lower_is_better(1).beats(2, 0.5));
  CHECK_FALSE(nn::lower_is_better(1).beats(2, 1));
  for (const nn::Score& nothing :
       {nn::higher_is_better(not_a_number), nn::lower_is_better(not_a_number)}) {
    CHECK_FALSE(nothing.beats(1));
    CHECK_FALSE(nothing.beats(not_a_number));
  }
  CHECK(nn::lower_is_better(1e300).beats(not_a_number));
}

TEST_CASE_METHOD(Descent, "An optimizer steps at the rates of its schedule") {
  nn::SGD<double> sgd({.learning_rate = [](std::size_t step) { return step == 1 ? 10.0 : 1.0; }});
  nn::Adam<double> adam({.learning_rate = nn::linear_decay(1, 4)});
  for (const double place : {1, 11, 12}) {
    sgd.step(model, tape);
    CHECK(model.first(0) == place);
  }
  for (std::size_t step = 0; step < 3; ++step) {
    CHECK(adam.learning_rate() == Approx(1 - 0.25 * static_cast<double>(step)));
    adam.restore({{&model.first, {{0}, {0}}}, {&model.second, {{0}, {0}}}}, step);
    adam.step(model, tape);
  }
  sgd.reset();
  CHECK(sgd.learning_rate() == 1);
}

TEST_CASE_METHOD(Descent, "A schedule that gives no rate stops its step, which changes nothing") {
  nn::SGD<double> sgd(
      {.learning_rate = [](std::size_t step) { return step == 1 ? not_a_number : 1.0; }});
  sgd.step(model, tape);
  CHECK_FAILS(sgd.step(model, tape), xtape::ValueError,
              "SGD: expected a learning_rate of at least 0, got nan");
  CHECK(model.first(0) == 1);
  CHECK(sgd.steps() == 1);
  CHECK_FAILS(nn::Adam({.learning_rate = [](std::size_t) { return -1; }}), xtape::ValueError,
              "Adam: expected a learning_rate of at least 0, got -1");
  CHECK_FAILS(nn::SGD({.learning_rate = nn::Schedule()}), xtape::ValueError,
              "LearningRate: expected a schedule, got an empty one");
}

TEST_CASE("on_plateau lowers the rate after so many reports without a better score", "[nn]") {
  const nn::SGD<double> sgd({.learning_rate = nn::on_plateau(0.8, {.factor = 0.5, .patience = 2})});
  using Numbers = std::vector<double>;
  CHECK(rates_after(sgd, {3, 2, 2, 2, 3, 1, 1, 1, 1, 1}, nn::lower_is_better) ==
        Numbers{0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1});
  CHECK(rates_after(sgd, {not_a_number, not_a_number, 1, not_a_number, not_a_number},
                    nn::lower_is_better) == Numbers{0.8, 0.4, 0.4, 0.4, 0.2});
  CHECK(rates_after(sgd, {1, 2, 3}, nn::higher_is_better) == Numbers{0.8, 0.8, 0.8});
  const nn::SGD<double> wanting(
      {.learning_rate = nn::on_plateau(1, {.factor = 0.5, .patience = 1, .min_change = 0.25})});
  CHECK(rates_after(wanting, {3, 2.9, 2.8, 2.5}, nn::lower_is_better) ==
        Numbers{1, 0.5, 0.25, 0.25});
  // Other rates take no notice of reports.
  CHECK(rates_after(nn::SGD<double>({.learning_rate = 1}), Numbers(20, 0.5),
                    [](double number) { return nn::Score(number); }) == Numbers(20, 1));
}

TEST_CASE("The scale of on_plateau stays above 0", "[nn]") {
  nn::SGD<float> sgd({.learning_rate = nn::on_plateau(1, {.factor = 0.01, .patience = 1})});
  for (int report = 0; report < 200; ++report) {
    sgd.report(nn::lower_is_better(1));
  }
  CHECK(sgd.plateau().scale > 0);
}

TEST_CASE_METHOD(Descent, "on_plateau scales a schedule, and is forgotten by reset()") {
  nn::SGD<double> sgd({.learning_rate = nn::on_plateau(nn::linear_decay(1, 4), {.patience = 1})});
  sgd.step(model, tape);
  sgd.report(nn::lower_is_better(1));
  sgd.report(nn::lower_is_better(1));
  CHECK(sgd.learning_rate() == Approx(0.075));
  nn::SGD<double> other(sgd.options);
  other.restore({}, 1, sgd.plateau());
  CHECK(other.learning_rate() == sgd.learning_rate());
  CHECK(other.plateau() == sgd.plateau());
  sgd.reset();
  CHECK(sgd.learning_rate() == 1);
}

TEST_CASE("on_plateau refuses what it cannot judge by", "[nn]") {
  nn::SGD sgd({.learning_rate = nn::on_plateau(1)});
  CHECK_FAILS(sgd.report(0.5), xtape::ValueError,
              "on_plateau: expected a score that is higher_is_better() or lower_is_better(), got "
              "the number 0.5");
  const auto refuses = [](const nn::PlateauOptions& options, const std::string& message) {
    CHECK_FAILS(nn::on_plateau(1, options), xtape::ValueError, "on_plateau: expected a " + message);
  };
  refuses({.factor = 1}, "factor in (0, 1), got 1");
  refuses({.patience = 0}, "patience of at least 1, got 0");
  refuses({.min_change = -1}, "min_change of at least 0, got -1");
}
