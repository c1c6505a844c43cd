#include "examples/images/picture.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <vector>

#include "tensor/error.hpp"

namespace images {

namespace nn = xtape::nn;

namespace {

/// A pixel of a line that covers a part of a new pixel, and the size of the part.
struct Cover {
  std::size_t pixel;
  double part;
};

/// Returns the pixels of a line of `size`, from `first` on, that new pixel `index` of `length`
/// covers.
std::vector<Cover> covered(std::size_t first, std::size_t size, std::size_t index,
                           std::size_t length) {
  const double width = static_cast<double>(size) / static_cast<double>(length);
  const double begin = width * static_cast<double>(index), end = begin + width;
  std::vector<Cover> covers;
  for (auto pixel = static_cast<std::size_t>(begin); pixel < size; ++pixel) {
    const auto left = static_cast<double>(pixel);
    const double part = std::min(end, left + 1) - std::max(begin, left);
    if (part <= 0) {
      break;
    }
    covers.push_back({first + pixel, part / width});
  }
  return covers;
}

}  // namespace

std::optional<std::pair<std::string, std::size_t>> file_and_number(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  std::size_t number = 0;
  const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, number);
  std::error_code unknown;
  if (error != std::errc{} || rest != end || std::filesystem::exists(name, unknown)) {
    return std::nullopt;
  }
  return std::pair(name.substr(0, colon), number);
}

xtape::nn::Samples numbered_image(const std::string& file, std::size_t number,
                                  const xtape::nn::Samples& images) {
  xtape::require<xtape::DataError>(number < images.size(),
                                   "{}: holds {} images, so there is no number {} (from 0)", file,
                                   images.size(), number);
  return images.slice(number, 1);
}

nn::ColourImage scaled_square(const nn::ColourImage& image, std::size_t length) {
  const std::size_t size = std::min(image.rows, image.columns);
  const std::size_t top = (image.rows - size) / 2, left = (image.columns - size) / 2;
  nn::ColourImage result{length, length, {}};
  for (std::size_t row = 0; row < length; ++row) {
    const auto rows = covered(top, size, row, length);
    for (std::size_t column = 0; column < length; ++column) {
      const auto columns = covered(left, size, column, length);
      for (std::size_t colour = 0; colour < 3; ++colour) {
        double sum = 0;
        for (const auto [i, height] : rows) {
          for (const auto [j, width] : columns) {
            sum += height * width * image.pixels[(i * image.columns + j) * 3 + colour];
          }
        }
        result.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::min(sum, 255.0))));
      }
    }
  }
  return result;
}

}  // namespace images
