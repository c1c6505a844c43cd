#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/group_norm.hpp"
#include "nn/layers/layer_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/upsample.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/average_weights.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

// Training allocates nothing after its first steps. If an allocation fails, nothing has changed.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Tape;

namespace {

template <class T>
using OptimizerMaker = std::function<std::unique_ptr<nn::Optimizer<T>>()>;

template <class T>
std::vector<OptimizerMaker<T>> optimizers() {
  const nn::LearningRate rate = nn::warm_up(3, nn::cosine_decay(0.01, 9));
  const nn::SGDOptions momentum{.learning_rate = rate, .momentum = 0.9},
      nesterov{.learning_rate = rate, .momentum = 0.9, .nesterov = true};
  const nn::AdamOptions adam{.learning_rate = rate};
  const nn::RMSpropOptions rmsprop{.learning_rate = rate, .momentum = 0.9, .centered = true};
  return {[=] { return std::make_unique<nn::SGD<T>>(nn::SGDOptions{.learning_rate = rate}); },
          [=] { return std::make_unique<nn::SGD<T>>(momentum); },
          [=] { return std::make_unique<nn::SGD<T>>(nesterov); },
          [=] { return std::make_unique<nn::Adam<T>>(adam); },
          [=] { return std::make_unique<nn::AdamW<T>>(adam); },
          [=] { return std::make_unique<nn::RMSprop<T>>(rmsprop); }};
}

/// A model, its optimizer and batches, the last of which is short.
template <class T>
struct Training {
  struct Batch {
    Array<T> images;
    std::vector<int> labels;
  };

  nn::Sequential<T> model;
  std::unique_ptr<nn::Optimizer<T>> optimizer;
  std::vector<Batch> batches;
  Tape<T> tape;

  Training(nn::Sequential<T> network, const OptimizerMaker<T>& make, std::size_t features,
           std::uint64_t classes)
      : model(std::move(network)), optimizer(make()) {
    xtape::Rng rng;
    for (const std::size_t count : {16UL, 16UL, 5UL}) {
      std::vector<int> labels(count);
      std::generate(labels.begin(), labels.end(),
                    [&] { return static_cast<int>(rng.below(classes)); });
      batches.push_back({random_normal<T>({count, features}, rng), labels});
    }
  }

  void step(const Batch& batch) {
    tape.rewind();
    tape.backward(nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.images)), batch.labels));
    nn::clip_grad_norm(model, tape, 0.1);
    optimizer->step(model, tape);
  }
  void epoch() {
    std::for_each(batches.begin(), batches.end(), [this](const Batch& batch) { step(batch); });
  }

  /// Makes a step with the same dropout each time.
  void same_step() {
    tape.rng() = xtape::Rng{5};
    step(batches.back());
  }

  /// Returns the weights and the optimizer's state.
  std::vector<T> numbers() const {
    std::vector<T> all = numbers_of<T>(model);
    all.push_back(static_cast<T>(optimizer->steps()));
    for (const auto& slot : optimizer->slots()) {
      for (const Array<T>& array : slot.state) {
        all.insert(all.end(), array.storage().begin(), array.storage().end());
      }
    }
    return all;
  }
};

template <class T>
nn::Sequential<T> shallow() {
  xtape::Rng rng;
  // Large enough for threads, and in double only, because oneDNN allocates in float products of
  // this size.
  const std::size_t width = sizeof(T) == sizeof(double) ? 1024 : 64;
  return nn::Sequential<T>{nn::Linear<T>(48, width, rng), nn::Sigmoid{},
                           nn::Linear<T>(width, 10, rng)};
}

template <class T>
nn::Sequential<T> deep() {
  xtape::Rng rng;
  nn::Sequential<T> model{nn::Linear<T>(48, 32, rng), nn::Dropout(0.1)};
  for (int i = 0; i < 18; ++i) {
    model.push_back(nn::Linear<T>(32, 32, rng));
    model.push_back(nn::Sigmoid{});
  }
  model.push_back(nn::Sequential<T>{nn::Linear<T>(32, 10, rng)});
  return model;
}

/// Returns a network with a layer of each kind for images of 16 x 16 pixels in 16 channels. In
/// float, it has none of the convolutions that oneDNN computes, because oneDNN allocates.
template <class T>
nn::Sequential<T> images_network(xtape::Rng& rng) {
  constexpr bool all = std::is_same_v<T, double>;
  const auto conv = [&](const nn::ConvOptions& options) {
    return nn::Conv2d<T>(16, 16, 3, rng, options);
  };
  nn::Sequential<T> model{conv({.padding = 1, .bias = false}),
                          nn::BatchNorm<T>(16),
                          nn::GELU{},
                          nn::MaxPool2d(2),
                          nn::Residual<T>{conv({.padding = 1}), nn::LayerNorm<T>(16), nn::ReLU{}},
                          nn::Upsample2d(2),
                          conv({.stride = all ? 2UL : 1UL, .padding = 1}),
                          nn::GroupNorm<T>(4, 16),
                          nn::AvgPool2d(2, {.stride = 1})};
  if (all) {
    model.push_back(nn::ConvTranspose2d<T>(16, 16, 2, rng, {.stride = 2}));
    model.push_back(conv({.padding = 1, .groups = 16}));
  }
  model.push_back(nn::Upsample2d(2, xtape::Upsampling::bilinear));
  model.push_back(nn::GlobalAvgPool2d{});
  model.push_back(nn::Linear<T>(16, 4, rng));
  return model;
}

