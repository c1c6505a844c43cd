#include "nn/data/dataset.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/losses.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
using nn::Samples;
using xtape::Array;
using xtape::Shape;

namespace {

template <class E>
std::vector<E> elements(const Samples& samples) {
  const auto all = samples.as<E>();
  return {all.begin(), all.end()};
}

std::vector<std::int64_t> labels(const nn::Dataset& data) {
  return elements<std::int64_t>(data.targets);
}

}  // namespace

TEST_CASE("Samples take elements of each type from any contiguous range") {
  const std::vector<float> floats{1, 2, 3, 4, 5, 6};
  const Samples of_vector(floats, {2}), of_span(std::span<const float>(floats), {3});
  const Samples of_buffer(xtape::Buffer<std::uint8_t>{1, 2});
  const Samples of_array = std::array<double, 2>{1.5, 2.5}, of_text(std::string("ab"));
  CHECK(of_vector.size() == 3);
  CHECK((of_vector.shape() == Shape{2}));
  CHECK(of_vector.sample_size() == 2);
  CHECK(elements<float>(of_vector) == floats);
  CHECK(of_vector.sample<float>(2)[1] == 6);
  CHECK(of_span.size() == 2);
  CHECK(of_buffer.is<std::uint8_t>());
  CHECK((of_buffer.shape() == Shape{}));
  CHECK(elements<double>(of_array) == std::vector{1.5, 2.5});
  CHECK(elements<std::int64_t>(of_text) == std::vector<std::int64_t>{'a', 'b'});
  CHECK(elements<std::int64_t>(Samples(std::vector<std::size_t>{7})) ==
        std::vector<std::int64_t>{7});
  CHECK(elements<std::int64_t>(Samples(std::vector<short>{-7})) == std::vector<std::int64_t>{-7});
}

TEST_CASE("Samples take the rows of an array") {
  const Samples samples = Array<double>{{{1, 2}}, {{3, 4}}};
  CHECK(samples.size() == 2);
  CHECK((samples.shape() == Shape{1, 2}));
  CHECK(elements<double>(samples) == std::vector<double>{1, 2, 3, 4});
  CHECK((Samples(Array<float>(Shape{0, 3})).shape() == Shape{3}));
  CHECK_THROWS_WITH(Samples(Array<float>(Shape{}, 1.F)),
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
  CHECK(elements<std::int64_t>(part) == std::vector<std::int64_t>{2, 3, 4, 5});
  CHECK(part.slice(1, 1).as<std::int64_t>().data() == memory + 4);
  CHECK(part.slice(2, 0).size() == 0);
  CHECK_THROWS_WITH(part.slice(1, 2), "Samples: there are no 2 samples from 1 on, only 2 in all");
  CHECK_THROWS_AS(part.slice(3, 0), xtape::ValueError);
  CHECK_THROWS_AS(part.slice(1, std::numeric_limits<std::size_t>::max()), xtape::ValueError);
}

TEST_CASE("Samples tell what they cannot hold") {
  CHECK_THROWS_WITH(Samples(std::vector<float>(13), {4}),
                    "Samples: 13 elements do not make whole samples (4)");
  CHECK_THROWS_WITH(Samples(std::vector<float>(4), {2, 0}),
                    "Samples: a sample (2, 0) holds no elements");
  CHECK_THROWS_AS(Samples(std::vector<float>(4), {1UL << 33, 1UL << 33}), xtape::ShapeError);
  CHECK_THROWS_WITH(Samples(std::vector<std::size_t>{std::size_t{1} << 63}),
                    "Samples: 9223372036854775808 does not fit in 64 bits");
  const Samples bytes(std::vector<std::uint8_t>{1, 2});
  CHECK_THROWS_WITH(bytes.as<float>(), "Samples: the elements are bytes, not floats");
  CHECK_THROWS_WITH(bytes.sample<std::uint8_t>(2), "Samples: there is no sample 2 of 2");
  CHECK_THROWS_WITH(xtape::Indices(Samples(std::vector<float>{1})),
                    "Samples: floats are no class labels");
  CHECK(Samples().size() == 0);
}

TEST_CASE("Samples reshape and gather") {
  const Samples images(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 2});
  const Samples rows = images.reshape({4});
  CHECK((rows.shape() == Shape{4}));
  CHECK(rows.as<float>().data() == images.as<float>().data());
  CHECK_THROWS_WITH(images.reshape({3}), "Samples: a sample (2, 2) does not reshape to (3)");
  const std::vector<std::size_t> twice{1, 1, 0}, beyond{2};
  CHECK(elements<float>(images.gather(twice)) ==
        std::vector<float>{5, 6, 7, 8, 5, 6, 7, 8, 1, 2, 3, 4});
  CHECK_THROWS_WITH(images.gather(beyond), "Samples: there is no sample 2 of 2");
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
  CHECK_THROWS_AS(nn::Dataset(Samples(std::vector{1.F, 2.F}), Samples(std::vector{1})),
                  xtape::ShapeError);
  CHECK_THROWS_WITH(nn::Dataset(std::vector{1.F, 2.F}, std::vector{1}),
                    "Dataset: got 2 features and 1 targets");
  CHECK(nn::Dataset().size() == 0);
}

