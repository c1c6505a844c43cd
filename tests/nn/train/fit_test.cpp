#include "nn/train/fit.hpp"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/reshape.hpp"
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

/// A criterion for one logit a sample: the mean of log(1 + exp(-+ logit)).
struct Logistic {
  xtape::Variable<float> operator()(xtape::Variable<float> logits,
                                    const nn::BatchSamples& targets) const {
    const xtape::Indices labels = targets;
    xtape::Array<float> signs(xtape::Shape{labels.size(), 1});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      signs(i, 0) = labels[i] == 1 ? -1.f : 1.f;
    }
    return mean(log(exp(logits * logits.tape().constant(signs)) + 1));
  }
};

}  // namespace

TEST_CASE("fit trains a classifier, and measures its accuracy and its loss", "[nn]") {
  const nn::Dataset data = some_points(300);
  const auto [train, validation] = nn::split(data, 100);
  auto model = classifier();
  nn::Adam adam({.learning_rate = 0.05});
  const nn::Fit fit = nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, train, validation, quiet(20));
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
  nn::Run run = quiet({.epochs = 60, .early_stop = 4, .batch_size = 7});
  const auto fit_model = [&, &train = train,
                          &validation = validation](nn::Sequential<float>& model) {
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
  CHECK(numbers_of(resumed) == numbers_of(whole));
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
  const nn::Run run = quiet({.epochs = 200, .batch_size = 20});
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

TEST_CASE("fit trains one logit on labels of 0 and 1, without an accuracy", "[nn]") {
  const nn::Dataset data = some_points(40);
  xtape::Rng rng{1};
  nn::Sequential<float> model{nn::Linear(3, 1, rng)};
  nn::SGD sgd({.learning_rate = 0.1});
  const nn::Fit fit = nn::fit(model, Logistic{}, sgd, data, data, quiet(2));
  REQUIRE(fit.history.epochs().at(1).metrics.size() == 1);
  CHECK(fit.history.epochs()[1].metrics[0].name == "validation loss");
}

TEST_CASE("Rows whose label is ignored do not count for the accuracy", "[nn]") {
  auto model = classifier();
  xtape::Tape<float> tape;
  const nn::SoftmaxCrossEntropy criterion{.ignore_index = 255};
  const nn::Samples inputs = some_points(2).features;
  const auto accuracy = [&](std::int64_t first, std::int64_t second) {
    const nn::Dataset data{inputs, std::vector<std::int64_t>{first, second}};
    return nn::validate(model, criterion, data, tape)[0].score.value;
  };
  CHECK(accuracy(255, 0) + accuracy(255, 1) == 1);
}

TEST_CASE("fit takes options of batches", "[nn]") {
  xtape::Rng rng{3};
  nn::Sequential model{nn::Linear(3, 4, rng), nn::BatchNorm(4), nn::Linear(4, 2, rng)};
  nn::SGD sgd;
  const auto fit = [&](const nn::BatchOptions& batches) {
    const nn::Run run = quiet({.batch_size = 32, .batches = batches});
    return nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(65), run);
  };
  CHECK_THROWS_AS(fit({}), xtape::ShapeError);  // the last batch has one sample
  CHECK(fit({.drop_last = true}).history.epochs().back().samples == 64);
}

TEST_CASE("fit does not resume a run of another seed", "[nn]") {
  const TemporaryFolder folder;
  nn::Run run = quiet(1, folder.path());
  const auto fit = [&] {
    auto model = classifier();
    nn::SGD sgd;
    nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(40), run);
  };
  fit();
  run.seed = 7;
  CHECK(message_of(fit).ends_with("'seed' is '42', this run has '7'"));
}

TEST_CASE("fit does not resume a run with other layers of the same arrays", "[nn]") {
  const TemporaryFolder folder;
  const nn::Run run = quiet(1, folder.path());
  const auto fit = [&](auto activation) {
    xtape::Rng rng{3};
    nn::Sequential model{nn::Linear(3, 8, rng), activation, nn::Linear(8, 2, rng)};
    nn::SGD sgd;
    nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(40), run);
  };
  fit(nn::Tanh{});
  CHECK_NOTHROW(fit(nn::Tanh{}));
  CHECK(message_of([&] { fit(nn::ReLU{}); }).ends_with("'layer 1' is 'Tanh', this run has 'ReLU'"));
}

TEST_CASE("fit does not resume a run with other samples", "[nn]") {
  const TemporaryFolder folder;
  const nn::Run run = quiet(1, folder.path());
  using Numbers = std::vector<float>;
  const auto fit = [&](const Numbers& inputs, const Numbers& targets, const Numbers& checked) {
    xtape::Rng rng{3};
    nn::Sequential model{nn::Reshape({1}), nn::Linear(1, 1, rng), nn::Reshape(xtape::Shape{})};
    nn::SGD sgd;
    nn::fit(model, nn::MSE{}, sgd, {inputs, targets}, {checked, checked}, run);
  };
  fit({1, 2}, {3, 4}, {5});
  const auto refused = [&](const Numbers& inputs, const Numbers& targets, const Numbers& checked) {
    const std::string message = message_of([&] { fit(inputs, targets, checked); });
    CHECK(message.find("is of another run: 'checksum of the samples' is") != std::string::npos);
  };
  refused({1, 0}, {3, 4}, {5});
  refused({1, 2}, {3, 0}, {5});
  refused({1, 2}, {3, 4}, {0});
}

TEST_CASE("fit says what it lacks", "[nn]") {
  auto model = classifier();
  nn::SGD sgd;
  const auto fit = [&](std::size_t samples, const nn::Run& run) {
    nn::fit(model, nn::SoftmaxCrossEntropy{}, sgd, some_points(samples), run);
  };
  CHECK_FAILS(fit(5, quiet({.early_stop = 1})), xtape::ValueError,
              "fit: early_stop needs samples for validation");
  CHECK_FAILS(fit(0, quiet(1)), xtape::ValueError,
              "Epochs: there are no batches to train on: the dataset is empty");
  CHECK_FAILS(fit(5, quiet({.batch_size = 0})), xtape::ValueError,
              "Batches: expected a batch size of at least 1, got 0");
}
