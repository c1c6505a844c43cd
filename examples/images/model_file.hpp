#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "nn/io/safetensors.hpp"

namespace images {

/// A trained network, with the facts that are not in its weights.
struct Model {
  xtape::nn::Sequential<float> network;
  std::map<std::string, std::string> facts{};  ///< Facts for building the network again.
  std::vector<std::string> class_names{};      ///< The class of each output.
  xtape::Shape image{};                        ///< The shape of an image.

  /// Returns the number of elements of an image.
  std::size_t features() const { return xtape::element_count(image); }
};

/// Writes the weights to a safetensors file, with facts and class names as metadata. Throws
/// DataError if the file cannot be written.
void save_model(const std::filesystem::path& path, const Model& model);

/// Functions for programs that read such files.
///@{

/// Returns a text of the metadata, or `otherwise`.
std::string text_of(const xtape::nn::SafetensorsFile& file, const std::string& key,
                    const std::string& otherwise);

/// Returns the names of so many classes. A list of as many texts or numbers names them. Otherwise,
/// their numbers are their names.
std::vector<std::string> class_names_of(const xtape::nn::SafetensorsFile& file,
                                        std::size_t classes);

/// Throws DataError, with the name of the file, unless all numbers are finite, each deviation is
/// above 0, each running variance at least 0, and the statistics of at least one batch are there.
void require_sound(const xtape::nn::SafetensorsFile& file,
                   const xtape::nn::Sequential<float>& network);
///@}

}  // namespace images
