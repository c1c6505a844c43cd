#include "examples/cifar10/picture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "examples/cifar10/network.hpp"
#include "nn/data/cifar.hpp"

namespace cifar10 {
namespace {

namespace nn = xtape::nn;

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

nn::ColourImage scaled_square(const nn::ColourImage& image, std::size_t length) {
  const std::size_t size = std::min(image.rows, image.columns);
  const std::size_t top = (image.rows - size) / 2, left = (image.columns - size) / 2;
  nn::ColourImage result{length, length, {}};
  for (std::size_t row = 0; row < length; ++row) {
    const auto rows = covered(top, size, row, length);
    for (std::size_t column = 0; column < length; ++column) {
      const auto columns = covered(left, size, column, length);
      for (std::size_t colour = 0; colour < colours; ++colour) {
        double sum = 0;
        for (const auto [i, height] : rows) {
          for (const auto [j, width] : columns) {
            sum += height * width * image.pixels[(i * image.columns + j) * colours + colour];
          }
        }
        result.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::min(sum, 255.0))));
      }
    }
  }
  return result;
}

images::Picture read_picture(const std::string& name) {
  if (const auto numbered = images::file_and_number(name)) {
    const auto& [file, number] = *numbered;
    return {name, images::numbered_image(file, number, nn::read_cifar10_file(file).features)};
  }
  nn::ColourImage image = scaled_square(nn::read_colour_png(name), side);
  return {name, nn::Samples(std::move(image.pixels), {side, side, colours})};
}

}  // namespace cifar10
