#include "nn/data/batches.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <ranges>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/threads.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::Shape;
using Labels = std::vector<int>;

namespace {

/// The labels of a batch.
Labels labels_of(const nn::Batch& batch) {
  const xtape::Indices targets = batch.targets;
  Labels labels;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    labels.push_back(static_cast<int>(targets[i]));
  }
  return labels;
}

/// Walks one epoch, checks that each image stands beside its label, and returns the labels.
template <class T = float>
Labels walk(nn::Batches& batches, std::vector<std::size_t>* sizes = nullptr) {
  Labels labels;
  Array<T> images;
  for (const auto& batch : batches) {
    batch.inputs(images);
    REQUIRE((images.shape() == Shape{batch.size(), 3, 5}));
    const Labels of_batch = labels_of(batch);
    REQUIRE(of_batch.size() == batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (std::size_t p = 0; p < 15; ++p) {
        const auto byte = static_cast<std::uint8_t>(of_batch[i] + static_cast<int>(31 * p));
        REQUIRE(std::lround(255 * images.data()[15 * i + p]) == byte);
      }
    }
    labels.insert(labels.end(), of_batch.begin(), of_batch.end());
    if (sizes != nullptr) {
      sizes->push_back(batch.size());
    }
  }
  return labels;
}

Labels in_order(int count) {
  Labels labels(static_cast<std::size_t>(count));
  std::iota(labels.begin(), labels.end(), 0);
  return labels;
}

Labels sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace

TEMPLATE_TEST_CASE("Batches without an Rng keep the dataset's order", "", float, double) {
  const nn::Dataset data = numbered_images(23);
  nn::Batches batches(data, 5);
  CHECK(batches.size() == 5);
  std::vector<std::size_t> sizes;
  CHECK(walk<TestType>(batches, &sizes) == in_order(23));
  CHECK(sizes == std::vector<std::size_t>{5, 5, 5, 5, 3});
  CHECK(walk<TestType>(batches) == in_order(23));
}

TEMPLATE_TEST_CASE("Batches with an Rng give every image once an epoch, in a new order", "", float,
                   double) {
  const nn::Dataset data = numbered_images(200);
  Rng rng(7);
  nn::Batches batches(data, 64, rng);
  std::vector<std::size_t> sizes;
  const Labels first = walk<TestType>(batches, &sizes), second = walk<TestType>(batches);
  CHECK(sizes == std::vector<std::size_t>{64, 64, 64, 8});
  CHECK(sorted(first) == in_order(200));
  CHECK(sorted(second) == in_order(200));
  CHECK(first != in_order(200));
  CHECK(second != first);
}

TEST_CASE("The order of Batches follows from the state of the Rng alone") {
  const nn::Dataset data = numbered_images(100);
  Rng rng(7);
  nn::Batches batches(data, 10, rng);
  const Labels first = walk(batches);
  const Rng::State between = rng.state();
  const Labels second = walk(batches);

  Rng same(7), other(8), continued(1);
  continued.restore(between);
  nn::Batches with_same(data, 33, same), with_other(data, 10, other), resumed(data, 10, continued);
  CHECK(walk(with_same) == first);
  CHECK(walk(with_same) == second);
  CHECK(walk(with_other) != first);
  CHECK(walk(resumed) == second);
}

