#include "nn/freeze.hpp"

#include <cstdint>
#include <vector>

#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/accumulate.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/select.hpp"
#include "nn/sequential.hpp"
#include "nn/train/epochs.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

bool is_stem(std::string_view name) { return name == "0.weight"; }

nn::Dataset some_images() {
  xtape::Rng rng{3};
  return {nn::Samples(random_normal<float>({12, 4, 4, 2}, rng)),
          nn::Samples(std::vector<std::int64_t>{0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0})};
}

/// A run whose first convolution has a frozen weight and a trained bias.
struct Frozen {
  explicit Frozen(std::uint64_t seed = 1)
      : rng(seed),
        model{nn::Conv2d(2, 3, 2, rng), nn::BatchNorm(3), nn::ReLU{}, nn::Linear(27, 2, rng)},
        batches(data, 4, rng) {}

  const Array<float>& stem() const { return model.get<nn::Conv2d<float>>(0).weight; }

  xtape::Variable<float> loss_of(const nn::Batch& batch) {
    nn::freeze(nn::select(model, is_stem), tape);
    return nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
  }

  nn::RunStatus train(const nn::Run& run) {
    nn::Epochs epochs(run, model, optimizer, tape, batches);
    for (nn::Epoch& epoch : epochs) {
      for (const nn::Batch& batch : epoch) {
        epoch.step([&] { return loss_of(batch); });
        CHECK(tape.find_grad(stem()) == nullptr);
      }
    }
    return epochs.status();
  }

  nn::Dataset data = some_images();
  xtape::Rng rng;
  nn::Sequential<float> model;
  nn::SGD<float> optimizer{{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.1}};
  xtape::Tape<float> tape;
  nn::Batches batches;
};

nn::Run run_of(std::size_t epochs, std::size_t accumulate, const std::filesystem::path& folder) {
  return {.epochs = epochs,
          .folder = folder,
          .resume = !folder.empty(),
          .accumulate = accumulate,
          .max_norm = 0.5,
          .progress = nn::ProgressStyle::none,
          .summary = false,
          .catch_signals = false};
}

}  // namespace

TEST_CASE("Epochs leaves a frozen convolution as it is, and resumes bit for bit", "[nn]") {
  for (const std::size_t accumulate : {1UL, 2UL}) {
    const TemporaryFolder folder;
    Frozen whole, stopped, resumed(7);
    const Array<float> stem = whole.stem();
    const std::vector<float> before = numbers_of(whole.model);
    whole.train(run_of(4, accumulate, {}));
    CHECK((whole.stem() == stem));
    CHECK(numbers_of(whole.model) != before);
    stopped.train(run_of(2, accumulate, folder.path()));
    CHECK(resumed.train(run_of(4, accumulate, folder.path())) == nn::RunStatus::completed);
    CHECK(numbers_of(resumed.model) == numbers_of(whole.model));
    const auto file = folder / "weights.safetensors";
    nn::save_weights(file, resumed.model);
    Frozen loaded(9);
    nn::load_weights(file, loaded.model);
    CHECK((loaded.stem() == stem));
  }
}

TEST_CASE("A parameter may be frozen and thawed between steps", "[nn]") {
  using Model = TwoParameters<double>;
  Model model{{1, 2}, {3, 4, 5}};
  xtape::Tape<double> tape;
  nn::SGD<double> sgd({.learning_rate = 1, .momentum = 0.5});
  const auto step = [&](bool frozen) {
    tape.rewind();
    if (frozen) {
      tape.freeze(model.first);
    }
    tape.backward(sum(tape.parameter(model.first)) + sum(tape.parameter(model.second)));
    sgd.step(model, tape);
  };
  step(false);
  CHECK((model.first == Array<double>{0, 1}));
  step(true);  // the momentum does not move it either
  CHECK((model.first == Array<double>{0, 1}));
  CHECK((model.second == Array<double>{0.5, 1.5, 2.5}));
  step(false);
  CHECK((model.first == Array<double>{-1.5, -0.5}));  // with the velocity of the first step
}

TEST_CASE("Frozen parameters count in no norm and in no sum of gradients", "[nn]") {
  using Model = TwoParameters<double>;
  const Model model{{1, 2}, {3, 4, 5}};
  xtape::Tape<double> tape;
  const auto record = [&](bool frozen) {
    tape.rewind();
    if (frozen) {
      tape.freeze(model.first);
    }
    tape.backward(sum(tape.parameter(model.first) * 3.0) + sum(tape.parameter(model.second) * 2.0));
  };
  record(true);
  CHECK(nn::clip_grad_norm(model, tape, 1.0) == Approx(std::sqrt(12)));
  CHECK(tape.grad(model.second)(0) == Approx(1 / std::sqrt(3)));

  nn::GradientAccumulator<double> gradients;
  for (int round = 0; round < 2; ++round) {
    record(round == 0);
    gradients.add(model, tape, 1);
    gradients.add(model, tape, 3);
    gradients.average(model, tape);
    CHECK((tape.grad(model.second) == Array<double>{2, 2, 2}));
    CHECK((tape.find_grad(model.first) == nullptr) == (round == 0));
  }
  record(true);
  gradients.add(model, tape);
  record(false);
  CHECK_FAILS(
      gradients.add(model, tape), xtape::ShapeError,
      "GradientAccumulator: parameter 'first' is frozen in some parts of the sum and not in "
      "others");
}
