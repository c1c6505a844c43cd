#include "nn/data/augment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;

namespace {

using Image = std::vector<float>;

/// What warp() makes of an image.
Image moved(Image image, std::size_t rows, std::size_t columns, const nn::Affine& affine,
            const float* dx = nullptr, const float* dy = nullptr) {
  std::vector<float> padded(nn::detail::warp_size(rows, columns));
  nn::detail::warp({image.data(), rows, columns, 1}, affine, dx, dy, padded.data());
  return image;
}

/// `count` images of 28 x 28 pixels.
template <class Pixel>
nn::Dataset images(std::size_t count, Pixel pixel) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < count * 784; ++i) {
    bytes.push_back(pixel(i % 28, i / 28 % 28));
  }
  return {nn::Samples(std::move(bytes), {28, 28}), std::vector<int>(count)};
}

/// Images of a disc in the middle, far from the edges.
nn::Dataset discs(std::size_t count) {
  return images(count, [](std::size_t column, std::size_t row) -> std::uint8_t {
    const double x = static_cast<double>(column) - 13.5, y = static_cast<double>(row) - 13.5;
    return x * x + y * y < 36 ? 255 : 0;
  });
}

/// All images in one batch.
template <class T = float>
Array<T> augmented(const nn::Dataset& data, const nn::AugmentOptions& options,
                   std::uint64_t seed = 1) {
  Rng rng{seed};
  nn::Batches batches(data, data.size(), rng, {.transform = nn::Augment(options)});
  Array<T> out;
  (*batches.begin()).inputs(out);
  return out;
}

double mass(const Array<float>& array) {
  return std::accumulate(array.storage().begin(), array.storage().end(), 0.);
}

/// A field of displacements on a large grid.
std::vector<float> field(double alpha, double sigma, std::size_t size, std::uint64_t seed) {
  const std::vector<float> weights = nn::detail::gaussian(sigma);
  std::vector<float> noise(nn::detail::elastic_noise_size(weights.size() / 2, size, size));
  std::vector<float> result(size * size + 31);
  Rng rng{seed};
  nn::detail::elastic_field(alpha, weights, size, size, rng, noise.data(), result.data());
  result.resize(size * size);
  return result;
}

double correlation(const std::vector<float>& values, std::size_t size, std::size_t distance) {
  double products = 0, squares = 0;
  for (std::size_t row = 0; row < size; ++row) {
    for (std::size_t column = 0; column + distance < size; ++column) {
      const double a = values[row * size + column], b = values[row * size + column + distance];
      products += a * b;
      squares += a * a;
    }
  }
  return products / squares;
}

}  // namespace

TEMPLATE_TEST_CASE("Augment without any strength leaves pixels as they are", "", float, double) {
  const nn::Dataset data = numbered_images(6);
  nn::Batches batches(data, 6), stage(data, 6, {.transform = nn::Augment({})});
  Array<TestType> plain, same;
  (*batches.begin()).inputs(plain);
  (*stage.begin()).inputs(same);
  REQUIRE((same.shape() == Shape{6, 3, 5}));
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(same.data()[i] == Approx(plain.data()[i]).margin(1e-6));
  }
}

