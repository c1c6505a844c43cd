#include "nn/optim/optimizer.hpp"

#include <memory>
#include <new>

#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::TapeError;
using xtape::ValueError;

namespace {

using Model = TwoParameters<double>;

const Model gradients{{1, -2}, {0.5, 0.25, 8}};

/// Returns everything that a step may change: the steps, the slots and all numbers.
std::vector<double> snapshot(const Model& model, const nn::Optimizer<double>& optimizer) {
  std::vector<double> numbers = numbers_of<double>(model);
  for (const auto& slot : optimizer.slots()) {
    for (const Array<double>& array : slot.state) {
      numbers.insert(numbers.end(), array.storage().begin(), array.storage().end());
    }
  }
  numbers.push_back(static_cast<double>(optimizer.steps()));
  numbers.push_back(static_cast<double>(optimizer.slots().size()));
  return numbers;
}

template <class T = double>
std::vector<std::unique_ptr<nn::Optimizer<T>>> all_optimizers() {
  std::vector<std::unique_ptr<nn::Optimizer<T>>> all;
  all.push_back(std::make_unique<nn::SGD<T>>());
  all.push_back(std::make_unique<nn::SGD<T>>(
      nn::SGDOptions{.momentum = 0.9, .nesterov = true, .weight_decay = 0.1}));
  all.push_back(std::make_unique<nn::Adam<T>>(nn::AdamOptions{.weight_decay = 0.1}));
  all.push_back(std::make_unique<nn::AdamW<T>>());
  all.push_back(std::make_unique<nn::RMSprop<T>>(
      nn::RMSpropOptions{.momentum = 0.5, .centered = true, .weight_decay = 0.1}));
  return all;
}

/// A model and a tape with its gradients.
struct Fixture {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;

  Fixture() { record(model); }
  void record(const Model& current) { backward_with(tape, current, gradients); }
};

/// A model whose number of parameters changes.
struct Growing {
  std::vector<nn::Linear<double>> layers;
  static void visit(auto& self, auto&& f) { f("layers", self.layers); }
};

/// A model that names one parameter twice.
struct Tied {
  Array<double> array;
  static void visit(auto& self, auto&& f) { f("encoder", self.array), f("decoder", self.array); }
};

void backward_through(Tape<double>& tape, const Growing& model) {
  tape.rewind();
  auto x = tape.constant(Array<double>(Shape{1, 2}, 1.0));
  for (const auto& layer : model.layers) {
    x = layer(x);
  }
  tape.backward(sum(x));
}

}  // namespace

TEMPLATE_TEST_CASE("Every optimizer gives the same bits with one thread and two", "[nn][threads]",
                   float, double) {
  const auto train = [](std::size_t count, nn::Optimizer<TestType>& optimizer) {
    const Threads threads(count);
    xtape::Rng rng{3};
    auto model = random_parameters<TestType>({300, 131}, {3}, rng);
    Tape<TestType> tape;
    for (int step = 0; step < 3; ++step) {
      backward_with(tape, model, random_parameters<TestType>({300, 131}, {3}, rng));
      optimizer.step(model, tape);
    }
    return model.first;
  };
  const auto first = all_optimizers<TestType>(), second = all_optimizers<TestType>(),
             third = all_optimizers<TestType>();
  for (std::size_t i = 0; i < first.size(); ++i) {
    CAPTURE(i);
    const auto once = train(2, *first[i]);
    CHECK((once == train(2, *second[i])));
    CHECK((once == train(1, *third[i])));
  }
}

