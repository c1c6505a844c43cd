#include "nn/sequential.hpp"

#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/reductions.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Tape;
using xtape::ValueError;
using xtape::Variable;

namespace {

/// A user's own layer, with parameters and without a description.
struct Residual {
  nn::Linear<float> inner;

  Variable<float> operator()(Variable<float> x) const { return x + inner(x); }
  static void visit(auto& self, auto&& f) { f("inner", self.inner); }
};

std::vector<const Array<float>*> addresses(const nn::Sequential<float>& model) {
  std::vector<const Array<float>*> all;
  nn::for_each_parameter(
      model, [&](const nn::ParameterName&, const Array<float>& array) { all.push_back(&array); });
  return all;
}

Array<float> output(const nn::Sequential<float>& model, const Array<float>& x) {
  Tape tape;
  return model(tape.constant(x)).value();
}

}  // namespace

TEST_CASE("Sequential calls its layers in turn", "[nn]") {
  xtape::Rng rng;
  const nn::Linear first(4, 3, rng), second(3, 2, rng);
  const nn::Sequential model{first, nn::Sigmoid{}, second};
  static_assert(std::is_same_v<decltype(model), const nn::Sequential<float>>);
  nn::Sequential<float> pushed;
  pushed.push_back(first);
  pushed.push_back(nn::Sigmoid{});
  pushed.push_back(second);

  const auto x = random_integers<float>({5, 4}, rng);
  Tape tape;
  const Array<float> expected = second(sigmoid(first(tape.constant(x)))).value();
  CHECK((output(model, x) == expected));
  CHECK((output(pushed, x) == expected));
  CHECK(model.size() == 3);
  CHECK(model[1].describe() == "Sigmoid");
  CHECK_THROWS_AS(model[3], ValueError);
}

TEST_CASE("A Sequential of no layer, of one, and of one Sequential", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential<float> none;
  const nn::Sequential inner{nn::Linear(2, 3, rng)};
  nn::Sequential<float> outer;
  outer.push_back(inner);
  const auto x = random_integers<float>({2, 2}, rng);
  CHECK((output(none, x) == x));
  CHECK(none.size() == 0);
  CHECK(nn::parameter_count(none) == 0);
  CHECK(inner.size() == 1);
  CHECK(outer.size() == 1);
  CHECK(parameter_names_of(outer) == std::vector<std::string>{"0.0.weight", "0.0.bias"});
  CHECK((output(outer, x) == output(inner, x)));
}

TEST_CASE("A Sequential holds modules of any class", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{Residual{nn::Linear(3, 3, rng)}, nn::ReLU{},
                             nn::Sequential{nn::Linear(3, 2, rng), nn::Tanh{}}};
  CHECK(parameter_names_of(model) ==
        std::vector<std::string>{"0.inner.weight", "0.inner.bias", "2.0.weight", "2.0.bias"});
  CHECK(nn::parameter_count(model) == 9 + 3 + 6 + 2);
  CHECK(model[0].describe() == "Residual");
  CHECK(model[2].describe() == "Sequential of 2");
  Tape tape;
  tape.backward(sum(model(tape.constant(random_integers<float>({5, 3}, rng)))));
  for (const Array<float>* parameter : addresses(model)) {
    CHECK(tape.find_grad(*parameter) != nullptr);
  }
}

TEST_CASE("Copying a Sequential copies its weights", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(2, 3, rng), nn::Sequential{nn::Linear(3, 1, rng)}};
  const nn::Sequential copy = model;
  nn::Sequential<float> assigned;
  assigned = model;
  const auto x = random_integers<float>({4, 2}, rng);
  const Array<float> before = output(model, x);
  CHECK((output(copy, x) == before));

  nn::for_each_parameter(model,
                         [](const nn::ParameterName&, Array<float>& array) { array.fill(7); });
  CHECK_FALSE((output(model, x) == before));
  CHECK((output(copy, x) == before));
  CHECK((output(assigned, x) == before));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(addresses(copy)[i] != addresses(model)[i]);
    CHECK(addresses(copy)[i] != addresses(assigned)[i]);
  }
}

TEST_CASE("Moving a Sequential leaves its parameters where they are", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(2, 3, rng), nn::Sequential{nn::Linear(3, 1, rng)}};
  const auto x = random_integers<float>({4, 2}, rng);
  const auto before = addresses(model);
  const Array<float> expected = output(model, x);

  nn::Sequential moved = std::move(model);
  CHECK(addresses(moved) == before);
  nn::Sequential<float> assigned;
  assigned = std::move(moved);
  CHECK(addresses(assigned) == before);
  for (int i = 0; i < 20; ++i) {
    assigned.push_back(nn::ReLU{});
  }
  CHECK(addresses(assigned) == before);
  assigned = nn::Sequential(assigned);
  CHECK_FALSE(addresses(assigned) == before);

  static_assert(std::is_nothrow_move_constructible_v<nn::Sequential<float>>);
  model = assigned;  // a model that was moved from may be given a value
  CHECK((output(model, x).shape() == expected.shape()));
}

TEST_CASE("A tape survives a Sequential that moves between forward and backward", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(2, 3, rng), nn::Sigmoid{}, nn::Linear(3, 1, rng)};
  Tape tape;
  const auto loss = sum(model(tape.constant(random_integers<float>({4, 2}, rng))));
  const nn::Sequential moved = std::move(model);
  tape.backward(loss);
  for (const Array<float>* parameter : addresses(moved)) {
    CHECK(tape.find_grad(*parameter) != nullptr);
  }
}

