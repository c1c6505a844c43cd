#include "nn/optim/optimizer.hpp"

#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

namespace {

using Model = TwoParameters<double>;

const Model gradients{{1, -2}, {0.5, 0.25, 8}};

/// Everything that a step may change.
struct Snapshot {
  std::vector<double> numbers;
  std::size_t steps, slots;

  Snapshot(const Model& model, const nn::Optimizer<double>& optimizer)
      : numbers(elements(model.first)), steps(optimizer.steps()), slots(optimizer.slots().size()) {
    add(model.second);
    for (const auto& slot : optimizer.slots()) {
      for (const Array<double>& array : slot.state) {
        add(array);
      }
    }
  }
  bool operator==(const Snapshot&) const = default;

 private:
  void add(const Array<double>& array) {
    numbers.insert(numbers.end(), array.storage().begin(), array.storage().end());
  }
};

std::vector<std::unique_ptr<nn::Optimizer<double>>> all_optimizers() {
  std::vector<std::unique_ptr<nn::Optimizer<double>>> all;
  all.push_back(std::make_unique<nn::SGD<double>>());
  all.push_back(std::make_unique<nn::SGD<double>>(nn::SGDOptions{.momentum = 0.9}));
  all.push_back(std::make_unique<nn::Adam<double>>());
  all.push_back(std::make_unique<nn::AdamW<double>>());
  return all;
}

/// A model whose number of parameters changes.
struct Growing {
  std::vector<nn::Linear<double>> layers;

  static void visit(auto& self, auto&& f) { f("layers", self.layers); }
};

void backward_through(Tape<double>& tape, const Growing& model) {
  tape.rewind();
  auto x = tape.constant(Array<double>(Shape{1, 2}, 1.0));
  for (const auto& layer : model.layers) {
    x = layer(x);
  }
  tape.backward(sum(x));
}

/// An optimizer of one's own: w -= sign(g) times a rate that is the number of the step.
class SignDescent : public nn::Optimizer<double> {
 public:
  SignDescent() : Optimizer("SignDescent") {}

 private:
  const nn::LearningRate& rate() const override { return rate_; }
  std::size_t prepare() const override { return 0; }
  void update(Array<double>& w, const Array<double>& g, std::span<Array<double>> state,
              double learning_rate) override {
    REQUIRE(state.empty());
    for (std::size_t i = 0; i < w.size(); ++i) {
      w.data()[i] -= (g.data()[i] > 0 ? 1.0 : -1.0) * learning_rate;
    }
  }

  nn::LearningRate rate_ = [](std::size_t step) { return static_cast<double>(step + 1); };
};

}  // namespace

TEST_CASE("A step names the parameter that has no gradient", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(3, 2, rng), nn::Linear(2, 1, rng)};
  nn::SGD sgd;
  Tape tape;
  CHECK_THROWS_WITH(
      sgd.step(model, tape),
      "SGD: parameter '0.weight' (3, 2) has no gradient: Tape::backward has not been called");
  CHECK_THROWS_AS(sgd.step(model, tape), xtape::TapeError);

  tape.backward(sum(model[1](tape.constant(Array<float>(Shape{5, 2}, 1.f)))));
  CHECK_THROWS_WITH(
      nn::Adam().step(model, tape),
      "Adam: parameter '0.weight' (3, 2) has no gradient: the loss does not depend on it");
  CHECK_THROWS_WITH(
      nn::AdamW().step(model, tape),
      "AdamW: parameter '0.weight' (3, 2) has no gradient: the loss does not depend on it");
}

TEST_CASE("A step that throws changes nothing", "[nn]") {
  const auto all = all_optimizers();
  const auto all_again = all_optimizers();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    Model model{{1, 2}, {3, 4, 5}}, undisturbed = model;
    Tape<double> tape;
    for (int step = 0; step < 3; ++step) {
      tape.rewind();
      tape.backward(sum(tape.parameter(model.first)));
      const Snapshot before(model, *all[i]);
      CHECK_THROWS_AS(all[i]->step(model, tape), xtape::TapeError);
      CHECK(Snapshot(model, *all[i]) == before);

      backward_with(tape, model, gradients);
      all[i]->step(model, tape);
      CHECK_FALSE(Snapshot(model, *all[i]) == before);
      backward_with(tape, undisturbed, gradients);
      all_again[i]->step(undisturbed, tape);
    }
    CHECK(Snapshot(model, *all[i]) == Snapshot(undisturbed, *all_again[i]));
  }
}

