#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Pictures in PNG files, through libpng.

namespace xtape::nn {

/// A colour with its opacity, each part from 0 to 255.
struct Colour {
  std::uint8_t red = 0;      ///< 255 is the brightest red.
  std::uint8_t green = 0;    ///< 255 is the brightest green.
  std::uint8_t blue = 0;     ///< 255 is the brightest blue.
  std::uint8_t alpha = 255;  ///< 0 is transparent, 255 opaque.
};

/// Grey pixels, row-major, from 0 (black) to 255 (white).
struct GreyImage {
  std::size_t rows = 0;              ///< Pixels from top to bottom.
  std::size_t columns = 0;           ///< Pixels from left to right.
  std::vector<std::uint8_t> pixels;  ///< (rows, columns).
};

/// A PNG file in memory: each of the rows x columns bytes of `pixels` is a place in `palette`,
/// which has at most 256 colours. Throws ValueError when the numbers do not fit together.
std::string encode_png(std::span<const std::uint8_t> pixels, std::size_t rows, std::size_t columns,
                       std::span<const Colour> palette);

/// Reads a PNG file of any colour type and depth as shades of grey. What shows through a
/// transparent picture is white, or black where that sets off better what is painted.
///
/// Throws DataError, one line that names the file, when it cannot be read, is no PNG, is damaged,
/// or is larger than 16 MiB or 4096 x 4096 pixels: no more memory is taken than those need.
GreyImage read_png(const std::filesystem::path& path);

/// Colours, row-major: three bytes a pixel, red, green and blue.
struct ColourImage {
  std::size_t rows = 0;              ///< Pixels from top to bottom.
  std::size_t columns = 0;           ///< Pixels from left to right.
  std::vector<std::uint8_t> pixels;  ///< (rows, columns, 3).
};

/// Reads a PNG file of any colour type and depth as colours. What shows through a transparent
/// picture is white. Throws DataError as read_png() does.
ColourImage read_colour_png(const std::filesystem::path& path);

/// A PNG file in memory, of rows x columns colours of three bytes each. Throws ValueError when the
/// numbers do not fit together.
std::string encode_colour_png(std::span<const std::uint8_t> pixels, std::size_t rows,
                              std::size_t columns);

/// "data:image/png;base64,..." with the bytes of a PNG file.
std::string data_uri(std::string_view png);

}  // namespace xtape::nn