TEST_CASE("Batches of awkward sizes") {
  Rng rng(1);
  const nn::Dataset none, one = numbered_images(1), ten = numbered_images(10);
  std::vector<std::size_t> sizes;
  nn::Batches of_none(none, 4, rng), of_one(one, 4, rng), larger(ten, 11, rng), equal(ten, 10, rng),
      single(ten, 1, rng);
  CHECK(of_none.size() == 0);
  CHECK(of_none.begin() == of_none.end());
  CHECK(of_one.size() == 1);
  CHECK(walk(of_one) == Labels{0});
  CHECK(larger.size() == 1);
  CHECK(sorted(walk(larger, &sizes)) == in_order(10));
  CHECK(equal.size() == 1);
  CHECK(sorted(walk(equal, &sizes)) == in_order(10));
  CHECK(single.size() == 10);
  CHECK(sorted(walk(single, &sizes)) == in_order(10));
  CHECK(sizes == std::vector<std::size_t>{10, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});

  const auto most = std::numeric_limits<std::size_t>::max();
  CHECK(nn::Batches(ten, most).size() == 1);
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
  Labels seen;
  for (const auto& batch : nn::Batches(data, 2)) {
    const Labels labels = labels_of(batch);
    CHECK(labels.size() == 2 * batch.size());
    seen.insert(seen.end(), labels.begin(), labels.end());
    CHECK_THROWS_WITH(xtape::Indices(batch.inputs),
                      "Samples: the elements are floats, not 64-bit integers");
  }
  CHECK(seen == Labels{1, 2, 3, 4, 5, 6});
}

TEST_CASE("Batches of many pixels are the same for any number of threads", "[threads]") {
  Rng rng(3);
  const nn::Dataset data = random_images(131, {28, 28}, rng);
  for (std::size_t threads = 1; threads <= 3; ++threads) {
    const Threads guard(threads);
    std::size_t item = 0;
    Array<float> pixels;
    for (const auto& batch : nn::Batches(data, 65)) {
      batch.inputs(pixels);
      for (std::size_t i = 0; i < batch.size(); ++i, ++item) {
        const auto bytes = data.features.sample<std::uint8_t>(item);
        for (std::size_t p = 0; p < 784; ++p) {
          REQUIRE(std::lround(255 * pixels.data()[784 * i + p]) == bytes[p]);
        }
      }
    }
    CHECK(item == 131);
  }
}

TEST_CASE("A Batch stays valid until the next epoch begins") {
  const nn::Dataset data = numbered_images(10);
  Rng rng(5);
  nn::Batches batches(data, 4, rng);
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
  const nn::Dataset data = numbered_images(100);
  Rng rng(1);
  nn::Batches batches(data, 7, rng);
  xtape::Tape<TestType> tape;
  const auto epoch = [&] {
    std::size_t items = 0;
    for (const auto& batch : batches) {
      tape.rewind();
      tape.constant(batch.inputs);
      tape.constant(batch.targets);
      items += batch.size();
    }
    return items;
  };
  REQUIRE(epoch() == 100);
  const std::size_t before = allocation_count();
  const std::size_t items = epoch();
  CHECK(allocation_count() == before);
  CHECK(items == 100);
}

TEST_CASE("Batches are an input range") {
  static_assert(std::ranges::input_range<nn::Batches>);
  const nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4);
  auto it = batches.begin();
  CHECK(labels_of(*it)[0] == 0);
  CHECK(labels_of(*it++)[0] == 0);
  CHECK(labels_of(*it)[0] == 4);
  CHECK((*++it).size() == 2);
  CHECK(it != batches.end());
  CHECK(++it == batches.end());
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

TEST_CASE("Batches tell what they cannot work with") {
  nn::Dataset data = numbered_images(10);
  CHECK_THROWS_AS(nn::Batches(data, 0), xtape::ValueError);
  CHECK_THROWS_WITH(nn::Batches(data, 0), "Batches: expected a batch size of at least 1, got 0");
  data.targets = data.targets.slice(0, 9);
  CHECK_THROWS_AS(nn::Batches(data, 1), xtape::ShapeError);
  CHECK_THROWS_WITH(nn::Batches(data, 1), "Dataset: got 10 features and 9 targets");
}