TEST_CASE("A step refuses a parameter that was resized after it was recorded", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, gradients);
  model.second = Array<double>{1, 2};
  nn::SGD<double> sgd;
  CHECK_THROWS_WITH(sgd.step(model, tape),
                    "SGD: parameter 'second' is (2), but its gradient (3): it was resized after it "
                    "was recorded");
  CHECK_THROWS_AS(sgd.step(model, tape), xtape::ShapeError);
  CHECK((model.first == Array<double>{1, 2}));
}

TEST_CASE("Every optimizer refuses another model", "[nn]") {
  for (const auto& optimizer : all_optimizers()) {
    Model model{{1, 2}, {3, 4, 5}};
    Tape<double> tape;
    backward_with(tape, model, gradients);
    optimizer->step(model, tape);

    Model copy = model;
    backward_with(tape, copy, gradients);
    const Snapshot before(copy, *optimizer);
    CHECK_THROWS_AS(optimizer->step(copy, tape), xtape::TapeError);
    CHECK(Snapshot(copy, *optimizer) == before);

    optimizer->reset();
    CHECK(optimizer->steps() == 0);
    CHECK(optimizer->slots().empty());
    CHECK_NOTHROW(optimizer->step(copy, tape));
    backward_with(tape, model, gradients);
    CHECK_THROWS_AS(optimizer->step(model, tape), xtape::TapeError);
    CHECK(optimizer->steps() == 1);
  }
}

TEST_CASE("An optimizer says how a model differs from the one it began with", "[nn]") {
  xtape::Rng rng;
  nn::SGD<double> sgd({.momentum = GENERATE(0.9, 0.0)});
  Tape<double> tape;

  Model model{{1, 2}, {3, 4, 5}};
  backward_with(tape, model, gradients);
  sgd.step(model, tape);
  Model copy = model;
  backward_with(tape, copy, gradients);
  CHECK_THROWS_WITH(sgd.step(copy, tape),
                    "SGD: this optimizer began with another model (parameter 'first' (2) is not "
                    "the one it knows); use a new optimizer or reset()");

  model.second = Array<double>{1};
  backward_with(tape, model, {{1, 1}, {1}});
  CHECK_THROWS_WITH(sgd.step(model, tape),
                    "SGD: this optimizer began with another model (parameter 'second' (1) is not "
                    "the one it knows); use a new optimizer or reset()");

  sgd.reset();
  Growing growing;
  growing.layers.reserve(3);
  growing.layers.emplace_back(2, 2, rng);
  growing.layers.emplace_back(2, 2, rng);
  backward_through(tape, growing);
  sgd.step(growing, tape);

  growing.layers.emplace_back(2, 2, rng);
  backward_through(tape, growing);
  CHECK_THROWS_WITH(sgd.step(growing, tape),
                    "SGD: this optimizer began with another model (parameter 'layers.2.weight' (2, "
                    "2) is not the one it knows); use a new optimizer or reset()");

  growing.layers.erase(growing.layers.begin() + 1, growing.layers.end());
  backward_through(tape, growing);
  CHECK_THROWS_WITH(sgd.step(growing, tape),
                    "SGD: this optimizer began with another model (4 parameters, this one has 2); "
                    "use a new optimizer or reset()");
  CHECK(sgd.steps() == 1);
}

namespace {

struct Tied {
  Array<double> array;

  static void visit(auto& self, auto&& f) {
    f("encoder", self.array);
    f("decoder", self.array);
  }
};

}  // namespace

