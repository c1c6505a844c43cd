#include "nn/datasets/synthetic_shapes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/nn/datasets/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
using nn::Cifar10;
using nn::Dataset;

namespace {

constexpr std::size_t size = 32 * 32 * 3;

/// Which class has the nearest mean image, as a share of the test images that is right.
double right_by_means(const Cifar10& data) {
  std::array<std::array<double, size>, 10> means{};
  for (std::size_t i = 0; i < data.train.size(); ++i) {
    auto& mean = means[static_cast<std::size_t>(data.train.targets.as<std::int64_t>()[i])];
    const auto image = data.train.features.sample<std::uint8_t>(i);
    for (std::size_t k = 0; k < size; ++k) {
      mean[k] += image[k] * 10 / static_cast<double>(data.train.size());
    }
  }
  double right = 0;
  for (std::size_t i = 0; i < data.test.size(); ++i) {
    const auto image = data.test.features.sample<std::uint8_t>(i);
    std::array<double, 10> distances{};
    for (std::size_t label = 0; label < 10; ++label) {
      for (std::size_t k = 0; k < size; ++k) {
        distances[label] += (means[label][k] - image[k]) * (means[label][k] - image[k]);
      }
    }
    const auto nearest = std::min_element(distances.begin(), distances.end());
    right += nearest - distances.begin() == data.test.targets.as<std::int64_t>()[i];
  }
  return right / static_cast<double>(data.test.size());
}

}  // namespace

TEST_CASE("synthetic shapes have the format of CIFAR-10, as many of each class in random order") {
  const Cifar10 data = nn::synthetic_shapes(1, 1005, 20);
  CHECK(data.train.size() == 1005);
  CHECK(data.test.size() == 20);
  for (const Dataset* part : {&data.train, &data.test}) {
    CHECK((part->features.shape() == xtape::Shape{32, 32, 3}));
    const auto labels = part->targets.as<std::int64_t>();
    for (std::size_t label = 0; label < 10; ++label) {
      const auto count = std::count(labels.begin(), labels.end(), static_cast<std::int64_t>(label));
      CHECK(count == static_cast<std::ptrdiff_t>(part->size() / 10 + (part->size() % 10 > label)));
    }
    CHECK_FALSE(std::is_sorted(labels.begin(), labels.begin() + 10));
  }
  CHECK(nn::synthetic_shape_names.size() == 10);
}

TEST_CASE("synthetic shapes are the same bytes on every machine") {
  const Cifar10 data = nn::synthetic_shapes(3, 200, 50);
  CHECK(digest(data.train) == "676f7d51dad1093eb714eb8c1567a7d49245115ce1007e35d8e0949157ca35d6");
  CHECK(digest(data.test) == "d15a69d6deb2cc3643ef2cc755fdef27691b4b5c77d4b17bac71aa3afd06888f");
  CHECK(digest(nn::synthetic_shapes(4, 200, 50).train) != digest(data.train));
}

TEST_CASE("synthetic shapes stand out from their background, in colour, within the image") {
  const Cifar10 data = nn::synthetic_shapes(2, 500, 1);
  std::size_t colourful = 0;
  for (std::size_t i = 0; i < data.train.size(); ++i) {
    CAPTURE(i, data.train.targets.as<std::int64_t>()[i]);
    const auto image = data.train.features.sample<std::uint8_t>(i);
    // The corner is background, but for noise and a change of colour of a fifth at most.
    const auto difference = [&](std::size_t pixel) {
      double sum = 0;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        sum += std::pow(image[3 * pixel + channel] - image[channel], 2);
      }
      return std::sqrt(sum) / 255;
    };
    std::size_t differ = 0;
    for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
      const bool border = pixel / 32 % 31 == 0 || pixel % 32 % 31 == 0;
      const double by = difference(pixel);
      REQUIRE((!border || by < 0.65));
      differ += by > 0.3;
    }
    CHECK(differ > 15);
    CHECK(differ < 800);
    colourful += std::abs(image[0] - image[1]) > 40 || std::abs(image[1] - image[2]) > 40;
  }
  CHECK(colourful > 300);
}

TEST_CASE("synthetic shapes are not told apart by their mean images") {
  CHECK(right_by_means(nn::synthetic_shapes(5, 3000, 1000)) < 0.15);
}

TEST_CASE("synthetic_shapes refuses an empty part") {
  CHECK_THROWS_WITH(nn::synthetic_shapes(1, 0, 5), "synthetic_shapes: expected at least one image");
  CHECK_THROWS_WITH(nn::synthetic_shapes(1, 5, 0), "synthetic_shapes: expected at least one image");
}