TEST_CASE("Batches leave out a smaller last batch when they are told to") {
  Rng rng(3);
  const nn::BatchOptions options{.drop_last = true};
  nn::Batches batches(numbered_images(23), 5, rng, options), exact(numbered_images(20), 5, options),
      fewer(numbered_images(4), 5, options);
  std::vector<std::size_t> sizes;
  const Labels labels = walk(batches, &sizes);
  CHECK(batches.size() == 4);
  CHECK(batches.samples() == 20);
  CHECK(sizes == std::vector<std::size_t>{5, 5, 5, 5});
  CHECK(std::set<int>(labels.begin(), labels.end()).size() == 20);
  CHECK(!batches.position().within_epoch);
  CHECK(sorted(walk(exact)) == in_order(20));
  CHECK(exact.samples() == 20);
  CHECK(fewer.size() == 0);
  CHECK(fewer.samples() == 0);
  CHECK(fewer.begin() == fewer.end());
}

TEST_CASE("Batches draw samples in proportion to their weights") {
  const nn::Dataset data = numbered_images(200);
  std::vector<double> weights(200, 0);
  weights[3] = 1, weights[100] = 3;
  Rng rng(5);
  nn::Batches batches(data, 64, rng, {.weights = weights});
  std::map<int, int> counts;
  for (int epoch = 0; epoch < 50; ++epoch) {
    for (const int label : walk(batches)) {
      ++counts[label];
    }
  }
  CHECK(counts.size() == 2);  // weight 0: never
  CHECK(counts[3] + counts[100] == 50 * 200);
  CHECK(counts[3] == Approx(2500).epsilon(0.1));

  // Classes of 190 and 10 samples, each drawn equally often.
  std::vector<int> classes(200, 0);
  std::fill_n(classes.begin(), 10, 1);
  nn::Batches balanced(data, 200, rng, {.weights = nn::balanced_weights(classes)});
  int rare = 0;
  for (int epoch = 0; epoch < 50; ++epoch) {
    const Labels labels = walk(balanced);
    rare += static_cast<int>(
        std::count_if(labels.begin(), labels.end(), [](int label) { return label < 10; }));
  }
  CHECK(rare == Approx(5000).epsilon(0.1));
}

TEST_CASE("Batches refuse weights that they cannot draw by") {
  const nn::Dataset data = numbered_images(2);
  Rng rng(1);
  const auto refusal = [&](const std::vector<double>& weights) {
    CHECK_THROWS_AS(nn::Batches(data, 1, rng, {.weights = weights}), xtape::ValueError);
    return message_of([&] { nn::Batches(data, 1, rng, {.weights = weights}); });
  };
  CHECK(refusal({1}) == "Batches: got 1 weights for 2 samples");
  CHECK(refusal({1, -1}) == "Batches: weight 1 is -1, expected a finite number of at least 0");
  CHECK(refusal({std::nan(""), 1}) ==
        "Batches: weight 0 is nan, expected a finite number of at least 0");
  CHECK(refusal({0, 0}) == "Batches: the weights add up to 0, expected a finite number above 0");
  CHECK(refusal({1e308, 1e308}) ==
        "Batches: the weights add up to inf, expected a finite number above 0");
  CHECK_THROWS_WITH(nn::Batches(data, 1, {.weights = {1, 1}}),
                    "Batches: weights want an Rng to draw samples with");
}

namespace {

/// Adds to each element of a sample one random number, so that an output shows its stream.
void add_noise(nn::Sample& sample) {
  const auto noise = static_cast<float>(sample.rng.uniform());
  for (float& value : sample.values) {
    value += noise;
  }
}

/// All numbers of an epoch.
template <class T = float>
std::vector<T> numbers_of(nn::Batches& batches) {
  std::vector<T> numbers;
  Array<T> inputs;
  for (const auto& batch : batches) {
    batch.inputs(inputs);
    numbers.insert(numbers.end(), inputs.storage().begin(), inputs.storage().end());
  }
  return numbers;
}

}  // namespace

