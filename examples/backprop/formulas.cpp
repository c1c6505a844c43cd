#include "examples/backprop/formulas.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/standardize.hpp"

namespace by_hand {
namespace {

namespace nn = xtape::nn;
using xtape::Shape;
using xtape::ValueError;

std::optional<std::string> activation_of(const nn::Layer<double>& layer) {
  if (layer.target<nn::Sigmoid>() != nullptr) return "sigmoid";
  if (layer.target<nn::Tanh>() != nullptr) return "tanh";
  if (layer.target<nn::ReLU>() != nullptr) return "relu";
  if (layer.target<nn::GELU>() != nullptr) return "gelu";
  const auto* leaky = layer.target<nn::LeakyReLU>();
  if (leaky != nullptr && leaky->slope == 0.01) return "leaky_relu";
  return std::nullopt;
}

/// Writes down the layers of images. Counts the layers with weights for the names of gradients.
class Writer {
 public:
  explicit Writer(std::vector<std::string>& names) : names_(names) {}

  void name(const char* parameter) { names_.push_back(fmt::format("d{}{}", parameter, number_)); }
  void next_layer() { ++number_; }

  /// Returns the formula of a layer, or nullptr if there is none.
  std::unique_ptr<Layer> formula_of(const nn::Layer<double>& layer);

  std::unique_ptr<Chain> chain_of(const nn::Sequential<double>& layers) {
    auto chain = std::make_unique<Chain>();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      add(layers[i], *chain);
    }
    return chain;
  }

  /// Throws ValueError if there is no formula.
  void add(const nn::Layer<double>& layer, Chain& chain) {
    auto formula = formula_of(layer);
    xtape::require<ValueError>(formula != nullptr, "there is no formula for the layer {}",
                               layer.describe());
    chain.push_back(std::move(formula));
  }

 private:
  /// Returns a parameter, and names its gradient. An empty array is none.
  std::optional<Values> parameter(const char* symbol, const Values& array) {
    if (array.size() == 0) {
      return std::nullopt;
    }
    name(symbol);
    return array;
  }

  std::unique_ptr<Layer> convolution(const nn::Conv2d<double>& layer) {
    next_layer();
    name("W");
    return std::make_unique<Convolution>(layer.weight, parameter("b", layer.bias), layer.options());
  }

  std::unique_ptr<Layer> batch_norm(const nn::BatchNorm<double>& layer) {
    auto gamma = parameter("gamma", layer.weight);
    return std::make_unique<BatchNorm>(std::move(gamma), parameter("beta", layer.bias),
                                       layer.options().epsilon);
  }

  std::vector<std::string>& names_;
  std::size_t number_ = 0;
};

std::unique_ptr<Layer> Writer::formula_of(const nn::Layer<double>& layer) {
  if (const auto* conv = layer.target<nn::Conv2d<double>>()) return convolution(*conv);
  if (const auto* norm = layer.target<nn::BatchNorm<double>>()) return batch_norm(*norm);
  if (const auto* pool = layer.target<nn::MaxPool2d>()) {
    return std::make_unique<MaxPool>(pool->kernel(), pool->options());
  }
  if (const auto* pool = layer.target<nn::AvgPool2d>()) {
    return std::make_unique<AveragePool>(pool->kernel(), pool->options());
  }
  if (layer.target<nn::GlobalAvgPool2d>() != nullptr) {
    return std::make_unique<GlobalAveragePool>();
  }
  const auto* scale = layer.target<nn::Standardize<double>>();
  if (scale != nullptr && scale->mean.size() == 1) {
    return std::make_unique<Standardize>(scale->mean.data()[0], scale->deviation.data()[0]);
  }
  if (layer.target<nn::Flatten>() != nullptr) return std::make_unique<Chain>();
  if (const auto name = activation_of(layer)) {
    return std::make_unique<Pointwise>(find_activation<double>(*name));
  }
  if (const auto* layers = layer.target<nn::Sequential<double>>()) return chain_of(*layers);
  if (const auto* residual = layer.target<nn::Residual<double>>()) {
    auto body = chain_of(residual->body);
    return std::make_unique<Residual>(std::move(body), chain_of(residual->shortcut));
  }
  return nullptr;
}

/// Writes down Linear layers with one activation between them.
Network<double> dense_of(const nn::Sequential<double>& network, std::size_t first, Writer& writer) {
  std::optional<std::string> activation;
  Network<double> dense;
  for (std::size_t i = first; i < network.size(); ++i) {
    const auto* linear = network[i].target<nn::Linear<double>>();
    const auto name = activation_of(network[i]);
    const bool expected =
        (i - first) % 2 == 0 ? linear != nullptr : name && name == activation.value_or(*name);
    xtape::require<ValueError>(expected,
                               "there is no formula for the layer {}: the formulas know Linear "
                               "layers with one activation between them",
                               network[i].describe());
    if (linear != nullptr) {
      dense.layers.push_back({linear->weight, linear->bias});
      writer.next_layer();
      writer.name("W");
      writer.name("b");
    } else {
      activation = name;
    }
  }
  dense.activation = find_activation<double>(activation.value_or("relu"));
  return dense;
}

}  // namespace

Formulas formulas_of(const nn::Sequential<double>& network) {
  Formulas formulas{.prepare = 0, .images = std::make_unique<Chain>(), .dense = {}};
  Writer writer(formulas.names);
  std::size_t i = 0;
  while (i < network.size() && nn::parameter_count(network[i]) == 0) {
    ++i;
  }
  formulas.prepare = i;
  while (i < network.size() && network[i].target<nn::Linear<double>>() == nullptr) {
    writer.add(network[i++], *formulas.images);
  }
  xtape::require<ValueError>(i < network.size(),
                             "there are formulas for networks that end with Linear layers only");
  formulas.dense = dense_of(network, i, writer);
  return formulas;
}

std::vector<Values> backprop(const Formulas& formulas, const Values& x, const Values& y) {
  const std::size_t batch = x.shape().at(0);
  const Values images = formulas.images->forward(x);
  Values rows = images;
  rows.reshape(Shape{batch, rows.size() / batch});
  Gradients<double> gradients = backprop(formulas.dense, rows, y);

  Values da = input_gradient(formulas.dense, gradients);
  da.reshape(images.shape());
  std::vector<Values> result = formulas.images->backward(x, da).parameters;
  for (Values& sum : result) {
    sum /= static_cast<double>(batch);
  }
  for (std::size_t l = 0; l < formulas.dense.layers.size(); ++l) {
    result.push_back(std::move(gradients.dw[l]));
    result.push_back(std::move(gradients.db[l]));
  }
  return result;
}

}  // namespace by_hand
