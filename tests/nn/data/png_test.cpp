#include "nn/data/png.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "tests/nn/data/png_files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/cost.hpp"

using xtape::nn::Colour;
using xtape::nn::encode_png;
using xtape::nn::read_png;
using Pixels = std::vector<std::uint8_t>;

namespace {

Pixels pixels_of(const std::string& bytes) {
  const TemporaryFolder folder;
  return read_png(folder.write("picture.png", bytes)).pixels;
}

/// Returns the pixels of a picture of one row.
Pixels pixels_of(int colour_type, int depth, png_uint_32 width, const std::vector<png_byte>& row) {
  return pixels_of(png_of(colour_type, depth, width, {row}));
}

/// From now on this process may take so many bytes more.
void limit_memory(std::size_t bytes) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit limit{most, most};
  ::setrlimit(RLIMIT_AS, &limit);
}

}  // namespace

TEST_CASE("read_png reads every colour type and depth as grey") {
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY, 1, 8, {0xa0}) == Pixels{255, 0, 255, 0, 0, 0, 0, 0});
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY, 2, 4, {0b00011011}) == Pixels{0, 85, 170, 255});
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY, 4, 2, {0x0f}) == Pixels{0, 255});
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY, 8, 3, {0, 77, 255}) == Pixels{0, 77, 255});
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY, 16, 2, {77, 77, 255, 255}) == Pixels{77, 255});
  CHECK(pixels_of(PNG_COLOR_TYPE_RGB, 8, 2, {9, 9, 9, 200, 200, 200}) == Pixels{9, 200});
  CHECK(pixels_of(PNG_COLOR_TYPE_RGB, 16, 1, {9, 9, 9, 9, 9, 9}) == Pixels{9});
  CHECK(pixels_of(PNG_COLOR_TYPE_PALETTE, 1, 2, {0b01000000}) == Pixels{0, 255});
  CHECK(pixels_of(png_of(PNG_COLOR_TYPE_GRAY, 8, 2, {{1, 2}, {3, 4}}, true)) == Pixels{1, 2, 3, 4});
}

TEST_CASE("read_png lets white show through dark ink and black through light ink") {
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 3, {0, 255, 0, 0, 255, 0}) == Pixels{0, 255, 255});
  CHECK(pixels_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, {255, 255, 0, 0}) == Pixels{255, 0});
  CHECK(pixels_of(PNG_COLOR_TYPE_RGB_ALPHA, 8, 2, {0, 0, 0, 51, 0, 0, 0, 0}) == Pixels{204, 255});
}

TEST_CASE("read_png refuses what is no intact picture, naming the file") {
  const auto refuses = [](const std::string& bytes) {
    CHECK(complaint_about_file_of(bytes, [](auto path) {
            read_png(path);
          }).starts_with("is not an intact PNG picture: "));
  };
  const auto complaint = [](const std::string& bytes) {
    return complaint_about_file_of(bytes, [](auto path) { read_png(path); });
  };
  CHECK(complaint("") == "is empty, expected a PNG file");
  CHECK(complaint("no picture") == "does not begin as a PNG file");
  std::string picture = png_of(PNG_COLOR_TYPE_GRAY, 8, 3, {{1, 2, 3}, {4, 5, 6}});
  CHECK(complaint(picture.substr(0, 7)) == "does not begin as a PNG file");
  const std::size_t pixels_end = picture.rfind("IEND") - 4;
  for (std::size_t size = 8; size < pixels_end; ++size) {
    CAPTURE(size);
    refuses(picture.substr(0, size));
  }
  picture[48] = static_cast<char>(picture[48] ^ 1);
  refuses(picture);
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read_png(folder / "missing.png"), xtape::DataError);
  CHECK_THROWS_AS(read_png(folder.path()), xtape::DataError);
}

TEST_CASE("read_png finds each flipped bit, also in what libpng only warns of") {
  const std::string grey = png_of(PNG_COLOR_TYPE_GRAY, 8, 2, {{1, 2}, {3, 4}});
  const std::string indexed = png_of(PNG_COLOR_TYPE_PALETTE, 8, 4, {{0, 1, 0, 1}});
  for (const auto& [picture, place, extra] :
       {std::tuple{grey, png_header_end, chunk("gAMA", std::string("\0\1\x86\xa0", 4))},
        std::tuple{grey, png_header_end, chunk("tEXt", "k")},
        std::tuple{grey, png_header_end, chunk("tRNS", std::string("\0\2", 2))},
        std::tuple{indexed, indexed.find("IDAT") - 4, chunk("tRNS", "\x80")}}) {
    std::string whole = picture;
    whole.insert(place, extra);
    CAPTURE(extra.substr(4, 4));
    const Pixels wanted = pixels_of(whole);
    for (std::size_t i = 0; i < 8 * extra.size(); ++i) {
      CAPTURE(i);
      std::string bad = whole;
      bad[place + i / 8] = static_cast<char>(bad[place + i / 8] ^ 1 << i % 8);
      CHECK(complaint_about_file_of(bad, [](auto path) {
              read_png(path);
            }).starts_with("is not an intact PNG picture: "));
      CHECK(complaint_about_file_of(bad, [](auto path) {
              xtape::nn::read_colour_png(path);
            }).starts_with("is not an intact PNG picture: "));
    }
  }
  std::string bad = grey;
  bad.insert(png_header_end, chunk("tR\nS", "xy").replace(8, 1, "z"));
  CHECK(complaint_about_file_of(bad, [](auto path) { read_png(path); }) ==
        "is not an intact PNG picture: the checksum of its chunk 'tR?S' is wrong");
}

