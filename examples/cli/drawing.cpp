#include "examples/cli/drawing.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace cli {

using xtape::nn::GreyImage;

namespace {

bool locale_is_utf8() {
  std::setlocale(LC_CTYPE, "");
  const bool result = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  std::setlocale(LC_CTYPE, "C");  // no other part of the program reads or prints by locale
  return result;
}

/// The place of a shade of grey among the 256 colours: the cube's black, 24 greys, its white.
int colour_of(int grey) {
  const int step = (grey * 25 + 127) / 255;
  return step == 0 ? 16 : step == 25 ? 231 : 231 + step;
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

std::vector<std::string> draw(const GreyImage& image, Letters letters) {
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < image.rows; row += 2) {
    std::string line;
    for (std::size_t column = 0; column < image.columns; ++column) {
      const int upper = image.pixels[row * image.columns + column];
      const int lower = row + 1 < image.rows ? image.pixels[(row + 1) * image.columns + column] : 0;
      line += letters == Letters::colours
                  ? fmt::format("\x1b[38;5;{};48;5;{}m▀", colour_of(upper), colour_of(lower))
                  : shade((upper + lower + 1) / 2, letters);
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
