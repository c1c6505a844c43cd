#pragma once

#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

namespace mnist {

/// A trained network, with the facts that its weights do not show.
struct Model {
  xtape::nn::Sequential<float> network;
  std::string activation = "sigmoid";    ///< The activation between layers.
  std::vector<std::string> class_names;  ///< The class of each output.
  std::size_t features = 0;              ///< The pixels of an image.
};

/// Writes the weights to a safetensors file, with the other members as metadata. Throws DataError
/// if the file cannot be written.
void save_model(const std::filesystem::path& path, const Model& model);

/// Reads what save_model() has written, or a file of another program with the weights (in, out) and
/// biases of Linear layers: their sizes are those of the matrices, their order that of the numbers
/// in their names ("0.weight", "2.weight"), and where a number is left out there is an activation.
/// A file with "0.mean" and "0.deviation" begins with Standardize, and so does the network of one
/// with the metadata "pixel_mean" and "pixel_deviation", as xtape 0.2 wrote them. Without metadata
/// the activation is sigmoid and classes are called by their numbers. Throws DataError, with the
/// name of the file, if it holds no such network.
Model load_model(const std::filesystem::path& path);

}  // namespace mnist
