#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <ranges>
#include <set>

#include "autograd/tape.hpp"
#include "tests/nn/data/batches_walk.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;
using xtape::ValueError;

TEMPLATE_TEST_CASE("Batches give every image once an epoch, in order unless they have an Rng", "",
                   float, double) {
  const auto check = [](std::size_t count, std::size_t batch_size, const Sizes& sizes,
                        bool drop_last = false) {
    CAPTURE(count, batch_size, drop_last);
    const nn::Dataset data = numbered_images(count);
    const nn::BatchOptions options{.drop_last = drop_last};
    const std::size_t given = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
    Rng rng(7);
    nn::Batches plain(data, batch_size, options), shuffled(data, batch_size, rng, options);
    for (nn::Batches* batches : {&plain, &plain, &shuffled, &shuffled}) {
      Sizes found;
      const Labels labels = sorted(walk<TestType>(*batches, &found));
      CHECK(found == sizes);
      CHECK(batches->size() == sizes.size());
      CHECK(batches->samples() == given);
      CHECK(!batches->position().within_epoch);
      CHECK(std::set(labels.begin(), labels.end()).size() == given);
      CHECK((given == 0 || (labels.front() >= 0 && labels.back() < static_cast<int>(count))));
    }
    CHECK(walk<TestType>(plain) == in_order(given));
  };
  check(23, 5, {5, 5, 5, 5, 3});
  check(200, 64, {64, 64, 64, 8});
  check(10, 11, {10});
  check(10, 10, {10});
  check(10, std::numeric_limits<std::size_t>::max(), {10});
  check(10, 1, Sizes(10, 1));
  check(1, 4, {1});
  check(0, 4, {});
  const bool drop_last = true;
  check(23, 5, {5, 5, 5, 5}, drop_last);
  check(20, 5, {5, 5, 5, 5}, drop_last);
  check(4, 5, {}, drop_last);
}

TEST_CASE("The order of Batches is new in each epoch, and follows from the state of the Rng") {
  const nn::Dataset data = numbered_images(100);
  Rng rng(7);
  nn::Batches batches(data, 10, rng);
  const Labels first = walk(batches);
  const Rng::State between = rng.state();
  const Labels second = walk(batches);
  CHECK(first != in_order(100));
  CHECK(second != first);

  Rng same(7), other(8), continued(1);
  continued.restore(between);
  nn::Batches with_same(data, 33, same), with_other(data, 10, other), resumed(data, 10, continued);
  CHECK(walk(with_same) == first);
  CHECK(walk(with_same) == second);
  CHECK(walk(with_other) != first);
  CHECK(walk(resumed) == second);
}

TEMPLATE_TEST_CASE("Bytes become byte / 255", "", float, double) {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  const nn::Samples samples(std::move(bytes), {1, 256});
  xtape::Tape<TestType> tape;
  for (const auto& batch : nn::Batches({samples, samples}, 1)) {
    for (const auto& side : {batch.inputs, batch.targets}) {
      const Array<TestType>& pixels = tape.constant(side).value();
      REQUIRE((pixels.shape() == Shape{1, 1, 256}));
      CHECK(pixels(0, 0, 0) == TestType(0));
      CHECK(pixels(0, 0, 255) == TestType(1));
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const TestType wanted = static_cast<TestType>(byte) / TestType(255);
        CHECK(pixels(0, 0, byte) >= std::nextafter(wanted, TestType(-1)));
        CHECK(pixels(0, 0, byte) <= std::nextafter(wanted, TestType(2)));
      }
    }
  }
}

