#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "nn/data/png.hpp"
#include "nn/data/samples.hpp"

namespace images {

/// An image to classify.
struct Picture {
  std::string name;
  xtape::nn::Samples image;  ///< One sample of bytes, in the shape of a network's input.
};

/// Returns the parts of a name `FILE:NUMBER`. Returns nothing for other names, and if a file has
/// the whole name.
std::optional<std::pair<std::string, std::size_t>> file_and_number(const std::string& name);

/// Returns image `number` of the images of `file`, counted from 0. Throws DataError if there is
/// none.
xtape::nn::Samples numbered_image(const std::string& file, std::size_t number,
                                  const xtape::nn::Samples& images);

/// Returns the square in the middle of an image, scaled to `length` x `length` pixels. Each new
/// pixel is the mean of the area that it covers.
xtape::nn::ColourImage scaled_square(const xtape::nn::ColourImage& image, std::size_t length);

}  // namespace images
