#include "nn/datasets/like_mnist.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

constexpr std::size_t side = 28;
constexpr std::size_t box = 20;

std::uint8_t& at(GreyImage& image, std::size_t row, std::size_t column) {
  return image.pixels[row * image.columns + column];
}
std::uint8_t at(const GreyImage& image, std::size_t row, std::size_t column) {
  return image.pixels[row * image.columns + column];
}

GreyImage black(std::size_t rows, std::size_t columns) {
  return {rows, columns, std::vector<std::uint8_t>(rows * columns)};
}

std::uint8_t median(std::vector<std::uint8_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::uint8_t> border(const GreyImage& image) {
  std::vector<std::uint8_t> pixels;
  for (std::size_t column = 0; column < image.columns; ++column) {
    pixels.push_back(at(image, 0, column));
    pixels.push_back(at(image, image.rows - 1, column));
  }
  for (std::size_t row = 0; row < image.rows; ++row) {
    pixels.push_back(at(image, row, 0));
    pixels.push_back(at(image, row, image.columns - 1));
  }
  return pixels;
}

/// How far each pixel is from the paper, in the direction of the ink; 0 where that is no more than
/// the grain of the paper, which is six times the median deviation along the border.
GreyImage ink_of(const GreyImage& picture) {
  std::vector<std::uint8_t> edge = border(picture);
  const int paper = median(edge);
  for (std::uint8_t& pixel : edge) {
    pixel = static_cast<std::uint8_t>(std::abs(pixel - paper));
  }
  const int grain = 6 * median(edge);
  GreyImage ink = picture;
  for (std::uint8_t& pixel : ink.pixels) {
    const int distance = paper > 127 ? paper - pixel : pixel - paper;
    pixel = static_cast<std::uint8_t>(distance > grain ? distance : 0);
  }
  return ink;
}

/// The smallest part of the image that holds all of its ink.
struct Box {
  std::size_t top, left, rows, columns;
};

std::optional<Box> bounds(const GreyImage& ink) {
  std::size_t top = ink.rows, left = ink.columns, bottom = 0, right = 0;
  for (std::size_t row = 0; row < ink.rows; ++row) {
    for (std::size_t column = 0; column < ink.columns; ++column) {
      if (at(ink, row, column) > 0) {
        top = std::min(top, row);
        bottom = std::max(bottom, row + 1);
        left = std::min(left, column);
        right = std::max(right, column + 1);
      }
    }
  }
  if (bottom == 0) {
    return std::nullopt;
  }
  return Box{top, left, bottom - top, right - left};
}

/// The mean of the pixels between two places along each axis, with those at the edges in part.
double mean_over(const GreyImage& ink, double top, double bottom, double left, double right) {
  double total = 0;
  const auto overlap = [](double from, double to, std::size_t pixel) {
    const auto place = static_cast<double>(pixel);
    return std::min(to, place + 1) - std::max(from, place);
  };
  const auto last_row = std::min(ink.rows, static_cast<std::size_t>(std::ceil(bottom)));
  const auto last_column = std::min(ink.columns, static_cast<std::size_t>(std::ceil(right)));
  for (auto row = static_cast<std::size_t>(top); row < last_row; ++row) {
    double of_row = 0;
    for (auto column = static_cast<std::size_t>(left); column < last_column; ++column) {
      of_row += at(ink, row, column) * overlap(left, right, column);
    }
    total += of_row * overlap(top, bottom, row);
  }
  return total / ((bottom - top) * (right - left));
}

/// The part of the image scaled so that its longer side has `box` pixels, and as light as can be.
GreyImage scaled(const GreyImage& ink, const Box& part) {
  const double step = static_cast<double>(std::max(part.rows, part.columns)) / box;
  const auto extent = [&](std::size_t length) {
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(static_cast<double>(length) / step)));
  };
  GreyImage result = black(extent(part.rows), extent(part.columns));
  std::vector<double> means(result.pixels.size());
  const double tall = static_cast<double>(part.rows) / static_cast<double>(result.rows);
  const double wide = static_cast<double>(part.columns) / static_cast<double>(result.columns);
  for (std::size_t i = 0; i < means.size(); ++i) {
    const std::size_t row = i / result.columns;
    const double top = static_cast<double>(part.top) + tall * static_cast<double>(row);
    const double left =
        static_cast<double>(part.left) + wide * static_cast<double>(i % result.columns);
    means[i] = mean_over(ink, top, top + tall, left, left + wide);
  }
  const double lightest = *std::max_element(means.begin(), means.end());
  std::transform(means.begin(), means.end(), result.pixels.begin(), [&](double mean) {
    return static_cast<std::uint8_t>(std::lround(255 * mean / lightest));
  });
  return result;
}

/// Copies `digit` into a black image so that its centre of mass comes to lie on pixel (14, 14), to
/// half a pixel, as in MNIST. What falls over the edge is lost.
GreyImage centred(const GreyImage& digit) {
  double mass = 0, down = 0, across = 0;
  for (std::size_t row = 0; row < digit.rows; ++row) {
    for (std::size_t column = 0; column < digit.columns; ++column) {
      const double each = at(digit, row, column);
      mass += each;
      down += each * static_cast<double>(row);
      across += each * static_cast<double>(column);
    }
  }
  const auto shift = [&](double moment) {
    return static_cast<std::ptrdiff_t>(std::ceil(side / 2.0 - 0.5 - moment / mass));
  };
  GreyImage image = black(side, side);
  for (std::size_t row = 0; row < digit.rows; ++row) {
    for (std::size_t column = 0; column < digit.columns; ++column) {
      const auto to_row = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(row) + shift(down));
      const auto to_column =
          static_cast<std::size_t>(static_cast<std::ptrdiff_t>(column) + shift(across));
      if (to_row < side && to_column < side) {
        at(image, to_row, to_column) = at(digit, row, column);
      }
    }
  }
  return image;
}

}  // namespace

GreyImage like_mnist(const GreyImage& picture, const std::string& name) {
  const GreyImage ink = ink_of(picture);
  const std::optional<Box> part = bounds(ink);
  require<DataError>(part.has_value(), "{}: nothing is drawn on it", name);
  return centred(scaled(ink, *part));
}

}  // namespace xtape::nn
