#include "nn/data/image_transforms.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;

namespace {

/// Returns what a transform makes of an image.
std::vector<float> transformed(const nn::Transform& transform, std::vector<float> values,
                               const Shape& shape, std::uint64_t seed = 1, std::size_t index = 0,
                               std::size_t epoch = 0) {
  Rng rng{seed};
  xtape::Buffer<float> scratch;
  nn::Sample sample{values, shape, rng, scratch, index, epoch};
  transform(sample);
  return values;
}

/// An image whose pixels are numbered from 0, in each of its channels.
std::vector<float> numbered(std::size_t rows, std::size_t columns, std::size_t channels) {
  std::vector<float> values;
  for (std::size_t i = 0; i < rows * columns * channels; ++i) {
    values.push_back(static_cast<float>(i / channels) + 1000.f * static_cast<float>(i % channels));
  }
  return values;
}

/// The place of the pixel that a mirrored border shows, by walking to and fro.
std::size_t walked(std::ptrdiff_t place, std::size_t extent) {
  const auto last = static_cast<std::ptrdiff_t>(extent) - 1;
  while (place < 0 || place > last) {
    place = place < 0 ? -place : 2 * last - place;
  }
  return static_cast<std::size_t>(place);
}

/// The inputs of an epoch, in the order of the dataset.
Array<float> epoch_of(nn::Batches& batches) {
  Array<float> inputs;
  for (const auto& batch : batches) {
    batch.inputs(inputs);
  }
  return inputs;
}

/// True if image `index` is the mirror image of its bytes.
bool is_mirrored(const Array<float>& inputs, const nn::Dataset& data, std::size_t index) {
  const auto bytes = data.features.sample<std::uint8_t>(index);
  bool same = true, mirrored = true;
  for (std::size_t i = 0; i < 15; ++i) {
    const float found = inputs.data()[15 * index + i];
    same = same && std::lround(255 * found) == bytes[i];
    mirrored = mirrored && std::lround(255 * found) == bytes[i / 5 * 5 + 4 - i % 5];
  }
  REQUIRE(same != mirrored);
  return mirrored;
}

}  // namespace

TEST_CASE("RandomCrop moves an image by each offset alike, and mirrors it beyond its border") {
  const std::size_t channels = GENERATE(1UL, 3UL), padding = GENERATE(0UL, 1UL, 2UL, 3UL);
  const std::size_t rows = 5, columns = 6;
  const std::vector<float> image = numbered(rows, columns, channels);
  const auto most = static_cast<std::ptrdiff_t>(padding);
  std::map<std::vector<float>, int> seen;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    ++seen[transformed(nn::RandomCrop{.padding = padding}, image, {rows, columns, channels}, seed)];
  }
  std::set<std::vector<float>> possible;
  for (std::ptrdiff_t down = -most; down <= most; ++down) {
    for (std::ptrdiff_t right = -most; right <= most; ++right) {
      std::vector<float> moved;
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
          const std::size_t from = walked(static_cast<std::ptrdiff_t>(row) + down, rows) * columns +
                                   walked(static_cast<std::ptrdiff_t>(column) + right, columns);
          moved.insert(moved.end(), image.data() + from * channels,
                       image.data() + (from + 1) * channels);
        }
      }
      possible.insert(moved);
    }
  }
  CHECK(possible.size() == (2 * padding + 1) * (2 * padding + 1));
  CHECK(seen.size() == possible.size());
  for (const auto& [moved, count] : seen) {
    CHECK(possible.count(moved) == 1);
    const double expected = 3000 / static_cast<double>(possible.size());
    CHECK(std::abs(count - expected) < 5 * std::sqrt(expected) + 1);
  }
}

TEST_CASE("RandomCrop refuses a padding that the image cannot mirror") {
  const auto crop = [](std::size_t padding, const Shape& shape) {
    return transformed(nn::RandomCrop{.padding = padding},
                       std::vector<float>(xtape::element_count(shape)), shape);
  };
  CHECK_FAILS(crop(3, {3, 7}), xtape::ShapeError,
              "RandomCrop: a mirrored padding of 3 wants more than 3 rows and columns, got images "
              "(3, 7)");
  CHECK_FAILS(crop(4, {9, 4, 3}), xtape::ShapeError,
              "RandomCrop: a mirrored padding of 4 wants more than 4 rows and columns, got images "
              "(9, 4, 3)");
  CHECK_THROWS_AS(crop(std::numeric_limits<std::size_t>::max(), {4, 4}), xtape::ShapeError);
  CHECK(crop(0, {1, 1}).size() == 1);
}

TEST_CASE("AlternatingFlip mirrors each image in every second epoch, a random half at first") {
  const nn::Dataset data = numbered_images(200);
  nn::Batches batches(data, 200, {.transform = nn::AlternatingFlip{}});
  std::vector<bool> first;
  const Array<float> inputs = epoch_of(batches);
  std::size_t flipped = 0, changes = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    first.push_back(is_mirrored(inputs, data, i));
    flipped += first[i];
    changes += i > 0 && first[i] != first[i - 1];
  }
  CHECK((flipped > 70 && flipped < 130));
  CHECK((changes > 70 && changes < 130));
  for (std::size_t epoch = 1; epoch < 6; ++epoch) {
    const Array<float> later = epoch_of(batches);
    for (std::size_t i = 0; i < 200; ++i) {
      REQUIRE(is_mirrored(later, data, i) == (first[i] != (epoch % 2 == 1)));
    }
  }
}

