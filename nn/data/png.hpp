#pragma once

#include "tensor/hide_macros.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Functions that read and write PNG files, with libpng.

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

/// Returns the bytes of a PNG file. Each of the rows x columns bytes of `pixels` is an index in
/// `palette`, which has at most 256 colours. Throws ValueError if the arguments do not fit each
/// other.
std::string encode_png(std::span<const std::uint8_t> pixels, std::size_t rows, std::size_t columns,
                       std::span<const Colour> palette);

/// Reads a PNG file of any colour type and depth as shades of grey. The background of a transparent
/// picture is white. If the visible parts are light, the background is black.
///
/// Throws DataError, with the name of the file, if the file cannot be read, is not a PNG file, or
/// is damaged. The checksum of each chunk is checked. The same error reports a file of more than 16
/// MiB or 4096 x 4096 pixels. These limits also limit the memory.
GreyImage read_png(const std::filesystem::path& path);

/// Colour pixels, row-major. A pixel has three bytes: red, green and blue.
struct ColourImage {
  std::size_t rows = 0;              ///< Pixels from top to bottom.
  std::size_t columns = 0;           ///< Pixels from left to right.
  std::vector<std::uint8_t> pixels;  ///< (rows, columns, 3).
};

/// Reads a PNG file of any colour type and depth as colours. The background of a transparent
/// picture is white. Throws DataError as read_png() does.
ColourImage read_colour_png(const std::filesystem::path& path);

/// Returns the bytes of a PNG file with rows x columns colours of three bytes each. Throws
/// ValueError if the arguments do not fit each other.
std::string encode_colour_png(std::span<const std::uint8_t> pixels, std::size_t rows,
                              std::size_t columns);

/// Returns "data:image/png;base64,..." with the bytes of a PNG file.
std::string data_uri(std::string_view png);

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
