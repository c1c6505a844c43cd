#include "nn/data/dataset.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "nn/losses.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
using nn::Samples;
using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;
using xtape::ValueError;

namespace {

using Integers = std::vector<std::int64_t>;

Integers integers(const Samples& samples) { return elements_of<std::int64_t>(samples); }

}  // namespace

TEST_CASE("Samples take elements of each type from any contiguous range") {
  const std::vector<float> floats{1, 2, 3, 4, 5, 6};
  const Samples of_vector(floats, {2}), of_span(std::span<const float>(floats), {3});
  const Samples of_buffer(xtape::Buffer<std::uint8_t>{1, 2});
  const Samples of_array = std::array<double, 2>{1.5, 2.5}, of_text(std::string("ab"));
  CHECK(of_vector.size() == 3);
  CHECK((of_vector.shape() == Shape{2}));
  CHECK(of_vector.sample_size() == 2);
  CHECK(elements_of<float>(of_vector) == floats);
  CHECK(of_vector.sample<float>(2)[1] == 6);
  CHECK(of_span.size() == 2);
  CHECK(of_buffer.is<std::uint8_t>());
  CHECK((of_buffer.shape() == Shape{}));
  CHECK(elements_of<double>(of_array) == std::vector{1.5, 2.5});
  CHECK(integers(of_text) == Integers{'a', 'b'});
  CHECK(integers(Samples(std::vector<std::size_t>{7})) == Integers{7});
  CHECK(integers(Samples(std::vector<short>{-7})) == Integers{-7});
  CHECK(Samples().size() == 0);
}

TEST_CASE("Samples take the rows of an array") {
  const Samples samples = Array<double>{{{1, 2}}, {{3, 4}}};
  CHECK(samples.size() == 2);
  CHECK((samples.shape() == Shape{1, 2}));
  CHECK(elements_of<double>(samples) == std::vector<double>{1, 2, 3, 4});
  CHECK((Samples(Array<float>(Shape{0, 3})).shape() == Shape{3}));
  CHECK_FAILS(Samples(Array<float>(Shape{}, 1.F)), ShapeError,
              "Samples: expected an array (samples, ...), got ()");
}

TEST_CASE("Samples keep the memory of what is moved in, and copy the rest") {
  std::vector<float> moved{1, 2}, copied{3, 4};
  const float* const memory = moved.data();
  CHECK(Samples(std::move(moved)).as<float>().data() == memory);
  const Samples copy(copied);
  copied[0] = 0;
  CHECK(copy.as<float>()[0] == 3);
}

TEST_CASE("Slices and copies share the elements and outlive their samples") {
  Samples part;
  const std::int64_t* memory = nullptr;
  {
    Samples all(std::vector<int>{0, 1, 2, 3, 4, 5}, {2});
    memory = all.as<std::int64_t>().data();
    part = all.slice(1, 2);
    const Samples taker = std::move(all);
    CHECK(all.size() == 3);  // moved from, and still whole
  }
  CHECK(part.as<std::int64_t>().data() == memory + 2);
  CHECK(integers(part) == Integers{2, 3, 4, 5});
  CHECK(part.slice(1, 1).as<std::int64_t>().data() == memory + 4);
  CHECK(part.slice(2, 0).size() == 0);
  CHECK_FAILS(part.slice(1, 2), ValueError,
              "Samples: there are no 2 samples from 1 on, only 2 in all");
  CHECK_THROWS_AS(part.slice(3, 0), ValueError);
  CHECK_THROWS_AS(part.slice(1, std::numeric_limits<std::size_t>::max()), ValueError);
}

TEST_CASE("Samples tell what they cannot hold") {
  const std::vector<float> floats(4);
  CHECK_FAILS(Samples(floats, {3}), ShapeError,
              "Samples: 4 elements do not make whole samples (3)");
  CHECK_FAILS(Samples(floats, {2, 0}), ShapeError, "Samples: a sample (2, 0) holds no elements");
  CHECK_THROWS_AS(Samples(floats, {1UL << 33, 1UL << 33}), ShapeError);
  CHECK_FAILS(Samples(std::vector<std::size_t>{std::size_t{1} << 63}), ValueError,
              "Samples: 9223372036854775808 does not fit in 64 bits");
  const Samples bytes(std::vector<std::uint8_t>{1, 2});
  CHECK_FAILS(bytes.as<float>(), ValueError, "Samples: the elements are bytes, not floats");
  CHECK_FAILS(bytes.sample<std::uint8_t>(2), ValueError, "Samples: there is no sample 2 of 2");
  CHECK_FAILS(xtape::Indices(Samples(floats)), ValueError, "Samples: floats are no class labels");
}

