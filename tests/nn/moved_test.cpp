#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/augment.hpp"
#include "nn/data/batches.hpp"
#include "nn/data/image_transforms.hpp"
#include "nn/initializers.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/recurrent.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "nn/train/metrics.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

// Functions of models, arrays and matrices that were moved from throw.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Tape;
using xtape::ValueError;

namespace {

const std::string no_elements =
    "an array of shape (2, 3) holds 0 elements instead of 6: was it moved from?";

TwoParameters<float> two_parameters() {
  Rng rng{1};
  return random_parameters<float>(Shape{2, 3}, Shape{3}, rng);
}

}  // namespace

TEST_CASE("A model that was moved from is neither saved, loaded nor resumed") {
  const TemporaryFolder folder;
  const auto path = folder / "weights.safetensors", run = folder / "run.safetensors";
  TwoParameters<float> model = two_parameters(), best = two_parameters(), read = two_parameters();
  nn::Adam<float> adam;
  Tape<float> tape;
  backward_with(tape, model, two_parameters());
  adam.step(model, tape);
  nn::save_weights(path, model);
  nn::save_checkpoint(run, model, adam, {}, {});
  best = std::move(model);
  for (const bool pytorch : {false, true}) {
    CHECK_FAILS(nn::save_weights(path, model, {.pytorch = pytorch}), ShapeError,
                "save_weights: parameter 'first': " + no_elements);
    CHECK_FAILS(nn::load_weights(path, model, {.pytorch = pytorch}), ShapeError,
                "load_weights: parameter 'first': " + no_elements);
  }
  nn::TrainingState state;
  CHECK_FAILS(nn::load_checkpoint(run, model, adam, state, {}), ShapeError,
              "load_checkpoint: parameter 'first': " + no_elements);
  CHECK_FAILS(nn::save_checkpoint(run, model, adam, {}, {}), ShapeError,
              "save_checkpoint: parameter 'first': " + no_elements);
  CHECK(adam.steps() == 1);
  read.first.fill(0.F);
  nn::load_weights(path, read);  // the file is unchanged
  CHECK((read.first == best.first));
}

TEST_CASE("A step refuses a model or a gradient that was moved from, and changes nothing") {
  TwoParameters<float> model = two_parameters();
  nn::SGD<float> sgd({.momentum = 0.9});
  Tape<float> tape;
  backward_with(tape, model, two_parameters());
  const Array<float> first = model.first;
  const auto refused = [&](const std::string& array) {
    const std::string what =
        array + ": an array of shape (3) holds 0 elements instead of 3: was it moved from?";
    CHECK_FAILS(sgd.step(model, tape), ShapeError, "SGD: " + what);
    CHECK_FAILS(nn::clip_grad_norm(model, tape, 1e-3), ShapeError, "clip_grad_norm: " + what);
  };
  move_away(model.second);
  refused("parameter 'second'");
  model.second = Array<float>(Shape{3}, 1.F);
  move_away(tape.grad(model.second));
  refused("the gradient of 'second'");
  CHECK((model.first == first));

  Array<float> moved = first;
  move_away(moved);
  CHECK_FAILS(sgd.restore({{&model.first, {moved}}}, 1), ShapeError, "SGD: " + no_elements);
  CHECK(sgd.steps() == 0);
}

TEST_CASE("Metrics refuse logits that were moved from") {
  Array<float> logits(Shape{2, 3}, 0.F);
  move_away(logits);
  nn::ConfusionMatrix matrix;
  CHECK_FAILS(nn::argmax(logits), ShapeError, "argmax: " + no_elements);
  CHECK_FAILS(nn::accuracy(logits, {0, 1}), ShapeError, "accuracy: " + no_elements);
  CHECK_FAILS(matrix.add(logits, {0, 1}), ShapeError, "ConfusionMatrix::add: " + no_elements);
  CHECK(matrix.classes() == 0);
}

TEST_CASE("A ConfusionMatrix that was moved from counts anew") {
  const Array<float> logits(Shape{2, 3}, 0.F), more(Shape{1, 4}, 0.F);
  nn::ConfusionMatrix matrix;
  matrix.add(logits, {0, 1});
  const nn::ConfusionMatrix taker = std::move(matrix);
  CHECK(taker.total() == 2);
  CHECK(matrix.classes() == 0);
  CHECK(matrix.total() == 0);
  CHECK_THROWS_AS(matrix.count(0, 0), ValueError);
  matrix.add(more, {3});
  CHECK(matrix.count(3, 0) == 1);
}

