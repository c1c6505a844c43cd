#include "examples/mnist/network.hpp"

#include <algorithm>

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

template <class T>
void add_convolutions(const Recipe& recipe, const xtape::Shape& image, nn::Sequential<T>& network,
                      xtape::Rng& rng) {
  std::size_t in = 1;
  network.push_back(nn::Reshape({image.at(0), image.at(1), in}));
  for (const std::size_t out : recipe.filters) {
    network.push_back(nn::Conv2d<T>(in, out, recipe.kernel, rng, {.bias = false}));
    network.push_back(nn::BatchNorm<T>(out));  // which has a bias
    network.push_back(make_activation<T>(recipe.activation));
    network.push_back(nn::MaxPool2d(2));
    in = out;
  }
  network.push_back(nn::Flatten{});
}

}  // namespace

std::size_t feature_count(const Recipe& recipe, const xtape::Shape& image) {
  if (recipe.filters.empty()) {
    return xtape::element_count(image);
  }
  const std::size_t kernel = recipe.kernel;
  std::size_t rows = image.at(0), columns = image.at(1);
  for (const std::size_t filters : recipe.filters) {
    xtape::require<xtape::ValueError>(
        std::min(rows, columns) > kernel,
        "--filters: {} of {} x {} and a pool do not fit into {} x {} pixels", filters, kernel,
        kernel, rows, columns);
    rows = (rows - kernel + 1) / 2;
    columns = (columns - kernel + 1) / 2;
  }
  return rows * columns * recipe.filters.back();
}

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
nn::Sequential<T> make_network(const Recipe& recipe, const xtape::Shape& image, xtape::Rng& rng) {
  nn::Sequential<T> network;
  if (recipe.standardize) {
    network.push_back(nn::Standardize<T>(0.1307, 0.3081));  // of MNIST's training images
  }
  std::size_t in = feature_count(recipe, image);
  if (!recipe.filters.empty()) {
    add_convolutions(recipe, image, network, rng);
  }
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
template nn::Sequential<float> make_network(const Recipe&, const xtape::Shape&, xtape::Rng&);
template nn::Sequential<double> make_network(const Recipe&, const xtape::Shape&, xtape::Rng&);

}  // namespace mnist
