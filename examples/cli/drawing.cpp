#include "examples/cli/drawing.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace cli {

namespace {

bool locale_is_utf8() {
  std::setlocale(LC_CTYPE, "");
  const bool result = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  std::setlocale(LC_CTYPE, "C");  // no other part of the program reads or prints by locale
  return result;
}

/// The red, green and blue of a pixel.
using Pixel = std::array<int, 3>;

/// The place of a colour among the 256: the cube's black, 24 greys and white for a grey, else the
/// cube's nearest.
int colour_of(const Pixel& pixel) {
  const auto [red, green, blue] = pixel;
  if (red == green && green == blue) {
    const int step = (red * 25 + 127) / 255;
    return step == 0 ? 16 : step == 25 ? 231 : 231 + step;
  }
  const auto step = [](int part) { return part < 48 ? 0 : part < 115 ? 1 : (part - 35) / 40; };
  return 16 + 36 * step(red) + 6 * step(green) + step(blue);
}

/// How light a pixel looks (ITU-R BT.601).
int grey_of(const Pixel& pixel) {
  return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
}

/// The pixel at (row, column); black below the image.
Pixel pixel_at(const xtape::nn::Samples& image, std::size_t row, std::size_t column) {
  const xtape::Shape& shape = image.shape();
  const std::size_t parts = shape.size() == 3 ? shape[2] : 1;
  if (row >= shape[0]) {
    return {};
  }
  const auto bytes = image.sample<std::uint8_t>(0);
  const std::size_t first = (row * shape[1] + column) * parts;
  return parts == 3 ? Pixel{bytes[first], bytes[first + 1], bytes[first + 2]}
                    : Pixel{bytes[first], bytes[first], bytes[first]};
}

/// One character for the mean of two pixels, of a scale from dark to light.
std::string shade(int grey, Letters letters) {
  constexpr std::string_view ascii = " .:-=+*#%@";
  constexpr const char* unicode[] = {" ", "░", "▒", "▓", "█"};
  if (letters == Letters::ascii) {
    return {ascii[static_cast<std::size_t>(grey) * ascii.size() / 256]};
  }
  return unicode[grey * 5 / 256];
}

}  // namespace

Letters letters_of_stdout() {
  if (!locale_is_utf8()) {
    return Letters::ascii;
  }
  const char* term = std::getenv("TERM");
  const bool plain = isatty(STDOUT_FILENO) == 0 || std::getenv("NO_COLOR") != nullptr ||
                     term == nullptr || std::string_view(term) == "dumb";
  return plain ? Letters::unicode : Letters::colours;
}

std::vector<std::string> draw(const xtape::nn::Samples& image, Letters letters) {
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < image.shape()[0]; row += 2) {
    std::string line;
    for (std::size_t column = 0; column < image.shape()[1]; ++column) {
      const Pixel upper = pixel_at(image, row, column), lower = pixel_at(image, row + 1, column);
      line += letters == Letters::colours
                  ? fmt::format("\x1b[38;5;{};48;5;{}m▀", colour_of(upper), colour_of(lower))
                  : shade((grey_of(upper) + grey_of(lower) + 1) / 2, letters);
    }
    lines.push_back(letters == Letters::colours ? line + "\x1b[0m" : line);
  }
  return lines;
}

std::string draw_bar(double share, std::size_t width, Letters letters) {
  const double length = share > 0 ? std::min(share, 1.0) * static_cast<double>(width) : 0;
  std::string bar;
  if (letters == Letters::ascii) {
    bar.assign(static_cast<std::size_t>(std::lround(length)), '#');
    return bar;
  }
  constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto parts = static_cast<std::size_t>(std::lround(8 * length));
  for (std::size_t i = 0; i < parts / 8; ++i) {
    bar += "█";
  }
  return bar + eighths[parts % 8];
}

}  // namespace cli