TEST_CASE("A transform draws from a stream for each sample, a new one each epoch", "[threads]") {
  Rng data_rng(3);
  const nn::Dataset data = random_images(90, {28, 28}, data_rng);
  const auto epochs = [&](std::size_t batch_size, std::uint64_t seed) {
    Rng rng(seed);
    nn::Batches batches(data, batch_size, rng, {.transform = add_noise});
    const auto first = numbers_of(batches);
    return std::pair(first, numbers_of(batches));
  };
  const Threads one(1);
  const auto [first, second] = epochs(64, 7);
  for (const std::size_t threads : {2UL, 3UL}) {
    const Threads guard(threads);
    CHECK((epochs(64, 7) == std::pair(first, second)));
  }
  CHECK((epochs(5, 7).first == first));  // batches of any size
  CHECK((epochs(64, 8).first != first));
  std::set<float> noises;
  Rng rng(7);
  nn::Batches plain(data, 64, rng);
  const auto without = numbers_of(plain);
  for (std::size_t i = 0; i < 90; ++i) {
    noises.insert(std::round(1e4F * (first[784 * i] - without[784 * i])));
    CHECK(first[784 * i + 5] - without[784 * i + 5] ==
          Approx(first[784 * i] - without[784 * i]).margin(1e-6));
  }
  CHECK(noises.size() > 80);
  CHECK((second != first));
}

TEMPLATE_TEST_CASE("A transformed batch gives the same numbers again, in either precision", "",
                   float, double) {
  Rng rng(2);
  nn::Batches batches(numbered_images(7), 3, rng, {.transform = add_noise});
  Array<float> first;
  Array<TestType> again;
  for (const auto& batch : batches) {
    batch.inputs(first);
    batch.inputs(again);
    CHECK((Array<float>(again) == first));
    Array<float> labels;
    batch.targets(labels);
    CHECK(labels(0) == static_cast<float>(labels_of(batch)[0]));  // only inputs are transformed
  }
}

TEST_CASE("What a transform throws arrives") {
  nn::Batches batches(numbered_images(7), 3, {.transform = [](nn::Sample& sample) {
                        xtape::fail<xtape::ShapeError>("no samples {}", sample.shape);
                      }});
  xtape::Tape tape;
  CHECK_THROWS_WITH(tape.constant((*batches.begin()).inputs), "no samples (3, 5)");
  CHECK(tape.size() == 0);
}

TEST_CASE("A batch has no samples beyond its own") {
  nn::Batches batches(numbered_images(10), 4);
  for (const auto& batch : batches) {
    CHECK(batch.inputs.sample<std::uint8_t>(batch.size() - 1).size() == 15);
    CHECK_THROWS_AS(batch.inputs.sample<std::uint8_t>(batch.size()), xtape::ValueError);
    CHECK_THROWS_AS(batch.inputs.sample<std::uint8_t>(100), xtape::ValueError);
    CHECK(message_of([&] { batch.inputs.sample<std::uint8_t>(100); }) ==
          "Batch: there is no sample 100 of " + std::to_string(batch.size()));
    CHECK_THROWS_WITH(batch.inputs.sample<float>(0), "Samples: the elements are bytes, not floats");
  }
}

TEST_CASE("There are no batches after the last one") {
  const nn::Dataset data = numbered_images(10), none;
  nn::Batches batches(data, 4), of_none(none, 4);
  auto it = batches.begin();
  ++it, ++it;
  CHECK((*it).size() == 2);
  ++it;
  REQUIRE(it == batches.end());
  CHECK_THROWS_AS(*it, xtape::ValueError);
  CHECK_THROWS_WITH(*it, "Batches: there is no batch 3 of 3");
  CHECK_THROWS_WITH(++it, "Batches: there is no batch 3 of 3");
  CHECK_THROWS_WITH(it++, "Batches: there is no batch 3 of 3");
  CHECK(it == batches.end());
  CHECK(batches.position().within_epoch == false);
  CHECK_THROWS_WITH(*of_none.begin(), "Batches: there is no batch 0 of 0");
}

