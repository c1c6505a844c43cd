#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/checkpoint.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "nn/freeze.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/select.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"

// Optimizer::backward_and_step(): the step during the backward pass.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::TapeError;
using xtape::Variable;

namespace {

using Maker = std::function<std::unique_ptr<nn::Optimizer<float>>()>;

std::vector<Maker> makers() {
  const nn::LearningRate rate = nn::warm_up(2, nn::cosine_decay(0.05, 7));
  const auto sgd = [=](double momentum, bool nesterov, double decay) {
    return Maker([=] {
      return std::make_unique<nn::SGD<float>>(nn::SGDOptions{.learning_rate = rate,
                                                             .momentum = momentum,
                                                             .nesterov = nesterov,
                                                             .weight_decay = decay});
    });
  };
  const nn::AdamOptions adam{.learning_rate = rate, .weight_decay = 0.02};
  const nn::RMSpropOptions rmsprop{.learning_rate = rate, .momentum = 0.9, .centered = true};
  return {sgd(0, false, 0),
          sgd(0.9, false, 0.01),
          sgd(0.9, true, 0.01),
          [=] { return std::make_unique<nn::Adam<float>>(adam); },
          [=] { return std::make_unique<nn::AdamW<float>>(adam); },
          [=] { return std::make_unique<nn::RMSprop<float>>(rmsprop); }};
}

/// A network that uses one layer twice, once within a checkpoint.
struct TiedArrays {
  nn::Linear<float> first, tied, head;

  explicit TiedArrays(xtape::Rng rng) : first(5, 6, rng), tied(6, 6, rng), head(6, 3, rng) {}

  Variable<float> operator()(Variable<float> x) const {
    const auto h = tanh(tied(dropout(tanh(first(x)), 0.2, x.tape().rng())));
    return head(checkpoint(tied, h) + h);
  }
  static void visit(auto& self, auto&& f) {
    f("first", self.first), f("tied", self.tied), f("head", self.head);
  }
};

/// Trains with backward() and step(), or with both in one, and returns the weights, the state of
/// the optimizer and the last gradient.
std::vector<float> train(const Maker& make, bool in_one, bool freezes, bool selects) {
  TiedArrays model{xtape::Rng{2}};
  const auto optimizer = make();
  const auto trained =
      nn::select(model, [&](auto name) { return !selects || !name.starts_with("head"); });
  Tape<float> tape;
  xtape::Rng rng{6};
  for (int step = 0; step < 5; ++step) {
    tape.rewind();
    if (freezes) {
      nn::freeze(model.first, tape);
    }
    const auto loss =
        mean(square(model(tape.constant(random_normal<float>(Shape{4, 5}, rng, 0.5)))));
    if (in_one) {
      optimizer->backward_and_step(trained, tape, loss);
    } else {
      tape.backward(loss);
      optimizer->step(trained, tape);
    }
  }
  CHECK(optimizer->steps() == 5);
  std::vector<float> all = numbers_of(model);
  optimizer->for_each_state([&](const Array<float>& state) {
    all.insert(all.end(), state.storage().begin(), state.storage().end());
  });
  const auto last = elements(tape.grad(model.tied.weight));
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

/// Returns x. Its backward function throws while *fails.
Variable<float> fragile(Variable<float> x, const bool* fails) {
  return record("fragile", {x}, 1.f * x.value(), [=](Variable<float> y) {
    if (*fails) {
      throw std::runtime_error("no");
    }
    xtape::accumulate(x, 1.f * y.grad());
  });
}

}  // namespace

TEST_CASE("A step during backward gives the bits of backward and step", "[nn]") {
  const auto all = makers();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const bool freezes : {false, true}) {
      for (const bool selects : {false, true}) {
        INFO("optimizer " << i << ", freezes " << freezes << ", selects " << selects);
        CHECK(train(all[i], true, freezes, selects) == train(all[i], false, freezes, selects));
      }
    }
  }
}

TEST_CASE("If an op passes no gradient on, nothing has changed", "[nn]") {
  TwoParameters<float> model{Array<float>(Shape{2}, 1.f), Array<float>(Shape{2}, 2.f)};
  nn::SGD<float> sgd({.learning_rate = 0.1});
  Tape<float> tape;
  const auto a = tape.parameter(model.first), b = tape.parameter(model.second);
  const auto y = record("stop", {a, b}, a.value() * b.value(), [](Variable<float>) {});
  CHECK_FAILS(sgd.backward_and_step(model, tape, sum(y)), TapeError,
              "SGD: a parameter (2) has no gradient, because no op passed one on");
  CHECK(sgd.steps() == 0);
  CHECK(sgd.parameters().empty());
}