TEST_CASE("Initializers refuse a weight that was moved from, or has no axes") {
  Rng rng{1};
  const Rng::State before = rng.state();
  Array<float> moved(Shape{2, 3}, 1.F), scalar(Shape{}, 1.F);
  move_away(moved);
  const auto refused = [&](const std::string& name, auto initialize) {
    CHECK_FAILS(initialize(moved, rng), ShapeError, name + ": " + no_elements);
    if (name != "Normal") {
      CHECK_FAILS(initialize(scalar, rng), ShapeError,
                  name + ": expected a weight (..., in, out), got ()");
    }
    CHECK(rng.state() == before);
  };
  refused("Normal", nn::Normal{});
  refused("GlorotUniform", nn::GlorotUniform{});
  refused("GlorotNormal", nn::GlorotNormal{});
  refused("HeUniform", nn::HeUniform{});
  refused("HeNormal", nn::HeNormal{});
}

TEST_CASE("Layers that were moved from throw when they are called") {
  Rng rng{1};
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{1, 2}, 1.F));
  nn::Linear<float> assigned(2, 3, rng), constructed(2, 3, rng), taker(1, 1, rng);
  taker = std::move(assigned);
  const nn::Linear<float> other = std::move(constructed);
  CHECK_FAILS(assigned(x), ShapeError, "parameter: " + no_elements);
  CHECK_FAILS(constructed(x), ShapeError, "parameter: " + no_elements);
  CHECK(assigned.describe() == "Linear 2 -> 3");
  CHECK(constructed.describe() == "Linear 2 -> 3");
  CHECK_NOTHROW(other(x));

  nn::LSTM<float> lstm(2, 3, rng);
  nn::GRU<float> gru(2, 3, rng);
  nn::Embedding<float> embedding(2, 3, rng);
  const nn::LSTM<float> lstm_taker = std::move(lstm);
  const nn::GRU<float> gru_taker = std::move(gru);
  const nn::Embedding<float> embedding_taker = std::move(embedding);
  const auto sequence = tape.constant(Array<float>(Shape{1, 1, 2}, 1.F));
  CHECK_FAILS(lstm(sequence), ShapeError,
              "parameter: an array of shape (12, 2) holds 0 elements instead of 24: was it moved "
              "from?");
  CHECK_FAILS(gru(sequence), ShapeError,
              "parameter: an array of shape (9, 2) holds 0 elements instead of 18: was it moved "
              "from?");
  CHECK_FAILS(embedding(x), ShapeError, "parameter: " + no_elements);

  nn::Layer<float> layer{nn::Sigmoid{}};
  const nn::Layer<float> sigmoid = std::move(layer);
  CHECK_FAILS(layer(x), ValueError, "Layer: it was moved from");
  CHECK_THROWS_AS(layer.describe(), ValueError);
  CHECK_THROWS_AS(nn::Layer<float>(layer), ValueError);
  CHECK_THROWS_AS(nn::parameter_count(layer), ValueError);
  layer = sigmoid;
  CHECK(layer.describe() == sigmoid.describe());
}

TEST_CASE("A batch fills an array that was moved from") {
  const nn::Dataset data{nn::Samples(std::vector<std::uint8_t>{0, 255}, {2}), std::vector{0}};
  nn::Batches batches(data, 1);
  Array<float> pixels(Shape{1, 2}, 7.F);
  move_away(pixels);
  for (const auto& batch : batches) {
    batch.inputs(pixels);
  }
  CHECK(elements(pixels) == std::vector{0.F, 1.F});
}

