#include "nn/data/png.hpp"

#include <zlib.h>

#include <array>

#include "nn/datasets/like_mnist.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fs = std::filesystem;
using fuzz::expect;
using xtape::nn::GreyImage;

namespace {

constexpr std::size_t largest_copied = 1 << 16;  // pixels; encoding more takes too long

void expect_round_trip(const GreyImage& image) {
  std::vector<xtape::nn::Colour> greys;
  for (unsigned i = 0; i < 256; ++i) {
    const auto grey = static_cast<std::uint8_t>(i);
    greys.push_back({grey, grey, grey});
  }
  const fs::path copy = fuzz::folder().write(
      "again", xtape::nn::encode_png(image.pixels, image.rows, image.columns, greys));
  const GreyImage again = xtape::nn::read_png(copy);
  expect(again.rows == image.rows && again.columns == image.columns && again.pixels == image.pixels,
         "a picture that is written reads the same");
}

void expect_like_mnist(const GreyImage& image, const fs::path& path) {
  GreyImage small;
  if (fuzz::accepts(path, [&] { small = xtape::nn::like_mnist(image, path.string()); })) {
    expect(small.rows == 28 && small.columns == 28 && small.pixels.size() == 28 * 28,
           "a picture becomes one of 28 x 28");
  }
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

/// Most of the time makes the checksum of each chunk right again: else it gives all changes away.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, most);
  std::size_t chunk = 8;  // length, name, content, checksum
  while (seed % 8 != 0 && chunk + 12 <= size && big_endian(data + chunk) <= size - chunk - 12) {
    const std::size_t length = big_endian(data + chunk);
    const uLong sum = crc32(0, data + chunk + 4, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i) {
      data[chunk + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    }
    chunk += 12 + length;
  }
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  GreyImage image;
  xtape::nn::ColourImage colours;
  const bool is_picture = fuzz::accepts(path, [&] { image = xtape::nn::read_png(path); });
  expect(fuzz::accepts(path, [&] { colours = xtape::nn::read_colour_png(path); }) == is_picture,
         "a picture can be read in colour if it can be read in grey");
  if (!is_picture) {
    return 0;
  }
  expect(colours.rows == image.rows && colours.columns == image.columns &&
             colours.pixels.size() == 3 * image.pixels.size(),
         "a picture has one size, in colour and in grey");
  expect(image.rows > 0 && image.columns > 0 && image.pixels.size() == image.rows * image.columns,
         "a picture has as many pixels as its sides say");
  if (image.pixels.size() <= largest_copied) {
    expect_round_trip(image);
    expect_like_mnist(image, path);
  }
  return 0;
}
