#include "nn/module.hpp"

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

struct Mlp {
  nn::Linear<float> hidden, output;

  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }
};

/// Modules of all kinds under one roof.
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

/// A module that stands for the one that it holds.
struct Wrapper {
  Mlp inner;

  static void visit(auto& self, auto&& f) { f("", self.inner); }
};

template <class Model>
std::vector<std::string> names(Model& model) {
  std::vector<std::string> all;
  nn::for_each_parameter(
      model, [&](const nn::ParameterName& name, const auto&) { all.push_back(name.str()); });
  return all;
}

}  // namespace

TEST_CASE("Parameters have dotted names in the order of the visit lines", "[nn]") {
  xtape::Rng rng;
  Deep model(rng);
  const std::vector<std::string> expected{"scale",
                                          "blocks.0.hidden.weight",
                                          "blocks.0.hidden.bias",
                                          "blocks.0.output.weight",
                                          "blocks.0.output.bias",
                                          "blocks.1.hidden.weight",
                                          "blocks.1.hidden.bias",
                                          "blocks.1.output.weight",
                                          "blocks.1.output.bias",
                                          "pair.0.weight",
                                          "pair.0.bias",
                                          "pair.1.weight",
                                          "pair.1.bias"};
  CHECK(names(model) == expected);
  CHECK(names(std::as_const(model)) == expected);
}

TEST_CASE("A member without a name adds no dot", "[nn]") {
  xtape::Rng rng;
  const Wrapper wrapper{{nn::Linear<float>(2, 3, rng), nn::Linear<float>(3, 4, rng)}};
  CHECK(names(wrapper) ==
        std::vector<std::string>{"hidden.weight", "hidden.bias", "output.weight", "output.bias"});
}

TEST_CASE("A vector of modules is a module", "[nn]") {
  xtape::Rng rng;
  std::vector<nn::Linear<double>> layers;
  CHECK(names(layers).empty());
  layers.emplace_back(2, 3, rng);
  CHECK(names(layers) == std::vector<std::string>{"0.weight", "0.bias"});
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
}

TEST_CASE("parameter_count counts numbers", "[nn]") {
  xtape::Rng rng;
  CHECK(nn::parameter_count(nn::Sigmoid{}) == 0);
  CHECK(nn::parameter_count(nn::Linear(784, 128, rng)) == 784 * 128 + 128);
  const Mlp model{nn::Linear(2, 3, rng), nn::Linear(3, 4, rng)};
  CHECK(nn::parameter_count(model) == 2 * 3 + 3 + 3 * 4 + 4);
}
