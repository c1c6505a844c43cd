#include "nn/datasets/synthetic_digits.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>

#include "nn/datasets/glyphs.hpp"
#include "tensor/error.hpp"
#include "tests/nn/datasets/digest.hpp"
#include "tests/support/catch.hpp"

namespace {

using xtape::nn::Dataset;
using xtape::nn::Mnist;
using namespace xtape::nn::datasets;

constexpr std::size_t pixels = 28 * 28;

std::span<const std::uint8_t> image(const Dataset& data, std::size_t item) {
  return data.features.sample<std::uint8_t>(item);
}

std::size_t label(const Dataset& data, std::size_t item) {
  return static_cast<std::size_t>(data.targets.sample<std::int64_t>(item)[0]);
}

/// The mean image of each digit.
std::array<std::array<double, pixels>, 10> means(const Dataset& data) {
  std::array<std::array<double, pixels>, 10> result{};
  std::array<double, 10> count{};
  for (std::size_t i = 0; i < data.size(); ++i) {
    ++count[label(data, i)];
    for (std::size_t k = 0; k < pixels; ++k) {
      result[label(data, i)][k] += image(data, i)[k];
    }
  }
  for (std::size_t digit = 0; digit < 10; ++digit) {
    for (double& value : result[digit]) {
      value /= count[digit];
    }
  }
  return result;
}

std::size_t nearest(const std::array<std::array<double, pixels>, 10>& means,
                    std::span<const std::uint8_t> image) {
  std::array<double, 10> distance{};
  for (std::size_t digit = 0; digit < 10; ++digit) {
    for (std::size_t k = 0; k < pixels; ++k) {
      distance[digit] += std::pow(means[digit][k] - image[k], 2);
    }
  }
  return static_cast<std::size_t>(std::min_element(distance.begin(), distance.end()) -
                                  distance.begin());
}

}  // namespace

TEST_CASE("synthetic digits have the format of MNIST, as many of each digit in random order") {
  const Mnist data = xtape::nn::synthetic_digits(1, 1005, 20);
  CHECK(data.train.size() == 1005);
  CHECK(data.test.size() == 20);
  for (const Dataset* part : {&data.train, &data.test}) {
    CHECK((part->features.shape() == xtape::Shape{28, 28}));
    const auto labels = part->targets.as<std::int64_t>();
    for (std::size_t digit = 0; digit < 10; ++digit) {
      const auto count = std::count(labels.begin(), labels.end(), static_cast<std::int64_t>(digit));
      CHECK(count == static_cast<std::ptrdiff_t>(part->size() / 10 + (part->size() % 10 > digit)));
    }
    CHECK_FALSE(std::is_sorted(labels.begin(), labels.begin() + 10));
  }
}

TEST_CASE("synthetic digits are centred by mass, within 20 pixels, bright and not too thick") {
  const Mnist data = xtape::nn::synthetic_digits(2, 2000, 1);
  for (std::size_t i = 0; i < data.train.size(); ++i) {
    double mass = 0, x = 0, y = 0;
    std::size_t left = 28, right = 0, top = 28, bottom = 0;
    std::uint8_t brightest = 0;
    for (std::size_t k = 0; k < pixels; ++k) {
      const std::uint8_t value = image(data.train, i)[k];
      if (value > 0) {
        left = std::min(left, k % 28), right = std::max(right, k % 28);
        top = std::min(top, k / 28), bottom = std::max(bottom, k / 28);
      }
      brightest = std::max(brightest, value);
      mass += value;
      x += value * (static_cast<double>(k % 28) + 0.5);
      y += value * (static_cast<double>(k / 28) + 0.5);
    }
    INFO("image " << i << ", a " << label(data.train, i));
    // Ink counts by length: where strokes overlap the image has less.
    REQUIRE(std::abs(x / mass - 14) < 1.5);
    REQUIRE(std::abs(y / mass - 14) < 1.5);
    // An antialiased edge may touch one pixel more on either side.
    REQUIRE(right - left + 1 <= 22);
    REQUIRE(bottom - top + 1 <= 22);
    REQUIRE(std::max(right - left, bottom - top) + 1 >= 17);
    REQUIRE(brightest >= 190);
    REQUIRE(mass / 255 > 15);
    REQUIRE(mass / 255 < 220);
  }
}

TEST_CASE("synthetic digits depend on nothing but the seed") {
  const Mnist data = xtape::nn::synthetic_digits(3, 500, 100);
  const Mnist again = xtape::nn::synthetic_digits(3, 500, 100);
  const Mnist other = xtape::nn::synthetic_digits(4, 500, 100);
  CHECK(digest(data.train) == digest(again.train));
  CHECK(digest(data.test) == digest(again.test));
  CHECK(digest(data.train) != digest(other.train));
  CHECK(digest(data.test) != digest(other.test));
}

TEST_CASE("synthetic digits are told apart by their mean images, but not all of them") {
  const Mnist data = xtape::nn::synthetic_digits(5, 3000, 1000);
  const auto mean_images = means(data.train);
  double right = 0;
  for (std::size_t i = 0; i < data.test.size(); ++i) {
    right += nearest(mean_images, image(data.test, i)) == label(data.test, i);
  }
  // As on MNIST, where this classifier has 82 %.
  CHECK(right / 1000 > 0.7);
  CHECK(right / 1000 < 0.92);
}

TEST_CASE("synthetic_digits refuses an empty part") {
  CHECK_THROWS_WITH(xtape::nn::synthetic_digits(1, 0, 5),
                    "synthetic_digits: expected at least one image");
  CHECK_THROWS_WITH(xtape::nn::synthetic_digits(1, 5, 0),
                    "synthetic_digits: expected at least one image");
}

TEST_CASE("each digit can be written in several ways, by strokes that go somewhere") {
  for (std::size_t digit = 0; digit < 10; ++digit) {
    CHECK(glyphs_of(digit).size() >= 3);
    for (const Glyph& glyph : glyphs_of(digit)) {
      for (const Stroke& stroke : glyph) {
        CHECK(stroke.size() >= 3);
        for (const Point& point : stroke) {
          CHECK((point.x >= 0 && point.x <= 1 && point.y >= 0 && point.y <= 1));
        }
      }
    }
  }
}