TEST_CASE("read_png reads up to the end of a picture, whatever follows") {
  const std::string picture = png_of(PNG_COLOR_TYPE_GRAY, 8, 2, {{1, 2}});
  CHECK(pixels_of(picture + chunk("tEXt", "k").replace(8, 1, "z")) == Pixels{1, 2});
}

TEST_CASE("read_png refuses huge pictures at once") {
  const TemporaryFolder folder;
  for (const png_uint_32 width : {200000u, 4096u}) {
    CHECK(complaint_about_file_of(header_only(width, 4097), [](auto path) { read_png(path); }) ==
          "has " + std::to_string(width) + " x 4097 pixels, more than 4096 x 4096");
  }
  const auto cost_of_square = [&](png_uint_32 side) {
    const std::vector<std::vector<png_byte>> rows(side, std::vector<png_byte>(side));
    const auto path = folder.write("sound.png", png_of(PNG_COLOR_TYPE_GRAY, 8, side, rows));
    return cost_of([&] { read_png(path); });
  };
  const auto check = [&](const std::string& bytes, const Cost& sound) {
    const auto path = folder.write("huge.png", bytes);
    check_refused_at_once([&] { read_png(path); }, sound);
  };
  const Cost small = cost_of_square(1);
  for (const std::string& bytes : {header_only(200000, 4097), header_only(2000000000, 2000000000),
                                   header_only(0, 1), std::string((16u << 20) + 1, 'x')}) {
    check(bytes, small);
  }
  check(header_only(4096, 4096), cost_of_square(4096));  // as large as may be, without its pixels
}

TEST_CASE("read_png does not unpack the texts in a picture") {
  const std::vector<Bytef> blanks(4 << 20, ' ');
  std::string packed(1 << 16, '\0');
  uLong size = packed.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(packed.data()), &size, blanks.data(), blanks.size()) ==
          Z_OK);
  const std::string text = std::string("k\0\0", 3) + packed.substr(0, size);
  const TemporaryFolder folder;
  const auto cost_with = [&](const std::string& a_chunk) {
    std::string picture = png_of(PNG_COLOR_TYPE_GRAY, 8, 1, {{7}});
    for (int i = 0; i < 50; ++i) {
      picture.insert(png_header_end, a_chunk);
    }
    const auto path = folder.write("picture.png", picture);
    CHECK(read_png(path).pixels == Pixels{7});
    return cost_of([&] { read_png(path); });
  };
  check_cheap(cost_with(chunk("zTXt", text)), cost_with(chunk("noTx", text)));
}

TEST_CASE("read_png asks for no memory on the word of a chunk") {
  std::string bytes = png_of(PNG_COLOR_TYPE_GRAY, 8, 1, {{7}});
  bytes.insert(png_header_end, chunk("tEXt", "k"));
  bytes[png_header_end] = '\x15';  // its length is 352 MB now
  const TemporaryFolder folder;
  const auto path = folder.write("cut.png", bytes);
  const auto read_with_little_memory = [&] {
    limit_memory(64 << 20);
    const std::string message = message_of([&] { read_png(path); });
    if (message.ends_with("read beyond end of data")) {
      xtape::fail<xtape::DataError>("{}", message);
    }
  };
  if (measures_cost()) {
    CHECK(cost_of(read_with_little_memory).refused);
  }
}

TEST_CASE("encode_png writes what read_png reads") {
  const std::array<Colour, 3> palette{Colour{0, 0, 0}, Colour{128, 128, 128},
                                      Colour{255, 255, 255}};
  const std::array<std::uint8_t, 6> pixels{0, 1, 2, 2, 1, 0};
  const TemporaryFolder folder;
  const auto image = read_png(folder.write("x.png", encode_png(pixels, 2, 3, palette)));
  CHECK(image.rows == 2);
  CHECK(image.columns == 3);
  CHECK(image.pixels == Pixels{0, 128, 255, 255, 128, 0});
  CHECK_THROWS_AS(encode_png(pixels, 2, 2, palette), xtape::ValueError);
  CHECK_THROWS_AS(encode_png(pixels, 2, 3, std::span(palette).first(2)), xtape::ValueError);
}

TEST_CASE("data_uri is base64 with padding") {
  const std::string head = "data:image/png;base64,";
  CHECK(xtape::nn::data_uri("") == head);
  CHECK(xtape::nn::data_uri("M") == head + "TQ==");
  CHECK(xtape::nn::data_uri("Ma") == head + "TWE=");
  CHECK(xtape::nn::data_uri("Man") == head + "TWFu");
  CHECK(xtape::nn::data_uri("\xff\xfe\xfd\xfc") == head + "//79/A==");
}
