#include "nn/module.hpp"

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

struct Mlp {
  nn::Linear<float> hidden, output;

  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }
};

/// A module with members of all kinds.
struct Deep {
  explicit Deep(xtape::Rng& rng)
      : blocks{{nn::Linear<float>(2, 3, rng), nn::Linear<float>(3, 4, rng)},
               {nn::Linear<float>(4, 5, rng), nn::Linear<float>(5, 6, rng)}},
        pair{nn::Linear<float>(1, 1, rng), nn::Linear<float>(1, 1, rng)} {}

  Array<float> scale{1.f, 2.f};
  std::vector<Mlp> blocks;
  nn::Sigmoid activation;
  std::array<nn::Linear<float>, 2> pair;

  static void visit(auto& self, auto&& f) {
    f("scale", self.scale);
    f("blocks", self.blocks);
    f("activation", self.activation);
    f("pair", self.pair);
  }
};

/// A module that visits as the one it holds.
struct Wrapper {
  Mlp inner;

  static void visit(auto& self, auto&& f) { f("", self.inner); }
};

using Names = std::vector<std::string>;

template <class Model>
Names buffer_names(Model& model) {
  Names all;
  nn::for_each_buffer(model, [&](const nn::ParameterName& name, const auto&) {
    all.push_back(name.str());
    CHECK(name.is_buffer());
  });
  return all;
}

/// A model with buffers of its own, of a module, and behind type erasure.
struct Buffered {
  Array<float> count{0.f};
  Centred<float> first{2};
  nn::Sequential<float> rest{Centred<float>{2}, nn::Sigmoid{}, nn::Sequential{Centred<float>{4}}};

  static void visit(auto& self, auto&& f) {
    f.buffer("count", self.count);
    f("first", self.first), f("rest", self.rest);
  }
};

}  // namespace

TEST_CASE("Parameters have dotted names in the order of the visit lines", "[nn]") {
  xtape::Rng rng;
  Deep model(rng);
  Names expected{"scale"};
  for (const char* layer : {"blocks.0.hidden", "blocks.0.output", "blocks.1.hidden",
                            "blocks.1.output", "pair.0", "pair.1"}) {
    expected.push_back(std::string(layer) + ".weight");
    expected.push_back(std::string(layer) + ".bias");
  }
  CHECK(parameter_names_of(model) == expected);
  CHECK(parameter_names_of(std::as_const(model)) == expected);

  std::vector<nn::Linear<double>> layers;
  CHECK(parameter_names_of(layers).empty());
  layers.emplace_back(2, 3, rng);
  CHECK(parameter_names_of(layers) == Names{"0.weight", "0.bias"});
}

TEST_CASE("A member without a name adds no dot", "[nn]") {
  xtape::Rng rng;
  const Wrapper wrapper{{nn::Linear<float>(2, 3, rng), nn::Linear<float>(3, 4, rng)}};
  CHECK(parameter_names_of(wrapper) ==
        Names{"hidden.weight", "hidden.bias", "output.weight", "output.bias"});
}

TEST_CASE("A dotted name ends with whole parts of it", "[nn]") {
  const nn::ParameterName top("blocks", nullptr), digit("12", &top), unnamed("", &digit),
      two("out.proj", &unnamed), bias("bias", &two);
  REQUIRE(bias.str() == "blocks.12.out.proj.bias");
  for (const char* end :
       {"bias", "proj.bias", "out.proj.bias", "12.out.proj.bias", "blocks.12.out.proj.bias"}) {
    INFO(end);
    CHECK(bias.ends_with(end));
  }
  for (const char* end : {"ias", "roj.bias", "2.out.proj.bias", "a.blocks.12.out.proj.bias",
                          ".bias", "proj-bias", "weight", "locks.12.out.proj.bias", "a.bias"}) {
    INFO(end);
    CHECK_FALSE(bias.ends_with(end));
  }
  CHECK(unnamed.ends_with("blocks.12"));
  CHECK_FALSE(nn::ParameterName("", nullptr).ends_with("bias"));
}

