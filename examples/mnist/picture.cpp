#include "examples/mnist/picture.hpp"

#include <charconv>
#include <optional>

#include "nn/data/idx.hpp"
#include "nn/datasets/like_mnist.hpp"
#include "tensor/error.hpp"

namespace mnist {
namespace {

using xtape::nn::GreyImage;

/// The number after the last colon of "FILE:17".
std::optional<std::size_t> number_after_colon(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  std::size_t number = 0;
  const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

GreyImage read_idx_image(const std::string& file, std::size_t number) {
  const xtape::nn::Samples images = xtape::nn::read_idx(file, 3);
  xtape::require<xtape::DataError>(number < images.size(),
                                   "{}: holds {} images, so there is no number {} (from 0)", file,
                                   images.size(), number);
  const auto pixels = images.sample<std::uint8_t>(number);
  return {images.shape()[0], images.shape()[1], {pixels.begin(), pixels.end()}};
}

}  // namespace

Picture read_picture(const std::string& name) {
  if (const auto number = number_after_colon(name); number && !std::filesystem::exists(name)) {
    return {name, read_idx_image(name.substr(0, name.rfind(':')), *number)};
  }
  return {name, xtape::nn::like_mnist(xtape::nn::read_png(name), name)};
}

}  // namespace mnist