TEST_CASE("An array that two visit lines name is not stepped twice", "[nn]") {
  for (const auto& optimizer : all_optimizers()) {
    Tied model{{1, 2}};
    Tape<double> tape;
    tape.backward(sum(tape.parameter(model.array)));
    CHECK(message_of([&] { optimizer->step(model, tape); }) ==
          std::string(optimizer->name()) +
              ": two visit lines of the model name the same array (2); visit it once");
    CHECK_THROWS_AS(optimizer->step(model, tape), xtape::TapeError);
    CHECK((model.array == Array<double>{1, 2}));
    CHECK(optimizer->steps() == 0);
  }
}

TEST_CASE("SGD may be given momentum later, for the model it began with", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  nn::SGD<double> sgd;
  backward_with(tape, model, gradients);
  sgd.step(model, tape);
  sgd.options.momentum = 0.5;
  Model copy = model;
  backward_with(tape, copy, gradients);
  CHECK_THROWS_AS(sgd.step(copy, tape), xtape::TapeError);
  CHECK(sgd.slots().empty());
  backward_with(tape, model, gradients);
  sgd.step(model, tape);
  CHECK(sgd.steps() == 2);
  CHECK(sgd.slots()[0].parameter == &model.first);
}

TEST_CASE("A step that an allocation fails has begun with no model", "[nn]") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  for (std::size_t k = 1; k < 20; ++k) {
    for (const auto& optimizer : all_optimizers()) {
      Model model{{1, 2}, {3, 4, 5}}, other = model;
      Tape<double> tape;
      backward_with(tape, model, gradients);
      bool failed = false;
      try {
        const FailingAllocation failing(k);
        optimizer->step(model, tape);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      if (failed) {
        backward_with(tape, other, gradients);
        CHECK_NOTHROW(optimizer->step(other, tape));
      }
    }
  }
}

TEST_CASE("An optimizer stays with a Sequential that moves", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(3, 2, rng), nn::Linear(2, 1, rng)};
  nn::Adam adam;
  Tape tape;
  const auto step = [&](nn::Sequential<float>& current) {
    tape.rewind();
    tape.backward(sum(current(tape.constant(Array<float>(Shape{4, 3}, 1.f)))));
    adam.step(current, tape);
  };
  step(model);
  nn::Sequential moved = std::move(model);
  step(moved);
  CHECK(adam.steps() == 2);

  nn::Sequential copy = moved;
  CHECK_THROWS_AS(step(copy), xtape::TapeError);
}

TEST_CASE("A copied optimizer goes its own way", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, gradients);
  nn::SGD<double> sgd({.learning_rate = 1, .momentum = 0.5});
  sgd.step(model, tape);
  nn::SGD<double> copy = sgd;
  copy.step(model, tape);
  CHECK(copy.steps() == 2);
  CHECK(copy.slots()[0].state[0](0) == 1.5);
  CHECK(sgd.steps() == 1);
  CHECK(sgd.slots()[0].state[0](0) == 1);
}

TEST_CASE("An optimizer that was moved from takes no step", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, gradients);
  nn::Adam<double> adam, other;
  adam.step(model, tape);
  SECTION("by construction") {
    const nn::Adam<double> taken = std::move(adam);
    CHECK(taken.steps() == 1);
  }
  SECTION("by assignment") {
    other = std::move(adam);
    CHECK(other.steps() == 1);
  }
  const Snapshot before(model, adam);
  CHECK_THROWS_AS(adam.step(model, tape), xtape::ValueError);
  CHECK(Snapshot(model, adam) == before);
}

TEST_CASE("An optimizer has nothing to do for a model without parameters", "[nn]") {
  nn::Sequential<double> empty;
  Tape<double> tape;
  for (const auto& optimizer : all_optimizers()) {
    CHECK_NOTHROW(optimizer->step(empty, tape));
    CHECK(optimizer->slots().empty());
  }
}

namespace {

/// An optimizer whose state_count() changes.
struct Fickle : nn::Optimizer<double> {
  Fickle() : Optimizer("Fickle") {}
  std::size_t wanted = 1;