TEST_CASE("A shape that does not fit names the layer", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{nn::Linear(784, 128, rng), nn::Sigmoid{}, nn::Linear(64, 10, rng)};
  Tape tape;
  const nn::Sequential outer{nn::Flatten{}, model}, own{Residual{nn::Linear(3, 2, rng)}};
  const auto feed = [&](const nn::Sequential<float>& to, const Shape& shape) {
    to(tape.constant(Array<float>(shape, 0.f)));
  };
  const std::string last = "layer 2 (Linear 64 -> 10): expected (batch, 64), got (5, 128)";
  CHECK_FAILS(feed(model, {5, 784}), ShapeError, last);
  CHECK_FAILS(feed(model, {784}), ShapeError,
              "layer 0 (Linear 784 -> 128): expected (batch, 784), got (784)");
  CHECK_FAILS(feed(outer, {5, 28, 28}), ShapeError, "layer 1 (Sequential of 3): " + last);
  CHECK(message_of([&] { feed(own, {4, 3}); }).starts_with("layer 0 (Residual): add: "));
}

TEST_CASE("A number that goes bad names the layer, in forward and in backward", "[nn]") {
  struct Root {
    Variable<float> operator()(Variable<float> x) const { return sqrt(x); }
  };
  xtape::Rng rng;
  nn::Sequential inner{nn::ReLU{}, Root{}};
  nn::Sequential model{nn::Linear(2, 3, rng), inner, nn::Linear(3, 1, rng)};
  Tape tape;
  tape.detect_anomaly(true);
  const auto feed = [&](float value) {
    tape.rewind();
    return sum(model(tape.constant(Array<float>(Shape{1, 2}, value))));
  };
  CHECK(message_of([&] { feed(3e38f); }).starts_with("linear in layer 0 (Linear 2 -> 3) gave "));
  const auto loss = feed(0.f);  // the biases are 0 at first
  CHECK(message_of([&] { tape.backward(loss); })
            .starts_with("backward of sqrt in layer 1 (Sequential of 2), layer 1 (Root) gave its "
                         "input 'relu' the gradient "));
  CHECK_THROWS_AS(tape.backward(loss), xtape::AnomalyError);
}

TEST_CASE("Sequential prints a table", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{nn::Flatten{}, nn::Linear(784, 128, rng), nn::Sigmoid{},
                             Residual{nn::Linear(128, 128, rng)}, nn::Linear(128, 10, rng)};
  std::ostringstream out;
  out << model;
  CHECK(out.str() ==
        "         layer              parameters                     numbers\n"
        "0        Flatten                                                 0\n"
        "1        Linear 784 -> 128  weight (784, 128), bias (128)  100,480\n"
        "2        Sigmoid                                                 0\n"
        "3.inner  Linear 128 -> 128  weight (128, 128), bias (128)   16,512\n"
        "4        Linear 128 -> 10   weight (128, 10), bias (10)      1,290\n"
        "         total                                             118,282\n");
  const nn::Sequential small{nn::Flatten{}, nn::Linear(6, 2, rng)};
  CHECK(small.table(Shape{2, 3}) ==
        "   layer          output      parameters               numbers  multiplications\n"
        "0  Flatten        (batch, 6)                                 0                0\n"
        "1  Linear 6 -> 2  (batch, 2)  weight (6, 2), bias (2)       14               12\n"
        "   total                                                    14               12\n");
  CHECK(nn::Sequential<float>().table() ==
        "layer  parameters  numbers\n"
        "total                    0\n");
  CHECK_FAILS(model.table(Shape{10}), ShapeError,
              "layer 1 (Linear 784 -> 128): expected (batch, 784), got (2, 10)");
}

TEST_CASE("A Sequential of doubles", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential<double> model{nn::Linear<double>(2, 3, rng), nn::Sigmoid{}};
  Tape<double> tape;
  CHECK(model(tape.constant(Array<double>(Shape{1, 2}, 0.0))).value()(0, 0) == 0.5);
}

TEST_CASE("A layer of a Sequential can be read and changed as what it is", "[nn]") {
  xtape::Rng rng;
  nn::Sequential model{nn::Linear(2, 3, rng), nn::ReLU{}, nn::Linear(3, 1, rng)};
  model.get<nn::Linear<float>>(2).bias.fill(5);
  CHECK(std::as_const(model).get<nn::Linear<float>>(2).bias(0) == 5);
  CHECK(model[2].target<nn::Linear<float>>() == &model.get<nn::Linear<float>>(2));
  CHECK(model[2].target<nn::Linear<double>>() == nullptr);
  CHECK_THROWS_AS(model.get<nn::ReLU>(2), ValueError);
  CHECK_FAILS(model.get<nn::Linear<double>>(2), ValueError,
              "Sequential: layer 2 (Linear 3 -> 1) is of type xtape::nn::Linear<float>, not "
              "xtape::nn::Linear<double>");
  CHECK_FAILS(model.get<nn::ReLU>(3), ValueError, "Sequential: there is no layer 3 of 3");

  model[1] = nn::Tanh{};
  CHECK(model[1].describe() == "Tanh");
  nn::for_each_parameter(model[0], [](const nn::ParameterName&, auto& array) { array.fill(1); });
  CHECK(model.get<nn::Linear<float>>(0).weight(1, 2) == 1);
}