TEST_CASE("Batches resume from any position, in the order they had begun") {
  const nn::Dataset data = numbered_images(23);
  const std::vector<nn::BatchOptions> all_options{
      {}, {.drop_last = true}, {.weights = std::vector<double>(23, 0.5)}};
  const auto kind = GENERATE(range(-1, 3));  // -1: in the order of the dataset
  CAPTURE(kind);
  const auto make = [&](Rng& rng) {
    return kind < 0 ? nn::Batches(data, 5)
                    : nn::Batches(data, 5, rng, all_options[static_cast<std::size_t>(kind)]);
  };
  const std::size_t count = kind == 1 ? 4 : 5;
  for (std::size_t stop = 0; stop <= count; ++stop) {
    CAPTURE(stop);
    Rng rng(7), other(8);
    nn::Batches batches = make(rng), resumed = make(other);
    walk(batches);
    Labels seen, rest;
    auto it = batches.begin();
    nn::Batches::Position position = batches.position();
    for (std::size_t given = 0; given < count; ++given, ++it) {
      const Labels labels = labels_of(*it);
      Labels& part = given < stop ? seen : rest;
      part.insert(part.end(), labels.begin(), labels.end());
      if (given + 1 == stop) {
        position = batches.position();
      }
    }
    CHECK(it == batches.end());
    CHECK(position.given == stop);
    CHECK(seen.size() + rest.size() == batches.samples());
    resumed.restore(position);
    CHECK(resumed.position().given == stop);
    CHECK(walk(resumed) == rest);
    CHECK(walk(resumed) == walk(batches));
    CHECK(other.state() == (kind < 0 ? Rng(8).state() : rng.state()));
  }
}

TEST_CASE("Batches resume with the random numbers of their transform") {
  Rng rng(7), other(8);
  const nn::BatchOptions options{.transform = add_noise};
  nn::Batches batches(numbered_images(23), 5, rng, options),
      resumed(numbered_images(23), 5, other, options);
  numbers_of(batches);
  auto it = batches.begin();
  *it;
  const auto position = batches.position();
  Array<float> wanted, found;
  (*++it).inputs(wanted);
  resumed.restore(position);
  (*resumed.begin()).inputs(found);
  CHECK((found == wanted));
  while (it != batches.end()) {
    ++it;
  }
  resumed.restore(batches.position());
  CHECK((numbers_of(resumed) == numbers_of(batches)));
}

TEST_CASE("Batches between epochs go on with a new one") {
  const nn::Dataset data = numbered_images(23);
  Rng rng(7), other(8);
  nn::Batches batches(data, 5, rng), resumed(data, 5, other);
  resumed.restore(batches.position());
  CHECK(walk(resumed) == walk(batches));
  const nn::Batches::Position position = batches.position();
  CHECK(!position.within_epoch);
  walk(resumed);
  resumed.restore(position);
  CHECK(walk(resumed) == walk(batches));
}

TEST_CASE("Batches refuse a position that is none of theirs, and stay where they are") {
  const nn::Dataset data = numbered_images(23), more = numbered_images(24);
  Rng rng(7), other(8);
  nn::Batches batches(data, 5, rng), in_order(data, 5);
  batches.begin();
  const nn::Batches::Position position = batches.position(), unshuffled = in_order.position();
  const auto refused = [&](nn::Batches::Position wrong) {
    const std::string message = message_of([&] { batches.restore(wrong); });
    CHECK(batches.position().given == 0);
    CHECK(rng.state() == position.rng);
    return message;
  };
  nn::Batches::Position late = position, still = position;
  late.given = 6;
  still.epoch_start = {};
  CHECK(refused(late) == "Batches: the position is after batch 6 of 5");
  CHECK(refused(still) == "Batches: the position has no Rng, these batches have one");
  CHECK(refused(unshuffled) == "Batches: the position has no Rng, these batches have one");
  CHECK(refused(nn::Batches(more, 5, other).position()) ==
        "Batches: the position is one in 24 items, 5 a batch, but these are 23 items, 5 a batch");
  CHECK(refused(nn::Batches(data, 4, other).position()) ==
        "Batches: the position is one in 23 items, 4 a batch, but these are 23 items, 5 a batch");
  CHECK_THROWS_WITH(in_order.restore(position),
                    "Batches: the position has an Rng, these batches have none");
}