TEST_CASE("warp moves an image, fills with 0, interpolates, turns and scales from the centre") {
  const Image image{1, 2, 3,  //
                    4, 5, 6};
  CHECK((moved(image, 2, 3, {.x0 = 1}) == Image{0, 1, 2, 0, 4, 5}));
  CHECK((moved(image, 2, 3, {.x0 = -2}) == Image{3, 0, 0, 6, 0, 0}));
  CHECK((moved(image, 2, 3, {.y0 = 1}) == Image{0, 0, 0, 1, 2, 3}));
  CHECK((moved(image, 2, 3, {.x0 = 100, .y0 = -1e9}) == Image(6, 0)));

  CHECK((moved({100, 200}, 1, 2, {.x0 = 0.25}) == Image{75, 175}));
  CHECK((moved({100, 200}, 1, 2, {.x0 = 0.5, .y0 = 0.5}) == Image{25, 75}));
  // 90 degrees counter-clockwise
  CHECK((moved({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3, {.xx = 0, .xy = 1, .yx = -1, .yy = 0}) ==
         Image{3, 6, 9, 2, 5, 8, 1, 4, 7}));
  CHECK((moved({10, 20, 30, 40, 50}, 1, 5, {.xx = 2}) == Image{20, 25, 30, 35, 40}));
}

TEST_CASE("warp takes each pixel from where its displacement points") {
  const Image image{10, 20, 30, 40};
  const std::vector<float> dx{1, 0, -1, -1}, dy{0, 1, 0, -1};
  CHECK((moved(image, 2, 2, {}, dx.data(), dy.data()) == Image{20, 40, 0, 10}));
}

TEST_CASE("random_affine stays within the options, reaches far and keeps areas") {
  Rng rng;
  const nn::AugmentOptions options{.shift = 3, .rotation = 20, .scale = 0.1};
  double most_shift = 0, most_angle = 0, most_scale = 0;
  for (int i = 0; i < 2000; ++i) {
    const nn::Affine a = nn::detail::random_affine(options, rng);
    const double angle = std::abs(std::atan2(-a.yx, a.xx)) * 180 / std::acos(-1.);
    most_shift = std::max({most_shift, std::abs(a.x0), std::abs(a.y0)});
    most_angle = std::max(most_angle, angle);
    most_scale = std::max(most_scale, std::abs(std::hypot(a.xx, a.yx) - 1));
  }
  CHECK((most_shift > 2.9 && most_shift <= 3));
  CHECK((most_angle > 19.5 && most_angle <= 20.0001));
  CHECK((most_scale > 0.099 && most_scale <= 0.1 + 1e-9));
  for (int i = 0; i < 20; ++i) {
    const nn::Affine a = nn::detail::random_affine({.rotation = 90, .shear = 0.5}, rng);
    CHECK(a.xx * a.yy - a.xy * a.yx == Approx(1));
    const nn::Affine sheared = nn::detail::random_affine({.shear = 0.5}, rng);
    CHECK(sheared.xx == Approx(1));
    CHECK(sheared.yx == 0);
    CHECK(std::abs(sheared.xy) <= 0.5);
  }
}

TEST_CASE("gaussian weights are symmetric, add up to 1 and reach 3 sigma") {
  const std::vector<float> weights = nn::detail::gaussian(4);
  REQUIRE(weights.size() == 25);
  CHECK(std::accumulate(weights.begin(), weights.end(), 0.) == Approx(1));
  CHECK(weights[0] == weights[24]);
  CHECK(weights[8] / weights[12] == Approx(std::exp(-0.5)));
}

TEST_CASE("elastic displacements have mean 0, the deviation that Augment states, and are smooth") {
  const std::size_t size = 500;  // some 5000 patches of 4 sigma each
  const std::vector<float> values = field(34, 4, size, 3);
  double mean = 0, square = 0, edge = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean += values[i];
    square += values[i] * values[i];
    edge += i % size == 0 ? values[i] * values[i] : 0;
  }
  const auto count = static_cast<double>(values.size());
  const double stated = 34 / (2 * 4 * std::sqrt(3 * std::acos(-1.)));
  CHECK(stated == Approx(1.384).epsilon(0.001));
  CHECK(std::abs(mean / count) < 0.1);
  CHECK(std::sqrt(square / count) == Approx(stated).epsilon(0.05));
  CHECK(std::sqrt(edge / static_cast<double>(size)) == Approx(stated).epsilon(0.3));
  // As smooth as a Gaussian makes white noise.
  CHECK(correlation(values, size, 1) == Approx(std::exp(-1. / 64)).epsilon(0.01));
  CHECK(correlation(values, size, 4) == Approx(std::exp(-16. / 64)).epsilon(0.05));
  CHECK(std::abs(correlation(values, size, 40)) < 0.1);
}