TEST_CASE("A step names the parameter that has no gradient", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(3, 2, rng), nn::Linear(2, 1, rng)};
  nn::SGD sgd;
  Tape tape;
  const std::string what = "parameter '0.weight' (3, 2) has no gradient: ";
  CHECK_FAILS(sgd.step(model, tape), TapeError,
              "SGD: " + what + "Tape::backward has not been called");
  tape.backward(sum(model[1](tape.constant(Array<float>(Shape{5, 2}, 1.f)))));
  for (const auto& optimizer : all_optimizers<float>()) {
    CHECK_FAILS(optimizer->step(model, tape), TapeError,
                optimizer->name() + (": " + what + "the loss does not depend on it"));
  }
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
      const auto before = snapshot(model, *all[i]);
      CHECK_THROWS_AS(all[i]->step(model, tape), TapeError);
      CHECK(snapshot(model, *all[i]) == before);

      backward_with(tape, model, gradients);
      all[i]->step(model, tape);
      CHECK(snapshot(model, *all[i]) != before);
      backward_with(tape, undisturbed, gradients);
      all_again[i]->step(undisturbed, tape);
    }
    CHECK(snapshot(model, *all[i]) == snapshot(undisturbed, *all_again[i]));
  }
}

TEST_CASE_METHOD(Fixture, "A step refuses a parameter that was resized after it was recorded") {
  model.second = Array<double>{1, 2};
  nn::SGD<double> sgd;
  CHECK_FAILS(sgd.step(model, tape), xtape::ShapeError,
              "SGD: parameter 'second' is (2), but its gradient (3): it was resized after it was "
              "recorded");
  CHECK((model.first == Array<double>{1, 2}));
}

TEST_CASE_METHOD(Fixture, "Every optimizer refuses another model") {
  for (const auto& optimizer : all_optimizers()) {
    record(model);
    optimizer->step(model, tape);
    Model copy = model;
    record(copy);
    const auto before = snapshot(copy, *optimizer);
    CHECK_THROWS_AS(optimizer->step(copy, tape), TapeError);
    CHECK(snapshot(copy, *optimizer) == before);

    optimizer->reset();
    CHECK(optimizer->steps() == 0);
    CHECK(optimizer->slots().empty());
    CHECK_NOTHROW(optimizer->step(copy, tape));
    record(model);
    CHECK_THROWS_AS(optimizer->step(model, tape), TapeError);
    CHECK(optimizer->steps() == 1);
  }
}

TEST_CASE_METHOD(Fixture, "An optimizer says how a model differs from the one it began with") {
  xtape::Rng rng;
  nn::SGD<double> sgd({.momentum = GENERATE(0.9, 0.0)});
  const auto refuses = [&](auto& other, const std::string& difference) {
    CHECK_FAILS(sgd.step(other, tape), TapeError,
                "SGD: this optimizer began with another model (" + difference +
                    "); use a new optimizer or reset()");
  };
  sgd.step(model, tape);
  Model copy = model;
  record(copy);
  refuses(copy, "parameter 'first' (2) is not the one it knows");
  model.second = Array<double>{1};
  backward_with(tape, model, {{1, 1}, {1}});
  refuses(model, "parameter 'second' (1) is not the one it knows");

  sgd.reset();
  Growing growing;
  growing.layers.reserve(3);
  growing.layers.emplace_back(2, 2, rng);
  growing.layers.emplace_back(2, 2, rng);
  backward_through(tape, growing);
  sgd.step(growing, tape);

  growing.layers.emplace_back(2, 2, rng);
  backward_through(tape, growing);
  refuses(growing, "parameter 'layers.2.weight' (2, 2) is not the one it knows");
  growing.layers.erase(growing.layers.begin() + 1, growing.layers.end());
  backward_through(tape, growing);
  refuses(growing, "4 parameters, this one has 2");
  CHECK(sgd.steps() == 1);
}

TEST_CASE("An array that two visit lines name is not stepped twice", "[nn]") {
  for (const auto& optimizer : all_optimizers()) {
    Tied model{{1, 2}};
    Tape<double> tape;
    tape.backward(sum(tape.parameter(model.array)));
    CHECK_FAILS(optimizer->step(model, tape), TapeError,
                std::string(optimizer->name()) +
                    ": two visit lines of the model name the same array (2); visit it once");
    CHECK((model.array == Array<double>{1, 2}));
    CHECK(optimizer->steps() == 0);
  }
}

