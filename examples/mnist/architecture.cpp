#include "examples/mnist/architecture.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>

#include "examples/images/model_file.hpp"
#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

using xtape::DataError;
using xtape::require;
using xtape::Shape;
using xtape::nn::SafetensorsFile;

constexpr std::size_t most_rows = 1000, most_layers = 1000;

/// The shapes of the weights of convolutions and Linear layers, by the number of the layer.
std::map<std::size_t, Shape> weights_of(const SafetensorsFile& file) {
  std::map<std::size_t, Shape> weights;
  for (const auto& [name, tensor] : file.tensors()) {
    const auto number = layer_of_weight(name);
    if (number && (tensor.shape.size() == 2 || tensor.shape.size() == 4)) {
      weights.emplace(*number, tensor.shape);
    }
  }
  return weights;
}

Shape image_of(const SafetensorsFile& file) {
  const std::string extents = images::text_of(file, "image", "");
  const char* const end = extents.data() + extents.size();
  std::size_t rows = 0, columns = 0;
  const auto [comma, error] = std::from_chars(extents.data(), end, rows);
  const bool first = error == std::errc{} && comma != end && *comma == ',';
  const auto [rest, second] = std::from_chars(first ? comma + 1 : end, end, columns);
  require<DataError>(first && second == std::errc{} && rest == end && rows > 0 && columns > 0 &&
                         std::max(rows, columns) <= most_rows,
                     "{}: its metadata give {} for image, expected rows and columns such as 28,28",
                     file.name(), xtape::nn::in_quotes(extents));
  return Shape{rows, columns};
}

/// Adds what the shape of a weight says to the recipe. `in` is the number of channels or features
/// that the layers before make.
void add(Recipe& recipe, const Shape& weight, std::size_t in, bool& fits) {
  fits = fits && *std::min_element(weight.begin(), weight.end()) > 0;
  if (weight.size() == 4) {
    const bool first = recipe.filters.empty();
    fits = fits && recipe.hidden.empty() && weight[0] == weight[1] && weight[2] == in &&
           (first || weight[0] == recipe.kernel);
    recipe.kernel = weight[0];
    recipe.filters.push_back(weight[3]);
  } else {
    fits = fits && weight[0] == in;
    recipe.hidden.push_back(weight[1]);
  }
}

}  // namespace

std::optional<std::size_t> layer_of_weight(const std::string& name) {
  std::size_t layer = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, layer);
  const bool is_weight = error == std::errc{} && std::string_view(rest, end) == ".weight";
  return is_weight && layer < most_layers ? std::optional(layer) : std::nullopt;
}

std::optional<Architecture> find_architecture(const SafetensorsFile& file) {
  const auto weights = weights_of(file);
  const auto is_convolution = [](const auto& each) { return each.second.size() == 4; };
  if (std::none_of(weights.begin(), weights.end(), is_convolution)) {
    return std::nullopt;
  }
  Architecture found;
  found.image = image_of(file);
  Recipe& recipe = found.recipe;
  recipe.standardize = file.tensors().contains("0.mean");
  recipe.activation = images::text_of(file, "activation", recipe.activation);
  recipe.hidden.clear();
  std::size_t in = 1, last = 0;
  for (const auto& [number, shape] : weights) {
    if (shape.size() == 2 && recipe.hidden.empty()) {
      in = feature_count(recipe, found.image);
    }
    if (shape.size() == 2 && !recipe.hidden.empty() && number == last + 3) {
      recipe.dropout = 0.5;  // whatever it was: it does nothing to predictions
    }
    bool fits = true;
    add(recipe, shape, in, fits);
    require<DataError>(fits, "{}: {}.weight is {}, which does not follow the layers before it",
                       file.name(), number, shape);
    in = shape.back();
    last = number;
  }
  require<DataError>(!recipe.hidden.empty(), "{}: holds no network: there is no Linear layer",
                     file.name());
  recipe.hidden.pop_back();  // the logits
  return found;
}

}  // namespace mnist