TEST_CASE("Augment keeps the mass of an image, roughly") {
  const nn::Dataset data = discs(200);
  const double before = mass(augmented(data, {}));
  CHECK(mass(augmented(data, {.shift = 3})) == Approx(before).epsilon(0.001));
  CHECK(mass(augmented(data, {.rotation = 30})) == Approx(before).epsilon(0.005));
  CHECK(mass(augmented(data, {.elastic = 34})) == Approx(before).epsilon(0.05));
}

TEST_CASE("Augment gives each image a distortion of its own") {
  const nn::Dataset data = discs(2);
  const Array<float> out = augmented(data, {.elastic = 34});
  double difference = 0;
  for (std::size_t i = 0; i < 784; ++i) {
    difference += std::abs(out.data()[i] - out.data()[784 + i]);
  }
  CHECK(difference > 10);
}

TEST_CASE("Augment displaces along x and along y independently") {
  // A ramp along x - y, which equal displacements along both would leave as it is.
  const nn::Dataset ramp = images(10, [](std::size_t x, std::size_t y) {
    return static_cast<std::uint8_t>(128 + 4 * x - 4 * y);
  });
  const auto pixels = ramp.features.as<std::uint8_t>();
  const Array<float> out = augmented(ramp, {.elastic = 34});
  for (std::size_t image = 0; image < 10; ++image) {
    double squares = 0;
    for (std::size_t i = 0; i < 8 * 8; ++i) {
      const std::size_t pixel = image * 784 + (10 + i / 8) * 28 + 10 + i % 8;
      squares += std::pow(static_cast<double>(out.data()[pixel]) - pixels[pixel] / 255., 2);
    }
    CHECK(std::sqrt(squares / 64) > 1e-3);
  }
}

TEST_CASE("Augment depends on the seed and not on the number of threads", "[threads]") {
  const nn::Dataset data = discs(67);
  const nn::AugmentOptions options{
      .shift = 2, .rotation = 10, .scale = 0.1, .shear = 0.1, .elastic = 34};
  const auto with_threads = [&](std::size_t count) {
    const Threads threads(count);
    return augmented(data, options);
  };
  const Array<float> one = with_threads(1);
  CHECK((with_threads(2) == one));
  CHECK((with_threads(3) == one));
  CHECK((augmented(data, options, 2) != one));
}

TEST_CASE("Augment moves all channels of an image alike") {
  Rng rng{5};
  const nn::Dataset grey = random_images(40, {12, 9}, rng);
  std::vector<std::uint8_t> pixels;
  for (const std::uint8_t pixel : grey.features.as<std::uint8_t>()) {
    pixels.insert(pixels.end(), {pixel, static_cast<std::uint8_t>(255 - pixel), 0});
  }
  const nn::Dataset colour{nn::Samples(std::move(pixels), {12, 9, 3}), grey.targets};
  const nn::AugmentOptions options{.shift = 2, .rotation = 10, .elastic = 34};
  const Array<float> one = augmented(grey, options), three = augmented(colour, options);
  REQUIRE((three.shape() == Shape{40, 12, 9, 3}));
  double inside = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    REQUIRE(three.data()[3 * i] == one.data()[i]);
    REQUIRE(three.data()[3 * i + 2] == 0);
    const float both = one.data()[i] + three.data()[3 * i + 1];  // 1 but for the border
    REQUIRE(both <= Approx(1));
    inside += both > 0.999f;
  }
  CHECK(inside > 0.5 * static_cast<double>(one.size()));
}

TEST_CASE("Augment refuses samples that are no images") {
  const nn::Dataset flat{numbered_images(2).features.reshape({15}), std::vector{0, 1}};
  CHECK_FAILS(augmented(flat, {}), xtape::ShapeError,
              "Augment: expected images (rows, columns) or (rows, columns, channels), got samples "
              "(15)");
}

TEST_CASE("Augment allocates nothing after its first batch", "[threads]") {
  const nn::Dataset data = discs(64);
  nn::Batches batches(data, 64, {.transform = nn::Augment({.rotation = 10, .elastic = 34})});
  const nn::Batch batch = *batches.begin();
  Array<float> out;
  batch.inputs(out);
  const std::size_t allocations = allocation_count();
  batch.inputs(out);
  CHECK(allocation_count() == allocations);
}

