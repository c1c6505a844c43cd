#include "examples/cli/drawing.hpp"

#include "tests/support/catch.hpp"

using cli::Letters;
using xtape::nn::Samples;

TEST_CASE("draw shows two rows of pixels in a line of letters") {
  const Samples image(std::vector<std::uint8_t>{0, 255, 0, 255, 255, 128}, {3, 2});
  CHECK(draw(image, Letters::ascii) == std::vector<std::string>{" @", "+:"});
  CHECK(draw(image, Letters::unicode) == std::vector<std::string>{" █", "▒░"});
  CHECK(draw(image, Letters::colours)[0] ==
        "\x1b[38;5;16;48;5;16m▀\x1b[38;5;231;48;5;231m▀\x1b[0m");
}

TEST_CASE("draw shows a colour by the nearest of 256, or by how light it looks") {
  const Samples image(std::vector<std::uint8_t>{255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9},
                      {2, 2, 3});
  CHECK(draw(image, Letters::colours)[0] ==
        "\x1b[38;5;196;48;5;21m▀\x1b[38;5;46;48;5;232m▀\x1b[0m");
  CHECK(draw(image, Letters::ascii) == std::vector<std::string>{":-"});
}

TEST_CASE("draw_bar draws a share to an eighth of a letter, or to a letter") {
  CHECK(cli::draw_bar(0.5, 4, Letters::ascii) == "##");
  CHECK(cli::draw_bar(0.5, 4, Letters::unicode) == "██");
  CHECK(cli::draw_bar(0.59375, 4, Letters::colours) == "██▍");
  CHECK(cli::draw_bar(0, 4, Letters::unicode).empty());
  CHECK(cli::draw_bar(2, 1, Letters::unicode) == "█");
}
