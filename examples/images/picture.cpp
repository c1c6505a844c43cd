#include "examples/images/picture.hpp"

#include <charconv>
#include <filesystem>

#include "tensor/error.hpp"

namespace images {

std::optional<std::pair<std::string, std::size_t>> file_and_number(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  std::size_t number = 0;
  const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, number);
  if (error != std::errc{} || rest != end || std::filesystem::exists(name)) {
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

}  // namespace images