TEST_CASE("AlternatingFlip goes by the number of the image and its seed, in any order") {
  const nn::Dataset data = numbered_images(64);
  const auto mirrored = [&](std::uint64_t order, std::uint64_t seed) {
    Rng rng{order};
    nn::Batches batches(data, 64, rng, {.transform = nn::AlternatingFlip{.seed = seed}});
    const nn::Batch batch = *batches.begin();
    Array<float> inputs, sorted(Shape{64, 3, 5});
    batch.inputs(inputs);
    const xtape::Indices labels = batch.targets;
    for (std::size_t i = 0; i < 64; ++i) {
      std::copy_n(inputs.data() + 15 * i, 15,
                  sorted.data() + 15 * static_cast<std::size_t>(labels[i]));
    }
    std::vector<bool> result;
    for (std::size_t i = 0; i < 64; ++i) {
      result.push_back(is_mirrored(sorted, data, i));
    }
    return result;
  };
  CHECK(mirrored(1, 5) == mirrored(2, 5));
  CHECK(mirrored(1, 5) != mirrored(1, 6));
}

TEST_CASE("AlternatingFlip turns all channels and odd widths") {
  const nn::AlternatingFlip flip;
  const auto both = [&](const std::vector<float>& image, const Shape& shape) {
    auto even = transformed(flip, image, shape, 1, 0, 0);
    auto odd = transformed(flip, image, shape, 1, 0, 1);
    CHECK((even == image) != (odd == image));
    return even == image ? odd : even;
  };
  CHECK(both({1, 2, 3, 4, 5, 6}, {2, 3}) == std::vector<float>{3, 2, 1, 6, 5, 4});
  CHECK(both({1, 2, 3, 4, 5, 6, 7, 8}, {1, 4, 2}) == std::vector<float>{7, 8, 5, 6, 3, 4, 1, 2});
}

TEST_CASE("Cutout covers a square around each pixel alike, cut off at the border") {
  const std::size_t channels = GENERATE(1UL, 3UL), size = GENERATE(0UL, 1UL, 2UL, 3UL, 12UL);
  const std::size_t rows = 5, columns = 4;
  const std::vector<float> image = numbered(rows, columns, channels);
  std::set<std::vector<float>> seen, possible;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    seen.insert(
        transformed(nn::Cutout{.size = size, .value = -1}, image, {rows, columns, channels}, seed));
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::vector<float> covered = image;
      for (std::size_t i = 0; i < rows * columns; ++i) {
        const std::size_t down = i / columns + size / 2, right = i % columns + size / 2;
        if (down >= row && down < row + size && right >= column && right < column + size) {
          std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(i * channels), channels, -1.f);
        }
      }
      possible.insert(covered);
    }
  }
  CHECK(seen == possible);
}

TEST_CASE("Cutout refuses a value that is not finite") {
  for (const float value : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    CHECK_THROWS_AS(transformed(nn::Cutout{.value = value}, numbered(3, 3, 1), {3, 3}),
                    xtape::ValueError);
  }
}

TEST_CASE("Transforms of images refuse samples that are no images") {
  const std::vector<std::pair<std::string, nn::Transform>> transforms{
      {"RandomCrop", nn::RandomCrop{}},
      {"AlternatingFlip", nn::AlternatingFlip{}},
      {"Cutout", nn::Cutout{}}};
  for (const auto& [name, transform] : transforms) {
    CHECK_FAILS(transformed(transform, numbered(3, 5, 1), {15}), xtape::ShapeError,
                name +
                    ": expected images (rows, columns) or (rows, columns, channels), got "
                    "samples (15)");
  }
}

TEST_CASE("Compose applies transforms in order, on one stream of random numbers") {
  const nn::Transform twice = [](nn::Sample& sample) { sample.values[0] *= 2; };
  const nn::Transform more = [](nn::Sample& sample) { sample.values[0] += 1; };
  CHECK(transformed(nn::Compose{twice, more}, {3}, {1, 1})[0] == 7);
  CHECK(transformed(nn::Compose{more, twice}, {3}, {1, 1})[0] == 8);
  CHECK(transformed(nn::Compose{}, {3}, {1, 1})[0] == 3);
  const nn::Transform draw = [](nn::Sample& sample) {
    sample.values[0] += static_cast<float>(sample.rng.uniform());
  };
  CHECK(transformed(nn::Compose{draw, draw}, {0}, {1, 1})[0] !=
        2 * transformed(draw, {0}, {1, 1})[0]);
  CHECK_FAILS((nn::Compose{twice, nn::Transform{}}), xtape::ValueError,
              "Compose: a transform is empty");
}

TEST_CASE("Chained transforms repeat with any number of threads, without allocation", "[threads]") {
  Rng rng{3};
  const nn::Dataset data = random_images(67, {32, 32, 3}, rng);
  const nn::Transform transform =
      nn::Compose{nn::RandomCrop{}, nn::AlternatingFlip{}, nn::Cutout{.size = 12, .value = 0.5f}};
  const auto run = [&](std::size_t threads, std::uint64_t seed) {
    const Threads count(threads);
    Rng order{seed};
    nn::Batches batches(data, data.size(), order, {.transform = transform});
    epoch_of(batches);
    return epoch_of(batches);
  };
  const Array<float> one = run(1, 1);
  CHECK((run(2, 1) == one));
  CHECK((run(3, 1) == one));
  CHECK((run(1, 2) != one));

  nn::Batches batches(data, data.size(), {.transform = transform});
  const nn::Batch batch = *batches.begin();
  Array<float> out;
  batch.inputs(out);
  const std::size_t allocations = allocation_count();
  batch.inputs(out);
  CHECK(allocation_count() == allocations);
}
