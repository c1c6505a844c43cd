#include "examples/images/train.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "examples/cli/epoch_lines.hpp"
#include "examples/mnist/subject.hpp"
#include "nn/datasets/synthetic_digits.hpp"
#include "nn/layers/linear.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;

namespace {

images::Data small_data() {
  const auto [train, test] = nn::synthetic_digits(1, 200, 1000);
  return {train, test};
}

/// A small network's training on a few digits.
struct Trained {
  images::Data data = small_data();
  mnist::Recipe recipe;
  cli::TrainingOptions options;
  nn::Sequential<float> network;
  images::Outcome outcome;
  std::vector<nn::EpochRecord> epochs;

  Trained() {
    recipe.hidden = {8};
    recipe.epochs = 1;
    recipe.batch_size = 10;
  }

  void train(
      const std::filesystem::path& folder = {}, const std::function<void()>& after_epoch = [] {}) {
    xtape::Rng rng{42};
    const images::Course course = mnist::course_of(recipe);
    network = course.make_network(data.train, rng);
    const nn::Run run{.epochs = recipe.epochs,
                      .folder = folder,
                      .save_every = folder.empty() ? 0U : 1U,
                      .early_stop = options.early_stop,
                      .progress = nn::ProgressStyle::none,
                      .summary = false};
    outcome = images::train(network, {mnist::subject(), course, options.validation, run}, data, rng,
                            {[] {},
                             [&](const nn::EpochRecord& epoch) {
                               epochs.push_back(epoch);
                               after_epoch();
                             }});
  }
};

}  // namespace

TEST_CASE("images for validation are kept out of training, and decide which epoch is the best") {
  Trained run;
  run.options = {.validation = 50, .early_stop = 3};
  run.recipe.epochs = 100;
  run.recipe.learning_rate = 1;
  run.train();
  REQUIRE(run.epochs.size() < run.recipe.epochs);
  CHECK(run.epochs.front().samples == 150);
  CHECK(run.data.train.size() == 200);
  const auto best =
      std::max_element(run.epochs.begin(), run.epochs.end(), [](const auto& a, const auto& b) {
        return a.metric(cli::validation_accuracy) < b.metric(cli::validation_accuracy);
      });
  CHECK(run.outcome.kept->epoch == best->epoch);
  CHECK(run.epochs.size() == best->epoch + 3);
  xtape::Tape tape;
  CHECK(nn::evaluate(run.network, run.data.test, tape).accuracy() ==
        best->metric(cli::test_accuracy));
}

TEST_CASE("a loss that is not finite ends a run, and the best weights are kept") {
  for (const std::size_t early_stop : {5UL, 0UL}) {
    Trained run;
    run.options = {.validation = 50, .early_stop = early_stop};
    run.recipe.epochs = 3;
    const auto spoil = [&] {
      run.network.get<nn::Linear<float>>(2).bias.fill(std::numeric_limits<float>::quiet_NaN());
    };
    if (early_stop == 0) {
      CHECK_THROWS_AS(run.train({}, spoil), xtape::Error);
      continue;
    }
    run.train({}, spoil);
    CHECK(message_of([&] {
            std::rethrow_exception(run.outcome.failure);
          }).find("the loss is nan") != std::string::npos);
    CHECK(run.outcome.kept->epoch == 1);
    CHECK_FALSE(run.outcome.within_epoch);
    xtape::Tape tape;
    CHECK(nn::evaluate(run.network, run.data.test, tape).accuracy() ==
          run.epochs.at(0).metric(cli::test_accuracy));
  }
}

TEST_CASE("a run that fails within an epoch says so") {
  const TemporaryFolder folder;
  for (const bool fails : {true, false}) {
    Trained run;
    run.recipe.epochs = 2;
    const std::filesystem::path path = folder / (fails ? "fails" : "ends");
    run.train(path, [&] {
      if (fails) {
        std::filesystem::remove(path / ".lock");
      }
    });
    CHECK((run.outcome.failure != nullptr) == fails);
    CHECK(run.outcome.kept->epoch == (fails ? 1 : 2));
    CHECK(run.outcome.within_epoch == fails);
  }
}

TEST_CASE("a run on other images is another run") {
  Trained run;
  const auto identity = [&] {
    return images::identity_of(mnist::course_of(run.recipe), run.options, 42, run.data);
  };
  const auto before = identity();
  CHECK(identity() == before);
  const auto changed = [](const nn::Samples& samples, auto element, std::size_t place) {
    const auto elements = samples.as<decltype(element)>();
    std::vector copy(elements.begin(), elements.end());
    copy[place] ^= 1;
    return nn::Samples(std::move(copy), samples.shape());
  };
  const images::Data data = run.data;
  run.data.test.targets = changed(data.test.targets, std::int64_t{}, 3);
  CHECK(identity() != before);
  run.data = data;
  CHECK(identity() == before);
  run.data.train.features = changed(data.train.features, std::uint8_t{}, 5);
  CHECK(identity() != before);
}
