#pragma once

#include <png.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// A PNG file as libpng's full interface writes it: `rows` hold the bytes of each row.
inline std::string png_of(int colour_type, int depth, png_uint_32 width,
                          const std::vector<std::vector<png_byte>>& rows, bool interlaced = false) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto append = [](png_structp out, png_bytep data, png_size_t size) {
    static_cast<std::string*>(png_get_io_ptr(out))->append(reinterpret_cast<char*>(data), size);
  };
  png_set_write_fn(png, &bytes, append, [](png_structp) {});
  png_set_IHDR(png, info, width, static_cast<png_uint_32>(rows.size()), depth, colour_type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  std::array<png_color, 2> palette{png_color{0, 0, 0}, png_color{255, 255, 255}};
  if (colour_type == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(png, info, palette.data(), 2);
  }
  png_write_info(png, info);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass) {
    for (const std::vector<png_byte>& row : rows) {
      png_write_row(png, row.data());
    }
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

/// A chunk of a PNG file: length, name, content, checksum.
inline std::string chunk(const std::string& name, const std::string& content) {
  const auto number = [](std::size_t value) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) {
      bytes += static_cast<char>(value >> shift);
    }
    return bytes;
  };
  const std::string named = name + content;
  const uLong sum =
      crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  return number(content.size()) + named + number(sum);
}

/// Where the chunks after the header begin.
inline constexpr std::size_t png_header_end = 33;

/// A PNG whose header promises `width` x `height` pixels of eight bits.
inline std::string header_only(std::uint32_t width, std::uint32_t height) {
  std::string bytes = png_of(PNG_COLOR_TYPE_GRAY, 8, 1, {{0}});
  std::string header = bytes.substr(16, 13);
  for (std::size_t i = 0; i < 4; ++i) {
    header[i] = static_cast<char>(width >> (24 - 8 * i));
    header[4 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return bytes.replace(8, png_header_end - 8, chunk("IHDR", header));
}