TEST_CASE("split gives two views") {
  const nn::Dataset data = numbered_images(10);
  const auto [train, validation] = nn::split(data, 3);
  CHECK(labels(train) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(labels(validation) == std::vector<std::int64_t>{7, 8, 9});
  CHECK(validation.features.as<std::uint8_t>().data() ==
        data.features.sample<std::uint8_t>(7).data());
  CHECK(nn::split(data, 0).second.size() == 0);
  CHECK(nn::split(data, 10).first.size() == 0);
  CHECK_THROWS_WITH(nn::split(data, 11), "split: cannot take 11 of 10 samples");
}

TEST_CASE("shuffled keeps each sample with its target") {
  xtape::Rng rng(3);
  const nn::Dataset data = numbered_images(50), mixed = nn::shuffled(data, rng);
  std::vector<std::int64_t> order = labels(mixed);
  for (std::size_t i = 0; i < 50; ++i) {
    REQUIRE(mixed.features.sample<std::uint8_t>(i)[1] == order[i] + 31);
  }
  CHECK(order != labels(data));
  std::sort(order.begin(), order.end());
  CHECK(order == labels(data));
}

TEST_CASE("Weights of samples follow from their classes") {
  const std::vector<int> classes{0, 2, 0, 0};
  CHECK(nn::balanced_weights(classes) == std::vector<double>{1 / 3., 1, 1 / 3., 1 / 3.});
  CHECK(nn::class_weights(classes, std::vector<double>{5, 6, 7}) ==
        std::vector<double>{5, 7, 5, 5});
  CHECK_THROWS_WITH(nn::class_weights(classes, std::vector<double>{5}),
                    "class_weights: label 2 of sample 1 is not one of the 1 classes");
  CHECK_THROWS_AS(nn::balanced_weights(std::vector{0, -1}), xtape::ValueError);
  CHECK(nn::balanced_weights(std::vector<int>{}).empty());
}

TEST_CASE("Losses take the targets of a batch") {
  const Array<float> logits{{1, 2}, {3, 1}};
  const Samples features(std::vector<float>{0, 0}), classes(std::vector{1, 0});
  const Samples shares = Array<float>{{0, 1}, {1, 0}};
  xtape::Tape tape;
  const auto z = tape.constant(logits);
  const auto batch_of = [&](const Samples& targets) { return nn::Batches({features, targets}, 2); };
  auto with_classes = batch_of(classes), with_shares = batch_of(shares);
  const auto by_class = nn::SoftmaxCrossEntropy{}(z, (*with_classes.begin()).targets);
  const auto by_share = nn::SoftmaxCrossEntropy{}(z, (*with_shares.begin()).targets);
  CHECK(by_class.item() == Approx(nn::SoftmaxCrossEntropy{}(z, std::vector{1, 0}).item()));
  CHECK(by_share.item() == Approx(by_class.item()));
  CHECK(nn::MSE{}(z, (*with_shares.begin()).targets).item() == Approx((1 + 1 + 4 + 1) / 4.));
}
