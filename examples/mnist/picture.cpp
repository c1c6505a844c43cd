#include "examples/mnist/picture.hpp"

#include <utility>

#include "nn/data/idx.hpp"
#include "nn/datasets/like_mnist.hpp"

namespace mnist {

namespace nn = xtape::nn;

images::Picture read_picture(const std::string& name) {
  if (const auto numbered = images::file_and_number(name)) {
    const auto& [file, number] = *numbered;
    return {name, images::numbered_image(file, number, nn::read_idx(file, 3))};
  }
  nn::GreyImage image = nn::like_mnist(nn::read_png(name), name);
  return {name, nn::Samples(std::move(image.pixels), {image.rows, image.columns})};
}

}  // namespace mnist