TEST_CASE("Parameters are the model's own arrays, const when it is", "[nn]") {
  xtape::Rng rng;
  Mlp model{nn::Linear(2, 3, rng), nn::Linear(3, 4, rng)};
  std::vector<const Array<float>*> addresses;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, auto& array) {
    static_assert(std::is_same_v<decltype(array), Array<float>&>);
    addresses.push_back(&array);
  });
  CHECK(addresses == std::vector<const Array<float>*>{&model.hidden.weight, &model.hidden.bias,
                                                      &model.output.weight, &model.output.bias});
  nn::for_each_parameter(std::as_const(model), [](const nn::ParameterName&, auto& array) {
    static_assert(std::is_same_v<decltype(array), const Array<float>&>);
  });
  CHECK(nn::parameter_count(model) == 2 * 3 + 3 + 3 * 4 + 4);
  CHECK(nn::parameter_count(nn::Sigmoid{}) == 0);
}

TEST_CASE("Parameters and buffers are told apart, each in the order of the visit lines", "[nn]") {
  Buffered model;
  const Names parameters{"first.gain", "rest.0.gain", "rest.2.0.gain"};
  const Names buffers{"count", "first.running_mean", "rest.0.running_mean",
                      "rest.2.0.running_mean"};
  CHECK(parameter_names_of(model) == parameters);
  CHECK(parameter_names_of(std::as_const(model)) == parameters);
  CHECK(buffer_names(model) == buffers);
  CHECK(buffer_names(std::as_const(model)) == buffers);
  CHECK(nn::parameter_count(model) == 2 + 2 + 4);
  CHECK(nn::parameter_names(model).size() == 3);

  Names all;
  nn::for_each_array(model, [&](const nn::ParameterName& name, auto& array) {
    static_assert(std::is_same_v<decltype(array), Array<float>&>);
    all.push_back((name.is_buffer() ? "buffer " : "") + name.str());
  });
  CHECK(all == Names{"buffer count", "first.gain", "buffer first.running_mean", "rest.0.gain",
                     "buffer rest.0.running_mean", "rest.2.0.gain",
                     "buffer rest.2.0.running_mean"});
}

TEST_CASE("Buffers are the model's own arrays, const when it is, and copied with it", "[nn]") {
  Buffered model;
  nn::for_each_buffer(model, [](const nn::ParameterName&, auto& array) {
    static_assert(std::is_same_v<decltype(array), Array<float>&>);
    array.fill(3);
  });
  CHECK(model.count(0) == 3);
  CHECK(model.first.running_mean(1) == 3);
  const Buffered copy = model;
  nn::for_each_buffer(model, [](const nn::ParameterName&, Array<float>& array) { array.fill(4); });
  nn::for_each_buffer(copy, [](const nn::ParameterName&, auto& array) {
    static_assert(std::is_same_v<decltype(array), const Array<float>&>);
    for (const float each : array) {
      CHECK(each == 3);
    }
  });
}

TEST_CASE("Optimizers do not see buffers", "[nn]") {
  Buffered model;
  nn::for_each_buffer(model, [](const nn::ParameterName&, auto& array) { array.fill(3); });
  xtape::Tape tape;
  tape.backward(sum(model.first(tape.constant(Array<float>{{1, 2}})) +
                    model.rest[0](tape.constant(Array<float>{{1, 2}}))));
  nn::SGD sgd({.learning_rate = 0.5, .momentum = 0.9, .weight_decay = 0.1});
  sgd.step(model.first, tape);
  CHECK((model.first.running_mean == Array<float>{3, 3}));
  CHECK(sgd.parameters() == std::vector<const Array<float>*>{&model.first.gain});
  CHECK(sgd.slots().size() == 1);
}

TEST_CASE("A visit can be called with functions of one's own", "[nn]") {
  Buffered model;
  Names members, buffers;
  Buffered::visit(
      model, nn::MemberVisitor{[&](std::string_view name, auto&) { members.emplace_back(name); },
                               [&](std::string_view name, auto&) { buffers.emplace_back(name); }});
  CHECK(members == Names{"first", "rest"});
  CHECK(buffers == Names{"count"});
  xtape::Rng rng;
  const nn::Linear layer(2, 3, rng);
  members.clear();
  nn::Linear<float>::visit(layer,
                           [&](std::string_view name, auto&) { members.emplace_back(name); });
  CHECK(members == Names{"weight", "bias"});  // without buffers a plain lambda does
}
