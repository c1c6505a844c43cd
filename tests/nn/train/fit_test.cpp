#include "nn/train/fit.hpp"

#include <cmath>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "nn/optim/sgd.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;

namespace {

nn::Sequential<float> classifier() {
  xtape::Rng rng{3};
  return nn::Sequential{nn::Linear(3, 8, rng), nn::Dropout(0.1), nn::Tanh{}, nn::Linear(8, 2, rng)};
}

std::vector<float> weights_of(const nn::Sequential<float>& model) {
  std::vector<float> numbers;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const xtape::Array<float>& array) {
    numbers.insert(numbers.end(), array.storage().begin(), array.storage().end());
  });
  return numbers;
}

}  // namespace

TEST_CASE("fit trains a classifier, and measures its accuracy and its loss", "[nn]") {
  const nn::Dataset data = some_points(300);
  const auto [train, validation] = nn::split(data, 100);
  auto model = classifier();
  nn::Adam adam({.learning_rate = 0.05});
  nn::Run run = quiet(20);
  const nn::Fit fit = nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, train, validation, run);
  CHECK(fit.status == nn::RunStatus::completed);
  REQUIRE(fit.history.epochs().size() == 20);
  const nn::EpochRecord& last = fit.history.epochs().back();
  CHECK(last.metric("accuracy") > 0.9);
  CHECK(last.metrics[0].name == "accuracy");
  CHECK(last.metric("validation loss") < 0.3);
  CHECK(last.loss < fit.history.epochs()[0].loss);
  xtape::Tape tape;
  CHECK(nn::evaluate(model, validation, tape).accuracy() == last.metric("accuracy"));
  CHECK(nn::validate(model, nn::SoftmaxCrossEntropy{}, validation, tape, 7)[1].score.value ==
        Approx(last.metric("validation loss")));
}

TEST_CASE("fit resumes, stops early and puts the best weights back", "[nn]") {
  const TemporaryFolder folder;
  const nn::Dataset data = some_points(60);
  const auto [train, validation] = nn::split(data, 30);
  nn::Run run = quiet(60);
  run.early_stop = 4;
  run.batch_size = 7;
  const auto fit_model = [&](nn::Sequential<float>& model) {
    nn::Adam adam({.learning_rate = 0.2});
    return nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, train, validation, run);
  };
  auto whole = classifier(), part = classifier(), resumed = classifier();
  const nn::Fit once = fit_model(whole);
  CHECK(once.status == nn::RunStatus::stopped_early);
  run.folder = folder.path();
  run.resume = true;
  run.epochs = 3;
  CHECK(fit_model(part).status == nn::RunStatus::completed);
  run.epochs = 60;
  const nn::Fit rest = fit_model(resumed);
  CHECK(rest.status == nn::RunStatus::stopped_early);
  CHECK(rest.history.epochs().size() == once.history.epochs().size());
  CHECK(weights_of(resumed) == weights_of(whole));
}

TEST_CASE("fit predicts numbers, in double and without validation", "[nn]") {
  std::vector<double> x, y;
  for (int i = 0; i < 20; ++i) {
    x.push_back(0.1 * i);
    y.push_back(3 * 0.1 * i - 1);
  }
  const nn::Dataset data(nn::Samples(x, {1}), nn::Samples(y, {1}));
  xtape::Rng rng{1};
  nn::Linear<double> model(1, 1, rng);
  nn::SGD<double> sgd({.learning_rate = 0.1, .momentum = 0.9});
  nn::Run run = quiet(200);
  run.batch_size = 20;
  const nn::Fit fit = nn::fit(model, nn::MSE{}, sgd, data, run);
  CHECK(model.weight(0, 0) == Approx(3).epsilon(1e-3));
  CHECK(model.bias(0) == Approx(-1).epsilon(1e-3));
  CHECK(fit.history.epochs().back().metrics.empty());
  const nn::Fit validated = nn::fit(model, nn::MSE{}, sgd, data, data, run);
  REQUIRE(validated.history.epochs().back().metrics.size() == 1);
  CHECK(validated.history.epochs().back().metric("validation loss") < 1e-6);
}

TEST_CASE("fit ends with the step under way after a signal", "[nn]") {
  const nn::Dataset data = some_points(40);
  auto model = classifier();
  bool raised = false;
  nn::Adam adam({.learning_rate = [&](std::size_t step) {
    if (step == 5 && !std::exchange(raised, true)) std::raise(SIGTERM);
    return 0.01;
  }});
  const nn::Fit fit = nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, data, quiet(100));
  CHECK(fit.status == nn::RunStatus::interrupted);
  CHECK(fit.signal == SIGTERM);
  CHECK(fit.history.epochs().size() < 4);
}

TEST_CASE("fit explains a loss that is not finite", "[nn]") {
  const nn::Dataset data = some_points(40);
  auto model = classifier();
  nn::SGD sgd({.learning_rate = 1e38});
  const std::string message =
      message_of([&] { nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, data, quiet(100)); });
  CAPTURE(message);
  CHECK(message.starts_with("step "));
  CHECK(message.ends_with("try a smaller learning rate"));
}

TEST_CASE("fit says what it lacks", "[nn]") {
  auto model = classifier();
  nn::SGD sgd;
  nn::Run run = quiet(1);
  run.early_stop = 1;
  CHECK_THROWS_WITH(nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(5), run),
                    "fit: early_stop needs samples for validation");
  CHECK_THROWS_WITH(nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(0), quiet(1)),
                    "Epochs: there are no batches to train on: the dataset is empty");
  run = quiet(1);
  run.batch_size = 0;
  CHECK_THROWS_AS(nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(5), run),
                  xtape::ValueError);
}