TEST_CASE("A Sequential that was moved from throws, until it is given a value") {
  Rng rng{1};
  nn::Sequential<float> model{nn::Linear(2, 3, rng), nn::Sigmoid{}}, assigned = model, taker;
  const TemporaryFolder folder;
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{1, 2}, 1.F));
  const Array<float> expected = model(x).value();
  const nn::Sequential<float> constructed = std::move(model);
  taker = std::move(assigned);
  const std::string what = "Sequential: it was moved from";
  for (nn::Sequential<float>* moved : {&model, &assigned}) {
    CHECK_FAILS((*moved)(x), ValueError, what);
    CHECK_FAILS(moved->size(), ValueError, what);
    CHECK_FAILS((*moved)[0], ValueError, what);
    CHECK_FAILS(moved->push_back(nn::Sigmoid{}), ValueError, what);
    CHECK_FAILS(moved->describe(), ValueError, what);
    CHECK_FAILS(moved->table(), ValueError, what);
    CHECK_FAILS(nn::parameter_count(*moved), ValueError, what);
    CHECK_FAILS(nn::save_weights(folder / "w", *moved), ValueError, what);
    CHECK_FAILS(nn::Sequential<float>(*moved), ValueError, what);
    *moved = taker;
    CHECK(((*moved)(x).value() == expected));
  }
  CHECK(folder.names().empty());
  nn::Sequential<float>& itself = taker;
  taker = std::move(itself);
  CHECK((taker(x).value() == expected));
}

TEST_CASE("An optimizer that was moved from is neither saved nor resumed") {
  const TemporaryFolder folder;
  const auto run = folder / "run.safetensors", other = folder / "other.safetensors";
  TwoParameters<float> model = two_parameters();
  nn::Adam<float> adam;
  Tape<float> tape;
  backward_with(tape, model, two_parameters());
  adam.step(model, tape);
  nn::save_checkpoint(run, model, adam, {}, {});
  nn::Adam<float> taken = std::move(adam);
  const std::string moved = "Adam: it was moved from";
  nn::TrainingState state;
  CHECK(taken.steps() == 1);
  CHECK(adam.steps() == 0);
  CHECK(adam.parameters().empty());
  CHECK_FAILS(nn::save_checkpoint(other, model, adam, {}, {}), ValueError, moved);
  CHECK_FAILS(nn::load_checkpoint(run, model, adam, state, {}), ValueError, moved);
  CHECK_FAILS(adam.step(model, tape), ValueError, moved);
  CHECK_FAILS(adam.backward_and_step(model, tape, sum(tape.constant(Array<float>(Shape{2}, 1.F)))),
              ValueError, moved);
  CHECK_FAILS(adam.learning_rate(), ValueError, moved);
  CHECK_FAILS(adam.report(nn::higher_is_better(1)), ValueError, moved);
  CHECK_FAILS(adam.restore({}, 1), ValueError, moved);
  const nn::Adam<float> copy = adam;
  CHECK_FAILS(copy.learning_rate(), ValueError, moved);
  CHECK_FALSE(std::filesystem::exists(other));
  nn::Adam<float> again = std::move(adam);  // moved from twice
  CHECK_FAILS(again.learning_rate(), ValueError, moved);
  adam = std::move(taken);
  nn::load_checkpoint(run, model, adam, state, {});
  CHECK(adam.steps() == 1);
}

TEST_CASE("A transform that was moved from does what it did before") {
  const auto changed = [](const auto& transform) {
    std::vector<float> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i * i % 7);
    }
    const Shape shape{8, 8};
    Rng rng{1};
    xtape::Buffer<float> scratch;
    nn::Sample sample{values, shape, rng, scratch};
    transform(sample);
    return values;
  };
  const auto check = [&](auto transform) {
    const std::vector<float> expected = changed(transform);
    auto& itself = transform;
    transform = std::move(itself);
    CHECK(changed(transform) == expected);
    const auto taker = std::move(transform);
    CHECK(changed(taker) == expected);
    CHECK(changed(transform) == expected);
  };
  check(nn::Augment({.elastic = 34}));
  check(nn::Compose{nn::RandomCrop{}, nn::Cutout{.size = 3}});
}

TEST_CASE("Batches that were moved from are not saved") {
  const TemporaryFolder folder;
  const auto path = folder / "run.safetensors";
  const TwoParameters<float> model = two_parameters();
  const nn::Adam<float> adam;
  const nn::Dataset data(nn::Samples(std::vector<float>(4)), nn::Samples(std::vector<float>(4)));
  nn::Batches batches(data, 2);
  const auto position = batches.position();
  nn::Batches taken = std::move(batches);
  const std::string moved = "Batches: was it moved from?";
  CHECK_FAILS(nn::save_checkpoint(path, model, adam, {.batches = &batches}, {}), ValueError, moved);
  CHECK_FAILS(batches.restore(position), ValueError, moved);
  CHECK_FALSE(std::filesystem::exists(path));
  nn::save_checkpoint(path, model, adam, {.batches = &taken}, {});
}
