#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "examples/mnist/recipes.hpp"
#include "nn/io/safetensors.hpp"

namespace mnist {

/// A network with convolutions, as make_network() makes it.
struct Architecture {
  Recipe recipe;
  xtape::Shape image;  ///< The rows and columns of an image.
};

/// Returns the number of the layer in a name such as "2.weight", or nothing for other names.
std::optional<std::size_t> layer_of_weight(const std::string& name);

/// Returns the architecture of the network in a file, or nothing if it has no convolutions. The
/// shapes of the weights give the filters and the hidden layers. The metadata give the activation
/// and "image", such as "28,28". Throws DataError, with the name of the file, if the shapes do not
/// follow from each other.
std::optional<Architecture> find_architecture(const xtape::nn::SafetensorsFile& file);

}  // namespace mnist
