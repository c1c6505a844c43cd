#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "autograd/checkpoint.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/freeze.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

// checkpoint() around layers: models train as without it.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::checkpoint;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

namespace {

/// A network of two blocks, each a checkpoint if `recomputes`. One layer is used by both.
struct Blocks {
  nn::Sequential<float> first, second;
  nn::Linear<float> tied, head;
  bool recomputes = false;

  explicit Blocks(xtape::Rng rng)
      : first{nn::Linear(5, 8, rng), nn::BatchNorm(8), nn::Tanh{}, nn::Dropout(0.3)},
        second{nn::Linear(8, 8, rng), nn::BatchNorm(8), nn::ReLU{}, nn::Dropout(0.2)},
        tied(8, 8, rng),
        head(8, 3, rng) {}

  Variable<float> operator()(Variable<float> x) const {
    const auto block = [this](const nn::Sequential<float>& layers) {
      return [this, &layers](Variable<float> v) { return tied(layers(v)); };
    };
    if (!recomputes) {
      return head(block(second)(block(first)(x)));
    }
    return head(checkpoint(block(second), checkpoint(block(first), x)));
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first), f("second", self.second), f("tied", self.tied), f("head", self.head);
  }
};

/// Trains for some steps, and returns all weights and running statistics.
std::vector<float> train(bool recomputes) {
  Blocks model{xtape::Rng{3}};
  model.recomputes = recomputes;
  nn::SGD<float> sgd({.learning_rate = 0.1, .momentum = 0.9});
  xtape::Rng rng{8};
  const std::vector<int> labels{0, 1, 2, 0, 1, 2};
  Tape<float> tape;
  for (int step = 0; step < 4; ++step) {
    tape.rewind();
    const auto x = tape.constant(random_normal<float>(Shape{6, 5}, rng));
    tape.backward(softmax_cross_entropy(model(x), labels));
    sgd.step(model, tape);
    nn::update_statistics(model, tape);
  }
  return all_numbers_of(model);
}

}  // namespace

TEST_CASE("Blocks as checkpoints train to the same bits, running statistics included") {
  const std::vector<float> plain = train(false), recomputed = train(true);
  REQUIRE(plain.size() == recomputed.size());
  CHECK(std::memcmp(plain.data(), recomputed.data(), plain.size() * sizeof(float)) == 0);
}

TEST_CASE("A layer is the function of a checkpoint, and under NoGrad it predicts as without one") {
  Blocks model{xtape::Rng{3}};
  model.recomputes = true;
  xtape::Rng rng{8};
  Tape<float> tape;
  const auto x = tape.constant(random_normal<float>(Shape{6, 5}, rng));
  static_cast<void>(model(x));
  nn::update_statistics(model, tape, 1);
  const auto predict = [&](bool recomputes) {
    const xtape::NoGrad<float> guard{tape};
    model.recomputes = recomputes;
    return Array<float>(model(x).value());
  };
  CHECK((predict(true) == predict(false)));
  const auto hidden = tape.constant(random_normal<float>(Shape{6, 8}, rng));
  CHECK((checkpoint(model.head, hidden).value() == model.head(hidden).value()));
}

TEST_CASE("Parts that are frozen stay frozen within a checkpoint") {
  Blocks model{xtape::Rng{3}};
  model.recomputes = true;
  Tape<float> tape;
  nn::freeze(model.first, tape);
  const auto x = tape.constant(Array<float>(Shape{6, 5}, 0.5f));
  tape.backward(mean(square(model(x))));
  nn::for_each_parameter(model.first,
                         [&](const nn::ParameterName& name, const Array<float>& array) {
                           INFO(name.str());
                           CHECK(tape.find_grad(array) == nullptr);
                         });
  CHECK(tape.find_grad(model.tied.weight) != nullptr);
  CHECK(tape.find_grad(model.head.bias) != nullptr);
}
