#include "nn/data/png.hpp"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

using xtape::DataError;
using xtape::require;

constexpr std::size_t max_bytes = std::size_t{16} << 20;
constexpr std::size_t max_side = 4096;

/// libpng's simplified interface, which reports errors by return values.
class Png {
 public:
  Png() { image_.version = PNG_IMAGE_VERSION; }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { png_image_free(&image_); }

  png_image* operator->() { return &image_; }
  png_image* get() { return &image_; }

 private:
  png_image image_{};
};

/// The number in four bytes from `place` on.
std::size_t number_at(std::string_view png, std::size_t place) {
  std::size_t number = 0;
  for (std::size_t i = place; i < place + 4; ++i) {
    number = number << 8 | static_cast<unsigned char>(png[i]);
  }
  return number;
}

/// Whether a chunk of this name tells how pixels look: names of those that must be understood begin
/// with a capital letter.
bool shapes_pixels(std::string_view name) {
  return (name[0] >= 'A' && name[0] <= 'Z') || name == "tRNS" || name == "gAMA" || name == "sRGB";
}

/// Checks the CRC-32 at the end of a chunk, which is that of its name and its content. libpng only
/// warns of a wrong one in chunks such as tRNS, and reads other pixels than were written.
void require_intact(std::string_view chunk, const std::string& file) {
  const std::size_t end = chunk.size() - 4;
  const uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(chunk.data()) + 4, end - 4);
  require<DataError>(sum == number_at(chunk, end),
                     "{}: is not an intact PNG picture: the checksum of its chunk {} is wrong",
                     file, in_quotes(chunk.substr(4, 4)));
}

/// Drops the chunks that do not tell how the pixels look. Of texts libpng would unpack 8 MB each,
/// and keep them, and a small file has room for hundreds. A chunk that is cut short goes too:
/// libpng would take memory for what its length promises. All chunks are checked before: damage may
/// be in the name of one that tells how the pixels look.
void keep_pixels(std::string& png, const std::string& file) {
  require<DataError>(!png.empty(), "{}: is empty, expected a PNG file", file);
  require<DataError>(png.starts_with("\x89PNG\r\n\x1a\n"), "{}: does not begin as a PNG file",
                     file);
  constexpr std::size_t around = 12;  // length, name and checksum
  std::size_t from = 8, to = 8;       // after the signature
  bool ended = false;
  while (!ended && from + around <= png.size() &&
         number_at(png, from) <= png.size() - from - around) {
    const std::size_t size = around + number_at(png, from);
    const std::string_view chunk = std::string_view(png).substr(from, size);
    require_intact(chunk, file);
    ended = chunk.substr(4, 4) == "IEND";
    if (shapes_pixels(chunk.substr(4, 4))) {
      std::memmove(png.data() + to, png.data() + from, size);
      to += size;
    }
    from += size;
  }
  png.resize(to);
}

/// Grey and opacity of each pixel as one picture before a background, in the same memory.
GreyImage flatten(std::vector<std::uint8_t> grey_alpha, std::size_t rows, std::size_t columns) {
  std::uint64_t painted = 0;
  std::uint64_t opacity = 0;
  for (std::size_t i = 0; i < grey_alpha.size(); i += 2) {
    painted += std::uint64_t{grey_alpha[i]} * grey_alpha[i + 1];
    opacity += grey_alpha[i + 1];
  }
  const unsigned background = painted > 128 * opacity ? 0 : 255;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    const unsigned grey = grey_alpha[2 * i];
    const unsigned alpha = grey_alpha[2 * i + 1];
    grey_alpha[i] =
        static_cast<std::uint8_t>((grey * alpha + background * (255 - alpha) + 127) / 255);
  }
  grey_alpha.resize(rows * columns);
  return {rows, columns, std::move(grey_alpha)};
}

