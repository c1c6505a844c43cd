#include "nn/datasets/like_mnist.hpp"

#include <algorithm>
#include <cmath>

#include "nn/data/idx.hpp"
#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mnist_data.hpp"

using xtape::nn::GreyImage;
using xtape::nn::like_mnist;

namespace {

GreyImage sheet(std::size_t rows, std::size_t columns, std::uint8_t paper) {
  return {rows, columns, std::vector<std::uint8_t>(rows * columns, paper)};
}

void paint(GreyImage& image, std::size_t top, std::size_t left, std::size_t rows,
           std::size_t columns, std::uint8_t ink) {
  for (std::size_t row = top; row < top + rows; ++row) {
    std::fill_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(row * image.columns + left),
                columns, ink);
  }
}

/// Rows and columns of the ink, as first and last pixel.
struct Extent {
  std::size_t top = 99, bottom = 0, left = 99, right = 0;
};

Extent extent_of(const GreyImage& image) {
  Extent extent;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (image.pixels[i] > 0) {
      extent.top = std::min(extent.top, i / image.columns);
      extent.bottom = std::max(extent.bottom, i / image.columns);
      extent.left = std::min(extent.left, i % image.columns);
      extent.right = std::max(extent.right, i % image.columns);
    }
  }
  return extent;
}

}  // namespace

TEST_CASE("like_mnist fits ink into 20 x 20 pixels around the middle") {
  GreyImage tall = sheet(300, 200, 0);
  paint(tall, 10, 150, 100, 40, 255);
  const GreyImage image = like_mnist(tall, "tall");
  REQUIRE(image.rows == 28);
  REQUIRE(image.columns == 28);
  const Extent extent = extent_of(image);
  CHECK(extent.bottom - extent.top + 1 == 20);
  CHECK(extent.right - extent.left + 1 == 8);
  CHECK(extent.top + extent.bottom == 27);
  CHECK(extent.left + extent.right == 27);
  CHECK(image.pixels[14 * 28 + 14] == 255);
}

TEST_CASE("like_mnist puts the centre of mass, not of the frame, into the middle") {
  GreyImage flag = sheet(40, 40, 0);
  paint(flag, 5, 5, 20, 4, 255);  // a heavy pole at the left
  paint(flag, 5, 9, 2, 8, 255);   // and a thin line to the right
  const Extent extent = extent_of(like_mnist(flag, "flag"));
  CHECK(extent.left > 9);  // 8, if the frame were in the middle
  CHECK(extent.right - extent.left + 1 == 12);
  double mass = 0, across = 0, down = 0;
  const GreyImage image = like_mnist(flag, "flag");
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    mass += image.pixels[i];
    across += image.pixels[i] * static_cast<double>(i % 28);
    down += image.pixels[i] * static_cast<double>(i / 28);
  }
  CHECK(std::abs(across / mass - 14) <= 0.5);
  CHECK(std::abs(down / mass - 14) <= 0.5);
}

TEST_CASE("like_mnist turns dark ink on light paper, faint ink too, into white on black") {
  GreyImage light = sheet(60, 60, 0);
  paint(light, 10, 20, 40, 10, 255);
  GreyImage dark = sheet(60, 60, 230);
  paint(dark, 10, 20, 40, 10, 160);
  CHECK(like_mnist(dark, "dark").pixels == like_mnist(light, "light").pixels);
}

TEST_CASE("like_mnist takes the grain of the paper for no ink") {
  GreyImage photo = sheet(60, 60, 200);
  for (std::size_t i = 0; i < photo.pixels.size(); ++i) {
    photo.pixels[i] = static_cast<std::uint8_t>(196 + (i * 7919) % 9);
  }
  GreyImage clean = sheet(60, 60, 200);
  paint(photo, 10, 20, 40, 10, 20);
  paint(clean, 10, 20, 40, 10, 20);
  CHECK(extent_of(like_mnist(photo, "photo")).top == extent_of(like_mnist(clean, "clean")).top);
  CHECK_THROWS_WITH(like_mnist(sheet(9, 9, 255), "blank.png"), "blank.png: nothing is drawn on it");
  CHECK_THROWS_AS(like_mnist(sheet(1, 1, 7), "dot.png"), xtape::DataError);
}

TEST_CASE("like_mnist leaves nearly all digits of MNIST as they are") {
  MNIST_OR_SKIP(folder);
  const xtape::nn::Dataset digits = xtape::nn::read_mnist(folder).test;
  std::size_t same = 0;
  for (std::size_t n = 0; n < 1000; ++n) {
    const auto pixels = digits.features.sample<std::uint8_t>(n);
    const GreyImage digit{28, 28, {pixels.begin(), pixels.end()}};
    const GreyImage again = like_mnist(digit, "digit");
    bool close = true;
    for (std::size_t i = 0; i < 784; ++i) {
      close = close && std::abs(again.pixels[i] - digit.pixels[i]) <= 1;
    }
    same += close ? 1u : 0u;
  }
  CHECK(same >= 998);
}
