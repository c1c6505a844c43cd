#pragma once

#include <string>
#include <vector>

#include "nn/data/samples.hpp"

/// Pictures and bars made of letters.

namespace cli {

/// What the terminal can show.
enum class Letters {
  ascii,    ///< Seven bits.
  unicode,  ///< Blocks and shades.
  colours,  ///< Unicode, and escape sequences for 256 colours.
};

/// What standard output takes: colours on a terminal, unless NO_COLOR is set to anything or TERM is
/// dumb; Unicode where the locale's character set is UTF-8.
Letters letters_of_stdout();

/// The first sample, bytes (rows, columns) or (rows, columns, 3), in lines of as many columns as it
/// has; each line stands for two rows of pixels.
std::vector<std::string> draw(const xtape::nn::Samples& image, Letters letters);

/// A bar of at most `width` columns for a share from 0 to 1; it is not padded.
std::string draw_bar(double share, std::size_t width, Letters letters);

}  // namespace cli