 private:
  const nn::LearningRate& rate() const override { return rate_; }
  std::size_t prepare() const override { return wanted; }
  void update(Array<double>&, const Array<double>&, std::span<Array<double>> state,
              double) override {
    state[wanted - 1].fill(1);
  }

  nn::LearningRate rate_ = 1;
};

}  // namespace

TEST_CASE("An optimizer that wants more state than it began with says so", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, gradients);
  Fickle optimizer;
  optimizer.step(model, tape);
  optimizer.wanted = 2;
  CHECK_THROWS_WITH(optimizer.step(model, tape),
                    "Fickle: the options want 2 arrays of state for each parameter, but this "
                    "optimizer began with 1; use a new optimizer or reset()");
  CHECK(optimizer.steps() == 1);
}

TEST_CASE("An optimizer restored without state takes a step", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, gradients);
  nn::SGD<double> sgd;
  sgd.restore({{&model.first, {}}, {&model.second, {}}}, 7);
  Model copy = model;
  backward_with(tape, copy, gradients);
  CHECK_THROWS_AS(sgd.step(copy, tape), xtape::TapeError);
  backward_with(tape, model, gradients);
  sgd.step(model, tape);
  CHECK(sgd.steps() == 8);
}

TEST_CASE("A user's own optimizer defines three functions", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  SignDescent optimizer;
  CHECK_THROWS_WITH(optimizer.step(model, tape),
                    "SignDescent: parameter 'first' (2) has no gradient: Tape::backward has not "
                    "been called");
  backward_with(tape, model, gradients);
  optimizer.step(model, tape);
  optimizer.step(model, tape);
  CHECK((model.first == Array<double>{-2, 5}));
  CHECK((model.second == Array<double>{0, 1, 2}));
}

TEST_CASE("An optimizer restored goes on as the one it was taken from") {
  const auto from = all_optimizers(), to = all_optimizers();
  for (std::size_t i = 0; i < from.size(); ++i) {
    CAPTURE(i);
    Tape<double> tape;
    Model model{{3, 4}, {5, 6, 7}};
    const auto step = [&](nn::Optimizer<double>& optimizer, Model& each) {
      backward_with(tape, each, gradients);
      optimizer.step(each, tape);
    };
    step(*from[i], model);
    Model copy = model;
    auto slots = from[i]->slots();
    if (!slots.empty()) {
      slots[0].parameter = &copy.first;
      slots[1].parameter = &copy.second;
    }
    to[i]->restore(std::move(slots), from[i]->steps());
    step(*from[i], model);
    step(*to[i], copy);
    CHECK(Snapshot(copy, *to[i]) == Snapshot(model, *from[i]));
  }
}

TEST_CASE("An optimizer is not restored with slots that do not fit, and stays as it was") {
  Tape<double> tape;
  Model model{{3, 4}, {5, 6, 7}};
  nn::Adam<double> adam;
  backward_with(tape, model, gradients);
  adam.step(model, tape);
  const Snapshot before(model, adam);
  auto few = adam.slots(), wrong = adam.slots(), none = adam.slots();
  few[1].state.pop_back();
  wrong[1].state[1] = wrong[0].state[1];
  none[1].parameter = nullptr;
  CHECK_THROWS_AS(adam.restore(few, 5), xtape::ValueError);
  CHECK_THROWS_WITH(adam.restore(few, 5),
                    "Adam: restored with 1 arrays for each parameter, expected 2");
  CHECK_THROWS_AS(adam.restore(none, 5), xtape::ValueError);
  CHECK_THROWS_WITH(adam.restore(none, 5), "Adam: restored with a slot without a parameter");
  CHECK_THROWS_AS(nn::SGD<double>().restore({{nullptr, {}}}, 5), xtape::ValueError);
  CHECK_THROWS_AS(adam.restore(wrong, 5), xtape::ShapeError);
  CHECK_THROWS_WITH(adam.restore(wrong, 5), "Adam: restored with state (2) of a parameter (3)");
  CHECK(Snapshot(model, adam) == before);
  adam.options.beta1 = 2;
  CHECK_THROWS_AS(adam.restore(adam.slots(), 5), xtape::ValueError);
}
