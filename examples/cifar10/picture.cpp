#include "examples/cifar10/picture.hpp"

#include <utility>

#include "examples/cifar10/network.hpp"
#include "nn/data/cifar.hpp"

namespace cifar10 {
namespace nn = xtape::nn;

images::Picture read_picture(const std::string& name) {
  if (const auto numbered = images::file_and_number(name)) {
    const auto& [file, number] = *numbered;
    return {name, images::numbered_image(file, number, nn::read_cifar10_file(file).features)};
  }
  nn::ColourImage image = images::scaled_square(nn::read_colour_png(name), side);
  return {name, nn::Samples(std::move(image.pixels), {side, side, colours})};
}

}  // namespace cifar10
