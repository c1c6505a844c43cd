#include "examples/mnist/model_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "examples/mnist/architecture.hpp"
#include "examples/mnist/network.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;
using xtape::DataError;
using xtape::require;

bool begins_with_standardize(const nn::SafetensorsFile& file) {
  return file.tensors().contains("0.mean");
}

/// The shapes of the matrices by the number of their layer.
std::map<std::size_t, xtape::Shape> layers_of(const nn::SafetensorsFile& file) {
  std::map<std::size_t, xtape::Shape> layers;
  for (const auto& [name, tensor] : file.tensors()) {
    if (const auto layer = layer_of_weight(name)) {
      require<DataError>(tensor.shape.size() == 2 && tensor.shape[0] > 0 && tensor.shape[1] > 0,
                         "{}: {} is {}, expected the (in, out) of a Linear layer", file.name(),
                         name, tensor.shape);
      require<DataError>(tensor.dtype == "F32" || tensor.dtype == "F64",
                         "{}: {} is of dtype {}, expected F32", file.name(), name, tensor.dtype);
      layers.emplace(*layer, tensor.shape);
    }
  }
  require<DataError>(layers.contains(begins_with_standardize(file) ? 1 : 0),
                     "{}: holds no network: expected the weights of Linear layers, \"0.weight\" "
                     "being the first",
                     file.name());
  std::size_t width = 0;
  for (const auto& [number, shape] : layers) {
    require<DataError>(width == 0 || shape[0] == width,
                       "{}: {}.weight is {}, but the layer before it has {} outputs", file.name(),
                       number, shape, width);
    width = shape[1];
  }
  return layers;
}

/// Returns a network with a Linear layer at each number, for load_weights() to fill. If the first
/// number is not 0, the network begins with Standardize. Of the layers between two Linear layers,
/// the first is the activation. The others are dropout, which does not change predictions.
nn::Sequential<float> build(const std::map<std::size_t, xtape::Shape>& layers,
                            const std::string& activation) {
  nn::Sequential<float> network;
  xtape::Rng rng;
  if (layers.begin()->first > 0) {
    network.push_back(nn::Standardize<float>(0, 1));
  }
  for (const auto& [number, shape] : layers) {
    for (bool first = true; network.size() < number; first = false) {
      network.push_back(first ? make_activation<float>(activation)
                              : nn::Layer<float>(nn::Dropout(0)));
    }
    network.push_back(nn::Linear<float>(shape[0], shape[1], rng, nn::Normal{0}));
  }
  return network;
}

double number(const nn::SafetensorsFile& file, const char* key, double otherwise) {
  const std::string digits = images::text_of(file, key, fmt::format("{}", otherwise));
  double value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  require<DataError>(
      error == std::errc{} && rest == digits.data() + digits.size() && std::isfinite(value),
      "{}: its metadata give {} for {}, expected a number", file.name(), nn::in_quotes(digits),
      key);
  return value;
}

/// Puts Standardize before the network of a file of xtape 0.2, which kept its numbers as metadata.
nn::Sequential<float> with_pixel_scale(const nn::SafetensorsFile& file,
                                       nn::Sequential<float> network) {
  const double mean = number(file, "pixel_mean", 0), deviation = number(file, "pixel_deviation", 1);
  require<DataError>(deviation > 0,
                     "{}: its metadata give {} for pixel_deviation, expected a number above 0",
                     file.name(), deviation);
  if (mean == 0 && deviation == 1) {
    return network;
  }
  nn::Sequential<float> standardized;
  standardized.push_back(nn::Standardize<float>(mean, deviation));
  for (std::size_t i = 0; i < network.size(); ++i) {
    standardized.push_back(network[i]);
  }
  return standardized;
}

/// Reads the weights of a network with convolutions.
images::Model load_convolutional(const nn::SafetensorsFile& file, const std::filesystem::path& path,
                                 const Architecture& architecture) {
  const auto& [recipe, image] = architecture;
  make_activation<float>(recipe.activation);  // before anything large
  xtape::Rng rng;
  images::Model model;
  model.network = make_network<float>(recipe, image, rng);
  model.facts = {{"activation", recipe.activation}, {"image", images::text_of(file, "image", "")}};
  nn::load_weights(path, model.network);
  images::require_sound(file, model.network);
  model.class_names = images::class_names_of(file, classes);
  model.image = image;
  return model;
}

/// Reads the weights of a network of Linear layers.
images::Model load_dense(const nn::SafetensorsFile& file, const std::filesystem::path& path) {
  const auto layers = layers_of(file);
  const std::string activation = images::text_of(file, "activation", "sigmoid");
  make_activation<float>(activation);  // before anything large
  images::Model model;
  model.network = build(layers, activation);
  model.facts = {{"activation", activation}};
  nn::load_weights(path, model.network);
  images::require_sound(file, model.network);
  if (!begins_with_standardize(file)) {
    model.network = with_pixel_scale(file, std::move(model.network));
  }
  model.class_names = images::class_names_of(file, layers.rbegin()->second[1]);
  const std::size_t pixels = layers.begin()->second[0];
  const xtape::Shape digit{28, 28};
  model.image = pixels == xtape::element_count(digit) ? digit : xtape::Shape{pixels};
  return model;
}

}  // namespace

images::Model load_model(const std::filesystem::path& path) {
  const nn::SafetensorsFile file(path);
  try {
    const auto architecture = find_architecture(file);
    return architecture ? load_convolutional(file, path, *architecture) : load_dense(file, path);
  } catch (const xtape::ValueError& error) {
    xtape::fail<DataError>("{}: {}", file.name(), error.what());
  }
}

}  // namespace mnist
