#include "nn/optim/learning_rate.hpp"

#include <limits>
#include <vector>

#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;

namespace {

constexpr double nan_d = std::numeric_limits<double>::quiet_NaN();

/// The rates at which `sgd` would step after each of these reports.
std::vector<double> rates_after(nn::SGD<double> sgd, const std::vector<nn::Score>& reports) {
  std::vector<double> rates;
  for (const nn::Score& score : reports) {
    sgd.report(score);
    rates.push_back(sgd.learning_rate());
  }
  return rates;
}

std::vector<nn::Score> losses(const std::vector<double>& values) {
  std::vector<nn::Score> scores;
  for (const double value : values) {
    scores.push_back(nn::lower_is_better(value));
  }
  return scores;
}

}  // namespace

TEST_CASE("A score knows which of two is the better one", "[nn]") {
  CHECK(nn::higher_is_better(2).beats(1));
  CHECK_FALSE(nn::higher_is_better(1).beats(1));
  CHECK_FALSE(nn::higher_is_better(1).beats(2));
  CHECK(nn::lower_is_better(1).beats(2));
  CHECK_FALSE(nn::lower_is_better(2).beats(1));
  CHECK(nn::lower_is_better(1).beats(2, 0.5));
  CHECK_FALSE(nn::lower_is_better(1).beats(2, 1));
  for (const nn::Score& nothing : {nn::higher_is_better(nan_d), nn::lower_is_better(nan_d)}) {
    CHECK_FALSE(nothing.beats(1));
    CHECK_FALSE(nothing.beats(nan_d));
  }
  CHECK(nn::lower_is_better(1e300).beats(nan_d));
}

TEST_CASE("An optimizer steps at the rates of its schedule", "[nn]") {
  TwoParameters<double> model{{0}, {0}};
  xtape::Tape<double> tape;
  nn::SGD<double> sgd({.learning_rate = [](std::size_t step) { return step == 1 ? 10.0 : 1.0; }});
  nn::Adam<double> adam({.learning_rate = nn::linear_decay(1, 4)});
  std::vector<double> places;
  for (int step = 0; step < 3; ++step) {
    backward_with(tape, model, {{-1}, {0}});
    CHECK(adam.learning_rate() == Approx(1 - 0.25 * step));
    sgd.step(model, tape);
    places.push_back(model.first(0));
    TwoParameters<double> other{{0}, {0}};
    backward_with(tape, other, {{-1}, {0}});
    adam.reset();
    adam.restore({{&other.first, {{0}, {0}}}, {&other.second, {{0}, {0}}}},
                 static_cast<std::size_t>(step));
    adam.step(other, tape);
  }
  CHECK(places == std::vector<double>{1, 11, 12});
  sgd.reset();
  CHECK(sgd.learning_rate() == 1);
}

TEST_CASE("A schedule that gives no rate stops the step that it is for, which changes nothing",
          "[nn]") {
  TwoParameters<double> model{{0}, {0}};
  xtape::Tape<double> tape;
  nn::SGD<double> sgd({.learning_rate = [](std::size_t step) { return step == 1 ? nan_d : 1.0; }});
  backward_with(tape, model, {{-1}, {0}});
  sgd.step(model, tape);
  CHECK_THROWS_WITH(sgd.step(model, tape), "SGD: expected a learning_rate of at least 0, got nan");
  CHECK(model.first(0) == 1);
  CHECK(sgd.steps() == 1);
  CHECK_THROWS_WITH(nn::Adam({.learning_rate = [](std::size_t) { return -1; }}),
                    "Adam: expected a learning_rate of at least 0, got -1");
  CHECK_THROWS_WITH(nn::SGD({.learning_rate = nn::Schedule()}),
                    "LearningRate: expected a schedule, got an empty one");
}

TEST_CASE("on_plateau lowers the rate after so many reports without a better score", "[nn]") {
  const nn::SGD<double> sgd({.learning_rate = nn::on_plateau(0.8, {.factor = 0.5, .patience = 2})});
  CHECK(rates_after(sgd, losses({3, 2, 2, 2, 3, 1, 1, 1, 1, 1})) ==
        std::vector<double>{0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1});
  CHECK(rates_after(sgd, losses({nan_d, nan_d, 1, nan_d, nan_d})) ==
        std::vector<double>{0.8, 0.4, 0.4, 0.4, 0.2});
  const std::vector<nn::Score> rising{nn::higher_is_better(1), nn::higher_is_better(2),
                                      nn::higher_is_better(3)};
  CHECK(rates_after(sgd, rising) == std::vector<double>{0.8, 0.8, 0.8});
}

TEST_CASE("on_plateau wants changes of at least its min_change", "[nn]") {
  const nn::SGD<double> sgd(
      {.learning_rate = nn::on_plateau(1, {.factor = 0.5, .patience = 1, .min_change = 0.25})});
  CHECK(rates_after(sgd, losses({3, 2.9, 2.8, 2.5})) == std::vector<double>{1, 0.5, 0.25, 0.25});
}

TEST_CASE("on_plateau scales a schedule, and is forgotten by reset()", "[nn]") {
  TwoParameters<double> model{{0}, {0}};
  xtape::Tape<double> tape;
  nn::SGD<double> sgd({.learning_rate = nn::on_plateau(nn::linear_decay(1, 4), {.patience = 1})});
  backward_with(tape, model, {{0}, {0}});
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

TEST_CASE("Other rates than on_plateau take no notice of reports", "[nn]") {
  CHECK(rates_after(nn::SGD<double>({.learning_rate = 1}), std::vector<nn::Score>(20, {0.5})) ==
        std::vector<double>(20, 1));
}

TEST_CASE("on_plateau refuses what it cannot judge by", "[nn]") {
  nn::SGD sgd({.learning_rate = nn::on_plateau(1)});
  CHECK_THROWS_WITH(sgd.report(0.5),
                    "on_plateau: expected a score that is higher_is_better() or "
                    "lower_is_better(), got the number 0.5");
  CHECK_THROWS_WITH(nn::on_plateau(1, {.factor = 1}),
                    "on_plateau: expected a factor in (0, 1), got 1");
  CHECK_THROWS_WITH(nn::on_plateau(1, {.patience = 0}),
                    "on_plateau: expected a patience of at least 1, got 0");
  CHECK_THROWS_WITH(nn::on_plateau(1, {.min_change = -1}),
                    "on_plateau: expected a min_change of at least 0, got -1");
}