TEMPLATE_TEST_CASE("Batches give elements of every type and shape", "", float, double) {
  const auto check = [](const auto& elements) {
    const nn::Dataset data{nn::Samples(elements, {2, 1, 1, 1, 1, 1}), nn::Samples(elements, {2})};
    Array<TestType> inputs, targets;
    for (const auto& batch : nn::Batches(data, 3)) {
      batch.inputs(inputs);
      batch.targets(targets);
      CHECK((inputs.shape() == Shape{3, 2, 1, 1, 1, 1, 1}));
      CHECK((targets.shape() == Shape{3, 2}));
      for (std::size_t i = 0; i < 6; ++i) {
        CHECK(inputs.data()[i] == static_cast<TestType>(elements[i]));
        CHECK(targets.data()[i] == static_cast<TestType>(elements[i]));
        const auto sample =
            batch.inputs.template sample<std::decay_t<decltype(elements[0])>>(i / 2);
        CHECK(sample[i % 2] == elements[i]);
      }
    }
  };
  check(std::vector<std::int64_t>{-1, 2, 3, 4, 5, 1 << 20});
  check(std::vector<float>{-1, 0.1F, 3, 4, 5, 1e30F});
  check(std::vector<double>{-1, 0.1, 3, 4, 5, 1e30});
}

TEST_CASE("The targets of a batch are indices if they are integers, of any shape") {
  const std::vector<std::uint8_t> tokens{1, 2, 3, 4, 5, 6};
  const nn::Dataset data{std::vector{0.F, 1.F, 2.F}, nn::Samples(tokens, {2})};
  std::vector<Labels> seen;
  for (const auto& batch : nn::Batches(data, 2)) {
    seen.push_back(labels_of(batch));
    CHECK_FAILS(xtape::Indices(batch.inputs), ValueError,
                "Samples: the elements are floats, not 64-bit integers");
  }
  CHECK(seen == std::vector<Labels>{{1, 2, 3, 4}, {5, 6}});
}

TEST_CASE("Batches of many pixels are the same for any number of threads", "[threads]") {
  Rng rng(3);
  const nn::Dataset data = random_images(131, {28, 28}, rng);
  const auto bytes = data.features.as<std::uint8_t>();
  for (const std::size_t threads : {1UL, 2UL, 3UL}) {
    const Threads guard(threads);
    nn::Batches batches(data, 65);
    const std::vector<float> pixels = numbers_of(batches);
    REQUIRE(pixels.size() == bytes.size());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      REQUIRE(std::lround(255 * pixels[i]) == bytes[i]);
    }
  }
}

TEST_CASE("A Batch stays valid until the next epoch begins") {
  Rng rng(5);
  nn::Batches batches(numbered_images(10), 4, rng);
  std::vector<nn::Batch> kept;
  for (const auto& batch : batches) {
    kept.push_back(batch);
  }
  REQUIRE(kept.size() == 3);
  Labels labels;
  Array<float> images;
  for (const nn::Batch& batch : kept) {
    batch.inputs(images);
    const Labels of_batch = labels_of(batch);
    CHECK(std::lround(255 * images(0, 0, 0)) == of_batch[0]);
    labels.insert(labels.end(), of_batch.begin(), of_batch.end());
  }
  CHECK(sorted(labels) == in_order(10));
}

TEMPLATE_TEST_CASE("Batches allocate nothing after the first epoch", "", float, double) {
  Rng rng(1);
  nn::Batches batches(numbered_images(100), 7, rng);
  xtape::Tape<TestType> tape;
  std::vector<std::size_t> allocations, items(2);
  allocations.reserve(2);
  for (std::size_t& count : items) {
    for (const auto& batch : batches) {
      tape.rewind();
      tape.constant(batch.inputs);
      tape.constant(batch.targets);
      count += batch.size();
    }
    allocations.push_back(allocation_count());
  }
  CHECK(allocations[1] == allocations[0]);
  CHECK(items == Sizes{100, 100});
}