TEST_CASE_METHOD(Fixture, "SGD may be given momentum later, for the model it began with") {
  nn::SGD<double> sgd;
  sgd.step(model, tape);
  sgd.options.momentum = 0.5;
  Model copy = model;
  record(copy);
  CHECK_THROWS_AS(sgd.step(copy, tape), TapeError);
  CHECK(sgd.slots().empty());
  record(model);
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
      Fixture run;
      Model other = run.model;
      bool failed = false;
      try {
        const FailingAllocation failing(k);
        optimizer->step(run.model, run.tape);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      if (failed) {
        run.record(other);
        CHECK_NOTHROW(optimizer->step(other, run.tape));
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
  CHECK_THROWS_AS(step(copy), TapeError);
}

TEST_CASE_METHOD(Fixture, "A copied optimizer goes its own way") {
  nn::SGD<double> sgd({.learning_rate = 1, .momentum = 0.5});
  sgd.step(model, tape);
  nn::SGD<double> copy = sgd;
  copy.step(model, tape);
  CHECK(copy.steps() == 2);
  CHECK(copy.slots()[0].state[0](0) == 1.5);
  CHECK(sgd.steps() == 1);
  CHECK(sgd.slots()[0].state[0](0) == 1);
}

TEST_CASE_METHOD(Fixture, "An optimizer that was moved from takes no step") {
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
  SECTION("by assignment to itself") {
    nn::Adam<double>& self = adam;
    adam = std::move(self);
  }
  const auto before = snapshot(model, adam);
  CHECK_THROWS_AS(adam.step(model, tape), ValueError);
  CHECK(snapshot(model, adam) == before);
}

TEST_CASE("An optimizer has nothing to do for a model without parameters", "[nn]") {
  nn::Sequential<double> empty;
  Tape<double> tape;
  for (const auto& optimizer : all_optimizers()) {
    CHECK_NOTHROW(optimizer->step(empty, tape));
    CHECK(optimizer->slots().empty());
  }
}

TEST_CASE_METHOD(Fixture, "An optimizer restored without state takes a step") {
  nn::SGD<double> sgd;
  sgd.restore({{&model.first, {}}, {&model.second, {}}}, 7);
  Model copy = model;
  record(copy);
  CHECK_THROWS_AS(sgd.step(copy, tape), TapeError);
  record(model);
  sgd.step(model, tape);
  CHECK(sgd.steps() == 8);
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
    CHECK(snapshot(copy, *to[i]) == snapshot(model, *from[i]));
  }
}

TEST_CASE_METHOD(Fixture, "An optimizer keeps its state when slots to restore do not fit") {
  nn::Adam<double> adam;
  adam.step(model, tape);
  const auto before = snapshot(model, adam);
  auto few = adam.slots(), wrong = adam.slots(), none = adam.slots();
  few[1].state.pop_back();
  wrong[1].state[1] = wrong[0].state[1];
  none[1].parameter = nullptr;
  CHECK_FAILS(adam.restore(few, 5), ValueError,
              "Adam: restored with 1 arrays for each parameter, expected 2");
  CHECK_FAILS(adam.restore(none, 5), ValueError, "Adam: restored with a slot without a parameter");
  CHECK_FAILS(nn::SGD<double>().restore({{nullptr, {}}}, 5), ValueError,
              "SGD: restored with a slot without a parameter");
  CHECK_FAILS(adam.restore(wrong, 5), xtape::ShapeError,
              "Adam: restored with state (2) of a parameter (3)");
  CHECK(snapshot(model, adam) == before);
  adam.options.beta1 = 2;
  CHECK_THROWS_AS(adam.restore(adam.slots(), 5), ValueError);
}