TEST_CASE("Samples reshape and gather") {
  const Samples images(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 2});
  const Samples rows = images.reshape({4});
  CHECK((rows.shape() == Shape{4}));
  CHECK(rows.as<float>().data() == images.as<float>().data());
  CHECK_FAILS(images.reshape({3}), ShapeError, "Samples: a sample (2, 2) does not reshape to (3)");
  const std::vector<std::size_t> twice{1, 1, 0}, beyond{2};
  CHECK(elements_of<float>(images.gather(twice)) ==
        std::vector<float>{5, 6, 7, 8, 5, 6, 7, 8, 1, 2, 3, 4});
  CHECK_FAILS(images.gather(beyond), ValueError, "Samples: there is no sample 2 of 2");
}

TEMPLATE_TEST_CASE("All samples can be written to a tape", "", float, double) {
  xtape::Tape<TestType> tape;
  const Samples samples(std::vector<std::uint8_t>{0, 51, 255, 0}, {2});
  const auto x = tape.constant(samples);
  CHECK((x.shape() == Shape{2, 2}));
  CHECK(x.value()(0, 1) == Approx(0.2));
  CHECK(x.value()(1, 0) == 1);
}

TEST_CASE("A dataset wants a target for each sample") {
  CHECK_FAILS(nn::Dataset(std::vector{1.F, 2.F}, std::vector{1}), ShapeError,
              "Dataset: got 2 features and 1 targets");
  CHECK(nn::Dataset().size() == 0);
}

TEST_CASE("split gives two views") {
  const nn::Dataset data = numbered_images(10);
  const auto [train, validation] = nn::split(data, 3);
  CHECK(integers(train.targets) == Integers{0, 1, 2, 3, 4, 5, 6});
  CHECK(integers(validation.targets) == Integers{7, 8, 9});
  CHECK(validation.features.as<std::uint8_t>().data() ==
        data.features.sample<std::uint8_t>(7).data());
  CHECK(nn::split(data, 0).second.size() == 0);
  CHECK(nn::split(data, 10).first.size() == 0);
  CHECK_FAILS(nn::split(data, 11), ValueError, "split: cannot take 11 of 10 samples");
}

TEST_CASE("shuffled keeps each sample with its target") {
  xtape::Rng rng(3);
  const nn::Dataset data = numbered_images(50), mixed = nn::shuffled(data, rng);
  Integers order = integers(mixed.targets);
  for (std::size_t i = 0; i < 50; ++i) {
    REQUIRE(mixed.features.sample<std::uint8_t>(i)[1] == order[i] + 31);
  }
  CHECK(order != integers(data.targets));
  std::sort(order.begin(), order.end());
  CHECK(order == integers(data.targets));
}

TEST_CASE("Weights of samples follow from their classes") {
  const std::vector<int> classes{0, 2, 0, 0};
  CHECK(nn::balanced_weights(classes) == std::vector<double>{1 / 3., 1, 1 / 3., 1 / 3.});
  CHECK(nn::class_weights(classes, std::vector<double>{5, 6, 7}) ==
        std::vector<double>{5, 7, 5, 5});
  CHECK_FAILS(nn::class_weights(classes, std::vector<double>{5}), ValueError,
              "class_weights: label 2 of sample 1 is not one of the 1 classes");
  CHECK_THROWS_AS(nn::balanced_weights(std::vector{0, -1}), ValueError);
  CHECK(nn::balanced_weights(std::vector<int>{}).empty());
}

TEST_CASE("Losses take the targets of a batch") {
  const std::vector<float> features{0, 0};
  const std::vector classes{1, 0};
  nn::Batches with_classes({features, classes}, 2);
  nn::Batches with_shares({features, Array<float>{{0, 1}, {1, 0}}}, 2);
  xtape::Tape tape;
  const auto z = tape.constant(Array<float>{{1, 2}, {3, 1}});
  const nn::SoftmaxCrossEntropy criterion;
  const auto wanted = Approx(criterion(z, classes).item());
  CHECK(criterion(z, (*with_classes.begin()).targets).item() == wanted);
  CHECK(criterion(z, (*with_shares.begin()).targets).item() == wanted);
  CHECK(nn::MSE{}(z, (*with_shares.begin()).targets).item() == Approx((1 + 1 + 4 + 1) / 4.));
}