TEST_CASE("Batches are an input range, with nothing after the last batch") {
  static_assert(std::ranges::input_range<nn::Batches>);
  nn::Batches batches(numbered_images(10), 4), of_none(nn::Dataset(), 4);
  auto it = batches.begin();
  CHECK(labels_of(*it)[0] == 0);
  CHECK(labels_of(*it++)[0] == 0);
  CHECK(labels_of(*it)[0] == 4);
  CHECK((*++it).size() == 2);
  CHECK(it != batches.end());
  REQUIRE(++it == batches.end());
  CHECK_FAILS(*it, ValueError, "Batches: there is no batch 3 of 3");
  CHECK_FAILS(++it, ValueError, "Batches: there is no batch 3 of 3");
  CHECK_FAILS(it++, ValueError, "Batches: there is no batch 3 of 3");
  CHECK(it == batches.end());
  CHECK(!batches.position().within_epoch);
  CHECK_FAILS(*of_none.begin(), ValueError, "Batches: there is no batch 0 of 0");
}

TEST_CASE("Batches and their batches outlive the dataset that they came from") {
  nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4), of_temporary(numbered_images(10), 4);
  auto it = batches.begin();
  const nn::Batch batch = *it;
  const nn::Dataset taker = std::move(data);
  CHECK(data.size() == 10);
  data = numbered_images(3);
  Array<float> pixels;
  batch.inputs(pixels);
  CHECK(std::lround(255 * pixels(3, 0, 1)) == 34);
  CHECK(labels_of(*++it) == Labels{4, 5, 6, 7});
  CHECK(walk(batches) == in_order(10));
  CHECK(walk(of_temporary) == in_order(10));
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset&, int, Rng>);
}

TEST_CASE("Batches draw samples in proportion to their weights") {
  const nn::Dataset data = numbered_images(200);
  Rng rng(5);
  const auto counts_of = [&](std::size_t batch_size, const std::vector<double>& weights) {
    nn::Batches batches(data, batch_size, rng, {.weights = weights});
    std::map<int, int> counts;
    for (int epoch = 0; epoch < 50; ++epoch) {
      for (const int label : walk(batches)) {
        ++counts[label];
      }
    }
    return counts;
  };
  std::vector<double> weights(200, 0);
  weights[3] = 1, weights[100] = 3;
  std::map<int, int> counts = counts_of(64, weights);
  CHECK(counts.size() == 2);  // weight 0: never
  CHECK(counts[3] + counts[100] == 50 * 200);
  CHECK(counts[3] == Approx(2500).epsilon(0.1));

  // Classes of 190 and 10 samples, each drawn equally often.
  std::vector<int> classes(200, 0);
  std::fill_n(classes.begin(), 10, 1);
  counts = counts_of(200, nn::balanced_weights(classes));
  int rare = 0;
  for (int label = 0; label < 10; ++label) {
    rare += counts[label];
  }
  CHECK(rare == Approx(5000).epsilon(0.1));
}

TEST_CASE("Batches tell what they cannot work with") {
  nn::Dataset data = numbered_images(2);
  Rng rng(1);
  CHECK_FAILS(nn::Batches(data, 0), ValueError,
              "Batches: expected a batch size of at least 1, got 0");
  CHECK_FAILS(nn::Batches(data, 1, {.weights = {1, 1}}), ValueError,
              "Batches: weights want an Rng to draw samples with");
  const auto refuses = [&](const std::vector<double>& weights, const std::string& message) {
    CHECK_FAILS(nn::Batches(data, 1, rng, {.weights = weights}), ValueError, "Batches: " + message);
  };
  refuses({1}, "got 1 weights for 2 samples");
  refuses({1, -1}, "weight 1 is -1, expected a finite number of at least 0");
  refuses({std::nan(""), 1}, "weight 0 is nan, expected a finite number of at least 0");
  refuses({0, 0}, "the weights add up to 0, expected a finite number above 0");
  refuses({1e308, 1e308}, "the weights add up to inf, expected a finite number above 0");
  data.targets = data.targets.slice(0, 1);
  CHECK_FAILS(nn::Batches(data, 1), xtape::ShapeError, "Dataset: got 2 features and 1 targets");

  nn::Batches batches(numbered_images(10), 4);
  for (const auto& batch : batches) {
    CHECK(batch.inputs.sample<std::uint8_t>(batch.size() - 1).size() == 15);
    for (const std::size_t beyond : {batch.size(), std::size_t{100}}) {
      CHECK_FAILS(batch.inputs.sample<std::uint8_t>(beyond), ValueError,
                  fmt::format("Batch: there is no sample {} of {}", beyond, batch.size()));
    }
    CHECK_FAILS(batch.inputs.sample<float>(0), ValueError,
                "Samples: the elements are bytes, not floats");
  }
  const nn::Batches taken = std::move(batches);
  CHECK_FAILS(batches.begin(), ValueError, "Batches: was it moved from?");
  CHECK(taken.size() == 3);
}