/// A small training run with layers of all kinds. Most of its arrays are too large to lie beside
/// their nodes, so they are allocated one by one.
template <class T>
Training<T> small(const OptimizerMaker<T>& make) {
  xtape::Rng rng;
  return {nn::Sequential<T>{nn::Linear<T>(5, 14, rng), nn::GELU{}, nn::Dropout(0.25),
                            nn::Sequential<T>{nn::Linear<T>(14, 12, rng), nn::Tanh{}},
                            nn::Linear<T>(12, 3, rng)},
          make, 5, 3};
}

/// Fails the k-th allocation of the first step, for every k. Checks that weights and optimizer are
/// unchanged, and that the same objects then train as if nothing had happened. Returns the number
/// of allocations.
template <class T>
std::size_t failures_survived(const OptimizerMaker<T>& make) {
  auto undisturbed = small<T>(make);
  const std::vector<T> before = undisturbed.numbers();
  undisturbed.same_step();
  undisturbed.same_step();
  for (std::size_t k = 1;; ++k) {
    auto training = small<T>(make);
    bool failed = true;
    INFO("allocation " << k);
    try {
      const FailingAllocation failing(k);
      training.same_step();
      failed = failing.failed();
    } catch (const std::bad_alloc&) {
      CHECK(training.numbers() == before);
      training.same_step();
    }
    training.same_step();
    CHECK(training.numbers() == undisturbed.numbers());
    if (!failed) {
      return k - 1;
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Training allocates nothing after the first epoch", "[nn]", float, double) {
  using T = TestType;
  COUNTING_OR_SKIP();
  for (const nn::Sequential<T>& model : {shallow<T>(), deep<T>()}) {
    for (const auto& make : optimizers<T>()) {
      Training<T> training(model, make, 48, 10);
      std::size_t counts[3] = {};
      for (std::size_t& count : counts) {
        const std::size_t before = allocation_count();
        training.epoch();
        count = allocation_count() - before;
      }
      CHECK(counts[0] > 0);
      CHECK(counts[1] == 0);
      CHECK(counts[2] == 0);
    }
  }
}

TEMPLATE_TEST_CASE("Training on images allocates nothing after two epochs", "[nn]", float, double) {
  using T = TestType;
  COUNTING_OR_SKIP();
  xtape::Rng rng{3};
  nn::AverageWeights<nn::Sequential<T>, T> model(images_network<T>(rng), {.decay = 0.9});
  nn::SGD<T> sgd({.learning_rate = 0.01, .momentum = 0.9, .factors = {{"bias", {.rate = 2}}}});
  const nn::SoftmaxCrossEntropy criterion{.label_smoothing = 0.1};
  const Array<T> whole = random_normal<T>({6, 8, 8, 16}, rng);
  const Array<T> rest = random_normal<T>({3, 8, 8, 16}, rng);
  const std::vector<int> labels{0, 3, 1, 2, 3, 0};
  Tape<T> tape;
  const auto step = [&](const Array<T>& images) {
    tape.rewind();
    const auto x = pad(tape.constant(images), 4, {.mode = xtape::PadMode::reflect});
    tape.backward(criterion(model(x), std::span(labels).first(images.shape()[0])));
    nn::clip_grad_norm(model, tape, 0.1);
    sgd.step(model, tape);
    nn::update_statistics(model, tape);
    model.update();
    tape.rewind();
    const xtape::NoGrad guard(tape);
    model(pad(tape.constant(images), 4, {.mode = xtape::PadMode::reflect}));
  };
  std::size_t counts[3] = {};
  for (std::size_t& count : counts) {
    const std::size_t before = allocation_count();
    step(whole);
    step(rest);
    count = allocation_count() - before;
  }
  CHECK(counts[0] > 0);
  CHECK(counts[2] == 0);
}

TEMPLATE_TEST_CASE("A training step that an allocation fails changes nothing and can be repeated",
                   "[nn]", float, double) {
  COUNTING_OR_SKIP();
  for (const auto& make : optimizers<TestType>()) {
    CHECK(failures_survived<TestType>(make) > 25);
  }
}

TEMPLATE_TEST_CASE("What cannot be loaded for want of memory changes nothing", "[nn]", float,
                   double) {
  using T = TestType;
  COUNTING_OR_SKIP();
  const TemporaryFolder folder;
  const OptimizerMaker<T> adam = optimizers<T>()[3];
  auto trained = small<T>(adam);
  trained.same_step();
  nn::save_weights(folder / "weights", trained.model);
  nn::save_checkpoint(folder / "checkpoint", trained.model, *trained.optimizer,
                      {.numbers = {{"epoch", 3}}}, {});

  const auto failures_of = [&](auto load) {
    for (std::size_t failures = 0;; ++failures) {
      auto other = small<T>(adam);
      other.step(other.batches[0]);
      const std::vector<T> before = other.numbers();
      bool failed = true, thrown = false;
      try {
        const FailingAllocation failing(failures + 1);
        load(other);
        failed = failing.failed();
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      REQUIRE(failed == thrown);  // it was reported
      CHECK((other.numbers() == before) == failed);
      if (!failed) {
        return failures;
      }
    }
  };
  CHECK(failures_of([&](auto& other) { nn::load_weights(folder / "weights", other.model); }) > 20);
  CHECK(failures_of([&](auto& other) {
          nn::TrainingState state{.numbers = {{"epoch", 0}}};
          nn::load_checkpoint(folder / "checkpoint", other.model, *other.optimizer, state, {});
        }) > 20);
}
