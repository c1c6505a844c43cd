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

/// Reads a file of save_model(), or of another program with the weights (in, out) and biases of
/// Linear layers. The numbers in their names ("0.weight", "2.weight") give the order. A missing
/// number is an activation. With "0.mean" and "0.deviation", or with the metadata "pixel_mean" and
/// "pixel_deviation" of xtape 0.2, the network begins with Standardize. Without metadata, the
/// activation is sigmoid and the names of classes are their numbers. Throws DataError, with the
/// name of the file, if it holds no such network.
Model load_model(const std::filesystem::path& path);

}  // namespace mnist