TEST_CASE("Batches that are moved from or replaced within their loop are refused") {
  constexpr auto message = "Batches: was it moved from, or replaced within its loop?";
  const auto data = numbered_images(10);
  nn::Batches batches(data, 4);
  auto at = batches.begin();
  CHECK((*at).size() == 4);
  const nn::Batches taken = std::move(batches);
  CHECK_FAILS(*at, ValueError, message);
  Rng rng(1);
  nn::Batches replaced(data, 4, rng);
  auto next = replaced.begin();
  replaced = nn::Batches(data, 3, rng);
  CHECK_FAILS(*next, ValueError, message);
  CHECK(taken.size() == 3);
}

TEST_CASE("A transform draws from a stream for each sample, a new one each epoch", "[threads]") {
  Rng data_rng(3);
  const nn::Dataset data = random_images(90, {28, 28}, data_rng);
  const nn::Dataset black{nn::Samples(std::vector<std::uint8_t>(90)), data.targets};
  const auto epochs = [&](std::size_t batch_size, std::uint64_t seed, const nn::Dataset& samples) {
    Rng rng(seed);
    nn::Batches batches(samples, batch_size, rng, {.transform = add_noise});
    const auto first = numbers_of(batches);
    return std::pair(first, numbers_of(batches));
  };
  const Threads one(1);
  const auto [first, second] = epochs(64, 7, data);
  for (const std::size_t threads : {2UL, 3UL}) {
    const Threads guard(threads);
    CHECK((epochs(64, 7, data) == std::pair(first, second)));
  }
  CHECK((epochs(5, 7, data).first == first));                  // batches of any size
  const auto [noise_7, noise_7_again] = epochs(64, 7, black);  // the order does not show
  CHECK((noise_7_again != noise_7));
  CHECK((epochs(64, 8, black).first != noise_7));
  std::set<float> noises;
  Rng rng(7);
  nn::Batches plain(data, 64, rng);
  const auto without = numbers_of(plain);
  for (std::size_t i = 0; i < 90 * 784; i += 784) {
    const float noise = first[i] - without[i];
    noises.insert(std::round(1e4F * noise));
    CHECK(first[i + 5] - without[i + 5] == Approx(noise).margin(1e-6));
  }
  CHECK(noises.size() > 80);
}

TEMPLATE_TEST_CASE("A transformed batch gives the same numbers again, in either precision", "",
                   float, double) {
  Rng rng(2);
  nn::Batches batches(numbered_images(7), 3, rng, {.transform = add_noise});
  Array<float> first, labels;
  Array<TestType> again;
  for (const auto& batch : batches) {
    batch.inputs(first);
    batch.inputs(again);
    CHECK((Array<float>(again) == first));
    batch.targets(labels);
    CHECK(labels(0) == static_cast<float>(labels_of(batch)[0]));  // only inputs are transformed
  }
}

TEST_CASE("What a transform throws arrives") {
  nn::Batches batches(numbered_images(7), 3, {.transform = [](nn::Sample& sample) {
                        xtape::fail<xtape::ShapeError>("no samples {}", sample.shape);
                      }});
  xtape::Tape tape;
  CHECK_FAILS(tape.constant((*batches.begin()).inputs), xtape::ShapeError, "no samples (3, 5)");
  CHECK(tape.size() == 0);
}