TEST_CASE("A parameter to which an op passes no gradient is refused", "[nn]") {
  TwoParameters<float> model{Array<float>(Shape{2}, 1.f), Array<float>(Shape{2}, 2.f)};
  nn::SGD<float> sgd({.learning_rate = 0.1});
  Tape<float> tape;
  const auto a = tape.parameter(model.first), b = tape.parameter(model.second);
  const auto y = record("first_only", {a, b}, a.value() * b.value(),
                        [=](Variable<float> each) { xtape::accumulate(a, 1.f * each.grad()); });
  CHECK_FAILS(sgd.backward_and_step(model, tape, sum(y)), TapeError,
              "SGD: a parameter (2) has no gradient, because no op passed one on; the others have "
              "made the step");
}

TEST_CASE("What step() refuses is refused before the backward pass", "[nn]") {
  TwoParameters<float> model{Array<float>(Shape{2}, 1.f), Array<float>(Shape{2}, 2.f)};
  nn::Adam<float> adam;
  Tape<float> tape;
  const auto first = sum(tape.parameter(model.first));
  CHECK_FAILS(adam.backward_and_step(model, tape, first), TapeError,
              "Adam: parameter 'second' (2) has no gradient: the loss does not depend on it");
  CHECK_FALSE(tape.differentiated());
  Tape<float> other;
  CHECK_FAILS(adam.backward_and_step(model, other, first), TapeError,
              "Adam: the loss lives on another tape");
  const auto both = sum(tape.parameter(model.first) * tape.parameter(model.second));
  static_cast<void>(sum(tape.parameter(model.second)));  // not the loss
  nn::Adam<float> with_factors({.factors = {{"third", {.rate = 2}}}});
  CHECK_FAILS(with_factors.backward_and_step(model, tape, both), xtape::ValueError,
              "Adam: the factors for 'third' apply to no parameter");
  CHECK_FALSE(tape.differentiated());
  CHECK(adam.steps() == 0);
  CHECK(adam.parameters().empty());
  adam.backward_and_step(model, tape, both);
  CHECK(adam.steps() == 1);
  CHECK_FAILS(adam.backward_and_step(model, tape, both), TapeError,
              "backward: called twice on one recording; call Tape::rewind() and record again, or "
              "add the losses up and differentiate their sum, or allow it with "
              "retain_graph(true)");
  CHECK(adam.steps() == 1);
  TwoParameters<float> copy = model;
  tape.rewind();
  const auto of_copy = sum(tape.parameter(copy.first) * tape.parameter(copy.second));
  CHECK_FAILS(adam.backward_and_step(copy, tape, of_copy), TapeError,
              "Adam: this optimizer began with another model (parameter 'first' (2) is not the one "
              "it knows); use a new optimizer or reset()");
  move_away(copy.first);
  CHECK_THROWS_AS(adam.backward_and_step(copy, tape, of_copy), xtape::ShapeError);
}

TEST_CASE("If the backward pass throws before any gradient is complete, nothing changes", "[nn]") {
  TwoParameters<float> model{Array<float>(Shape{2}, 1.f), Array<float>(Shape{2}, 2.f)};
  nn::SGD<float> sgd({.learning_rate = 0.5, .momentum = 0.5});
  Tape<float> tape;
  bool fails = true;
  const auto product = tape.parameter(model.first) * tape.parameter(model.second);
  const auto loss = sum(fragile(product, &fails));
  CHECK_THROWS_WITH(sgd.backward_and_step(model, tape, loss), "no");
  CHECK(sgd.steps() == 0);
  CHECK(sgd.parameters().empty());
  CHECK(sgd.slots().empty());
  CHECK(numbers_of(model) == std::vector<float>{1, 1, 2, 2});
  fails = false;
  sgd.backward_and_step(model, tape, loss);
  CHECK(sgd.steps() == 1);
  CHECK(numbers_of(model) == std::vector<float>{0, 0, 1.5f, 1.5f});
}

TEST_CASE("If it throws later, complete gradients have made the step", "[nn]") {
  TwoParameters<float> model{Array<float>(Shape{2}, 1.f), Array<float>(Shape{2}, 2.f)};
  nn::SGD<float> sgd({.learning_rate = 0.5});
  Tape<float> tape;
  bool fails = true;
  const auto hidden = fragile(tape.parameter(model.first), &fails);
  CHECK_THROWS_WITH(sgd.backward_and_step(model, tape, sum(hidden * tape.parameter(model.second))),
                    "no");
  CHECK(sgd.steps() == 1);
  CHECK_FALSE(tape.differentiated());
  CHECK(numbers_of(model) == std::vector<float>{1, 1, 1.5f, 1.5f});
}

TEST_CASE("A step during backward allocates nothing in a steady step", "[nn]") {
  COUNTING_OR_SKIP();
  TiedArrays model{xtape::Rng{2}};
  nn::Adam<float> adam;
  Tape<float> tape;
  const Array<float> input(Shape{4, 5}, 0.5f);
  std::vector<std::size_t> allocations(5);
  for (std::size_t& number : allocations) {
    const std::size_t before = allocation_count();
    tape.rewind();
    adam.backward_and_step(model, tape, mean(square(model(tape.constant_view(input)))));
    number = allocation_count() - before;
  }
  CHECK(allocations[0] > 0);
  CHECK(allocations[3] == 0);
  CHECK(allocations[4] == 0);
}