TEST_CASE("warp takes what is no number for a place outside the image") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Image image{10, 20, 30, 40};
  for (const float hostile : {nan, -nan, infinity, -infinity, 3e38f, -3e38f}) {
    CAPTURE(hostile);
    const std::vector<float> dx{0, hostile, 0, hostile}, dy{0, 0, hostile, hostile};
    CHECK((moved(image, 2, 2, {}, dx.data(), dy.data()) == Image{10, 0, 0, 0}));
    const double wide = hostile;
    for (const nn::Affine& affine :
         {nn::Affine{.x0 = wide}, nn::Affine{.y0 = wide}, nn::Affine{.x0 = 1e300, .y0 = wide}}) {
      CHECK((moved(image, 2, 2, affine) == Image(4, 0)));
    }
    // What cannot be inverted: anything may come out that is a mixture of pixels.
    for (const nn::Affine& affine :
         {nn::Affine{.xx = wide}, nn::Affine{.xx = 0}, nn::Affine{.xx = wide, .xy = 1, .yx = wide},
          nn::Affine{.xx = 1e200, .yy = 1e200}, nn::Affine{.xx = 1e-200, .yy = 1e-200}}) {
      for (const float pixel : moved(image, 2, 2, affine)) {
        CHECK((pixel >= 0 && pixel <= 40));
      }
    }
  }
}

TEST_CASE("Augment gives pixels for the greatest amounts that it takes") {
  const nn::Dataset data = discs(300);
  const double shift = nn::AugmentOptions::max_shift, rotation = nn::AugmentOptions::max_rotation,
               shear = nn::AugmentOptions::max_shear, elastic = nn::AugmentOptions::max_elastic,
               scale = std::nextafter(1., 0.);
  const std::vector<nn::AugmentOptions> extremes{
      {.shift = shift},
      {.rotation = rotation},
      {.scale = scale, .shear = shear},
      {.shift = shift, .scale = scale, .shear = shear},
      {.elastic = elastic},
      {.elastic = elastic, .smoothing = 64},
      {.shift = shift, .rotation = rotation, .scale = scale, .shear = shear, .elastic = elastic}};
  for (const nn::AugmentOptions& options : extremes) {
    const Array<float> out = augmented(data, options);
    const auto [least, most] = std::minmax_element(out.storage().begin(), out.storage().end());
    CHECK(std::none_of(out.storage().begin(), out.storage().end(),
                       [](float pixel) { return std::isnan(pixel); }));
    CHECK(*least >= 0);
    CHECK(*most <= 1.0001f);
  }
}

TEST_CASE("Augment refuses options out of range") {
  const auto refuses = [](const nn::AugmentOptions& options, const std::string& message) {
    CHECK_FAILS(nn::Augment{options}, xtape::ValueError, "Augment: expected " + message);
  };
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  refuses({.shift = -1}, "a shift from 0 to 10000 pixels, got -1");
  refuses({.shift = 1e308}, "a shift from 0 to 10000 pixels, got 1e+308");
  refuses({.rotation = infinity}, "a rotation from 0 to 360 degrees, got inf");
  refuses({.rotation = 360.5}, "a rotation from 0 to 360 degrees, got 360.5");
  refuses({.scale = 1}, "a scale of at least 0 and below 1, got 1");
  refuses({.scale = nan}, "a scale of at least 0 and below 1, got nan");
  refuses({.shear = nan}, "a shear from 0 to 10, got nan");
  refuses({.shear = 1e308}, "a shear from 0 to 10, got 1e+308");
  refuses({.elastic = -34}, "elastic from 0 to 10000, got -34");
  refuses({.elastic = 1e39}, "elastic from 0 to 10000, got 1e+39");
  refuses({.elastic = 1, .smoothing = 0}, "a smoothing from 0.5 to 64 pixels, got 0");
}