/// The file of a picture whose size and format are set.
std::string encode(Png& png, const std::uint8_t* pixels, const std::uint8_t* colours) {
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(*png.get()) + 4096, '\0');
  png_alloc_size_t size = bytes.size();
  require<Error>(
      png_image_write_to_memory(png.get(), bytes.data(), &size, 0, pixels, 0, colours) != 0,
      "encode_png: {}", png->message);
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string encode_png(std::span<const std::uint8_t> pixels, std::size_t rows, std::size_t columns,
                       std::span<const Colour> palette) {
  require<xtape::ValueError>(
      rows > 0 && columns > 0 && pixels.size() == rows * columns && palette.size() <= 256 &&
          std::all_of(pixels.begin(), pixels.end(), [&](auto p) { return p < palette.size(); }),
      "encode_png: {} pixels and {} colours do not make a picture of {} x {}", pixels.size(),
      palette.size(), rows, columns);
  std::vector<std::uint8_t> colours;
  for (const Colour& colour : palette) {
    colours.insert(colours.end(), {colour.red, colour.green, colour.blue, colour.alpha});
  }
  Png png;
  png->width = static_cast<png_uint_32>(columns);
  png->height = static_cast<png_uint_32>(rows);
  png->format = PNG_FORMAT_RGBA_COLORMAP;
  png->colormap_entries = static_cast<png_uint_32>(palette.size());

  return encode(png, pixels.data(), colours.data());
}

std::string encode_colour_png(std::span<const std::uint8_t> pixels, std::size_t rows,
                              std::size_t columns) {
  require<ValueError>(rows > 0 && columns > 0 && pixels.size() == 3 * rows * columns,
                      "encode_colour_png: {} bytes do not make a picture of {} x {} colours",
                      pixels.size(), rows, columns);
  Png png;
  png->width = static_cast<png_uint_32>(columns);
  png->height = static_cast<png_uint_32>(rows);
  png->format = PNG_FORMAT_RGB;
  return encode(png, pixels.data(), nullptr);
}

namespace {

/// Pixels as libpng gives them.
struct Pixels {
  std::size_t rows, columns;
  std::vector<std::uint8_t> bytes;
};

/// Reads a file in one of libpng's formats, of `channels` bytes a pixel.
Pixels read_pixels(const std::filesystem::path& path, png_uint_32 format, std::size_t channels,
                   const png_color* background) {
  std::string bytes = read_file(path, max_bytes);
  keep_pixels(bytes, path.string());
  const auto check = [&](int done, const png_image* png) {
    require<DataError>(done != 0, "{}: is not an intact PNG picture: {}", path.string(),
                       png->message);
  };
  Png png;
  check(png_image_begin_read_from_memory(png.get(), bytes.data(), bytes.size()), png.get());
  const std::size_t columns = png->width;
  const std::size_t rows = png->height;
  require<DataError>(rows <= max_side && columns <= max_side,
                     "{}: has {} x {} pixels, more than {} x {}", path.string(), columns, rows,
                     max_side, max_side);
  png->format = format;
  png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16 bits alone do not make a picture linear
  Pixels pixels{rows, columns, std::vector<std::uint8_t>(channels * rows * columns)};
  check(png_image_finish_read(png.get(), background, pixels.bytes.data(), 0, nullptr), png.get());
  require<DataError>(!PNG_IMAGE_FAILED(*png.get()), "{}: {}", path.string(), png->message);
  return pixels;
}

}  // namespace

GreyImage read_png(const std::filesystem::path& path) {
  Pixels pixels = read_pixels(path, PNG_FORMAT_GA, 2, nullptr);
  return flatten(std::move(pixels.bytes), pixels.rows, pixels.columns);
}

ColourImage read_colour_png(const std::filesystem::path& path) {
  const png_color white{255, 255, 255};
  Pixels pixels = read_pixels(path, PNG_FORMAT_RGB, 3, &white);
  return {pixels.rows, pixels.columns, std::move(pixels.bytes)};
}

std::string data_uri(std::string_view png) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string uri = "data:image/png;base64,";
  for (std::size_t i = 0; i < png.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < png.size() ? static_cast<unsigned char>(png[j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      uri += i + j <= png.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return uri;
}

}  // namespace xtape::nn
