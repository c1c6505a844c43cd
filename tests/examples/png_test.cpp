#include "examples/mnist/png.hpp"

#include <png.h>

#include <array>
#include <chrono>
#include <string>

#include "tensor/error.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

using mnist::Colour;
using mnist::GreyImage;

namespace {

/// A PNG file as libpng's full interface writes it: `rows` hold the bytes of each row.
std::string png_of(int colour_type, int depth, png_uint_32 width,
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

std::vector<std::uint8_t> pixels_of(const std::string& bytes) {
  const TemporaryFolder folder;
  return mnist::read_png(folder.write("picture.png", bytes)).pixels;
}

/// A PNG whose header promises `width` x `height` pixels of eight bits.
std::string header_only(std::uint32_t width, std::uint32_t height) {
  std::string bytes = png_of(PNG_COLOR_TYPE_GRAY, 8, 1, {{0}});
  for (int i = 0; i < 4; ++i) {
    bytes[static_cast<std::size_t>(16 + i)] = static_cast<char>(width >> (24 - 8 * i));
    bytes[static_cast<std::size_t>(20 + i)] = static_cast<char>(height >> (24 - 8 * i));
  }
  std::uint32_t sum = 0xffffffffu;  // the CRC of the header
  for (std::size_t i = 12; i < 29; ++i) {
    sum ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) {
      sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320u : 0u);
    }
  }
  for (int i = 0; i < 4; ++i) {
    bytes[static_cast<std::size_t>(29 + i)] = static_cast<char>(~sum >> (24 - 8 * i));
  }
  return bytes;
}

}  // namespace

TEST_CASE("read_png reads every colour type and depth as grey") {
  using Pixels = std::vector<std::uint8_t>;
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 1, 8, {{0b10100000}})) ==
        Pixels{255, 0, 255, 0, 0, 0, 0, 0});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 2, 4, {{0b00011011}})) == Pixels{0, 85, 170, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 4, 2, {{0x0f}})) == Pixels{0, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 8, 3, {{0, 77, 255}})) == Pixels{0, 77, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 16, 2, {{77, 77, 255, 255}})) == Pixels{77, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_RGB, 8, 2, {{9, 9, 9, 200, 200, 200}})) == Pixels{9, 200});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_RGB, 16, 1, {{9, 9, 9, 9, 9, 9}})) == Pixels{9});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_PALETTE, 1, 2, {{0b01000000}})) == Pixels{0, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 8, 2, {{1, 2}, {3, 4}}, true)) == Pixels{1, 2, 3, 4});
}

TEST_CASE("read_png lets white show through dark ink and black through light ink") {
  using Pixels = std::vector<std::uint8_t>;
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 3, {{0, 255, 0, 0, 255, 0}})) ==
        Pixels{0, 255, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, {{255, 255, 0, 0}})) == Pixels{255, 0});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_RGB_ALPHA, 8, 2, {{0, 0, 0, 51, 0, 0, 0, 0}})) ==
        Pixels{204, 255});
}

TEST_CASE("read_png refuses what is no intact picture, naming the file") {
  const TemporaryFolder folder;
  const std::string sound = png_of(PNG_COLOR_TYPE_GRAY, 8, 3, {{1, 2, 3}, {4, 5, 6}});
  const auto refuses = [&](const std::string& bytes) {
    const auto path = folder.write("bad.png", bytes);
    const std::string message = message_of([&] { mnist::read_png(path); });
    CHECK(message.rfind(path.string() + ": is no intact PNG picture: ", 0) == 0);
    CHECK(message.find('\n') == std::string::npos);
  };
  refuses("");
  refuses("no picture");
  for (const std::size_t length : {9UL, 30UL, 45UL, 50UL}) {
    refuses(sound.substr(0, length));
  }
  std::string damaged = sound;
  damaged[48] = static_cast<char>(damaged[48] ^ 1);
  refuses(damaged);
  CHECK_THROWS_AS(mnist::read_png(folder / "missing.png"), xtape::DataError);
  CHECK_THROWS_AS(mnist::read_png(folder.path()), xtape::DataError);
}

TEST_CASE("read_png refuses huge pictures at once") {
  const TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const auto path = folder.write("huge.png", header_only(200000, 4097));
  CHECK_THROWS_WITH(mnist::read_png(path),
                    path.string() + ": has 200000 x 4097 pixels, more than 4096 x 4096");
  folder.write("huge.png", header_only(4096, 4097));
  CHECK_THROWS_WITH(mnist::read_png(path),
                    path.string() + ": has 4096 x 4097 pixels, more than 4096 x 4096");
  CHECK_THROWS_AS(mnist::read_png(folder.write("huge.png", header_only(2000000000, 2000000000))),
                  xtape::DataError);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300));
  CHECK_THROWS_AS(mnist::read_png(folder.write("long.png", std::string((16u << 20) + 1, 'x'))),
                  xtape::DataError);
}

TEST_CASE("encode_png writes what read_png reads") {
  const std::array<Colour, 3> palette{Colour{0, 0, 0}, Colour{128, 128, 128},
                                      Colour{255, 255, 255}};
  const std::array<std::uint8_t, 6> pixels{0, 1, 2, 2, 1, 0};
  const TemporaryFolder folder;
  const GreyImage image =
      mnist::read_png(folder.write("x.png", mnist::encode_png(pixels, 2, 3, palette)));
  CHECK(image.rows == 2);
  CHECK(image.columns == 3);
  CHECK(image.pixels == std::vector<std::uint8_t>{0, 128, 255, 255, 128, 0});
  CHECK_THROWS_AS(mnist::encode_png(pixels, 2, 2, palette), xtape::ValueError);
  CHECK_THROWS_AS(mnist::encode_png(pixels, 2, 3, std::span(palette).first(2)), xtape::ValueError);
}

TEST_CASE("data_uri is base64 with padding") {
  const std::string head = "data:image/png;base64,";
  CHECK(mnist::data_uri("") == head);
  CHECK(mnist::data_uri("M") == head + "TQ==");
  CHECK(mnist::data_uri("Ma") == head + "TWE=");
  CHECK(mnist::data_uri("Man") == head + "TWFu");
  CHECK(mnist::data_uri("\xff\xfe\xfd\xfc") == head + "//79/A==");
}
