#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

template <class T>
nn::Linear<T> make_linear(const Recipe& recipe, std::size_t in, std::size_t out, xtape::Rng& rng) {
  if (recipe.initial_deviation) {
    return nn::Linear<T>(in, out, rng, nn::Normal{*recipe.initial_deviation});
  }
  return nn::Linear<T>(in, out, rng, nn::GlorotUniform{});
}

}  // namespace

template <class T>
nn::Layer<T> make_activation(const std::string& name) {
  if (name == "sigmoid") return nn::Sigmoid{};
  if (name == "tanh") return nn::Tanh{};
  if (name == "relu") return nn::ReLU{};
  if (name == "leaky_relu") return nn::LeakyReLU{};
  if (name == "gelu") return nn::GELU{};
  throw xtape::ValueError("unknown activation " + nn::in_quotes(name));
}

template <class T>
nn::Sequential<T> make_network(const Recipe& recipe, std::size_t features, xtape::Rng& rng) {
  nn::Sequential<T> network;
  if (recipe.standardize) {
    network.push_back(nn::Standardize<T>(0.1307, 0.3081));  // of MNIST's training images
  }
  std::size_t in = features;
  for (const std::size_t out : recipe.hidden) {
    network.push_back(make_linear<T>(recipe, in, out, rng));
    network.push_back(make_activation<T>(recipe.activation));
    if (recipe.dropout > 0) {
      network.push_back(nn::Dropout(recipe.dropout));
    }
    in = out;
  }
  network.push_back(make_linear<T>(recipe, in, classes, rng));
  return network;
}

template nn::Layer<float> make_activation(const std::string&);
template nn::Layer<double> make_activation(const std::string&);
template nn::Sequential<float> make_network(const Recipe&, std::size_t, xtape::Rng&);
template nn::Sequential<double> make_network(const Recipe&, std::size_t, xtape::Rng&);

}  // namespace mnist
