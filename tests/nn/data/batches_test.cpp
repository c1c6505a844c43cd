#include "nn/data/batches.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/augment.hpp"
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

/// Walks one epoch, checks that each image stands beside its label, and returns the labels.
template <class T = float>
Labels walk(nn::Batches& batches, std::vector<std::size_t>* sizes = nullptr) {
  Labels labels;
  Array<T> images;
  for (const auto& batch : batches) {
    batch.images(images);
    REQUIRE((images.shape() == Shape{batch.size(), 15}));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (std::size_t p = 0; p < 15; ++p) {
        const auto byte = static_cast<std::uint8_t>(batch.labels[i] + 31 * p);
        REQUIRE(std::lround(255 * images(i, p)) == byte);
      }
      labels.push_back(batch.labels[i]);
    }
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

TEMPLATE_TEST_CASE("Pixels are byte / 255 by default", "", float, double) {
  nn::Dataset data{.rows = 1, .columns = 256, .images = nn::Bytes(256), .labels = nn::Bytes(1)};
  std::iota(data.images.begin(), data.images.end(), std::uint8_t{0});
  xtape::Tape<TestType> tape;
  for (const auto& batch : nn::Batches(data, 1)) {
    const Array<TestType>& pixels = tape.constant(batch.images).value();
    REQUIRE((pixels.shape() == Shape{1, 256}));
    CHECK(pixels(0, 0) == TestType(0));
    CHECK(pixels(0, 255) == TestType(1));
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const TestType wanted = static_cast<TestType>(byte) / TestType(255);
      CHECK(pixels(0, byte) >= std::nextafter(wanted, TestType(-1)));
      CHECK(pixels(0, byte) <= std::nextafter(wanted, TestType(2)));
    }
  }
}

TEMPLATE_TEST_CASE("Pixels can be standardised", "", float, double) {
  nn::Dataset data{.rows = 1, .columns = 256, .images = nn::Bytes(256), .labels = nn::Bytes(1)};
  std::iota(data.images.begin(), data.images.end(), std::uint8_t{0});
  Rng rng(1);
  const nn::PixelScale scale{.mean = 0.1307, .deviation = 0.3081};
  const auto check = [](const nn::Batch& batch) {
    Array<TestType> pixels;
    batch.images(pixels);
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const double wanted = (static_cast<double>(byte) / 255 - 0.1307) / 0.3081;
      const double ulp = std::numeric_limits<TestType>::epsilon();
      CHECK(std::abs(pixels(0, byte) - wanted) <= 3 * ulp);
    }
  };
  std::size_t count = 0;
  for (const auto& batch : nn::Batches(data, 1, scale)) {
    check(batch), ++count;
  }
  for (const auto& batch : nn::Batches(data, 1, rng, scale)) {
    check(batch), ++count;
  }
  CHECK(count == 2);
}

TEST_CASE("Batches of many pixels are the same for any number of threads", "[threads]") {
  nn::Dataset data{.rows = 28, .columns = 28, .images = nn::Bytes(784 * 131), .labels = {}};
  data.labels.resize(131);
  Rng rng(3);
  for (std::uint8_t& byte : data.images) {
    byte = static_cast<std::uint8_t>(rng());
  }
  for (std::size_t threads = 1; threads <= 3; ++threads) {
    const Threads guard(threads);
    std::size_t item = 0;
    Array<float> pixels;
    for (const auto& batch : nn::Batches(data, 65)) {
      batch.images(pixels);
      for (std::size_t i = 0; i < batch.size(); ++i, ++item) {
        for (std::size_t p = 0; p < 784; ++p) {
          REQUIRE(std::lround(255 * pixels(i, p)) == data.images[784 * item + p]);
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
    batch.images(images);
    CHECK(std::lround(255 * images(0, 0)) == batch.labels[0]);
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
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
      tape.constant(batch.images);
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
  CHECK((*it).labels[0] == 0);
  CHECK((*it++).labels[0] == 0);
  CHECK((*it).labels[0] == 4);
  CHECK((*++it).size() == 2);
  CHECK(it != batches.end());
  CHECK(++it == batches.end());
}

TEST_CASE("Batches of a temporary dataset do not compile") {
  static_assert(std::is_constructible_v<nn::Batches, nn::Dataset&, int>);
  static_assert(std::is_constructible_v<nn::Batches, const nn::Dataset&, int, nn::PixelScale>);
  static_assert(std::is_constructible_v<nn::Batches, nn::Dataset&, int, Rng&>);
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset, int>);
  static_assert(!std::is_constructible_v<nn::Batches, const nn::Dataset, int>);
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset, int, nn::PixelScale>);
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset, int, Rng&>);
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset, int, Rng&, nn::PixelScale>);
  static_assert(!std::is_constructible_v<nn::Batches, nn::Dataset&, int, Rng>);
}

TEST_CASE("Batches tell what they cannot work with") {
  nn::Dataset data = numbered_images(10);
  CHECK_THROWS_AS(nn::Batches(data, 0), xtape::ValueError);
  CHECK_THROWS_WITH(nn::Batches(data, 0), "Batches: expected a batch size of at least 1, got 0");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const nn::PixelScale scale :
       {nn::PixelScale{0, 0}, {0, -1}, {0, std::nan("")}, {0, infinity}, {std::nan(""), 1}}) {
    CHECK_THROWS_AS(nn::Batches(data, 1, scale), xtape::ValueError);
  }
  CHECK_THROWS_WITH(
      nn::Batches(data, 1, {.mean = 0.5, .deviation = 0}),
      "Batches: expected pixels of a finite mean and a positive deviation, got 0.5 and 0");
  data.labels.pop_back();
  CHECK_THROWS_AS(nn::Batches(data, 1), xtape::ShapeError);
  CHECK_THROWS_WITH(nn::Batches(data, 1),
                    "Batches: 9 labels want images (9, 3, 5) of 135 bytes in all, got 150 bytes");
}

TEST_CASE("Batches notice that their dataset has changed its size") {
  nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4);
  auto it = batches.begin();
  data.labels.push_back(0);
  const std::string incomplete =
      "Batches: 11 labels want images (11, 3, 5) of 165 bytes in all, got 150 bytes";
  CHECK_THROWS_WITH(*it, incomplete);
  CHECK_THROWS_WITH(batches.begin(), incomplete);
  data.images.resize(165);
  CHECK_THROWS_WITH(*it, "Batches: the dataset had 10 items when this epoch began, now it has 11");
  CHECK_THROWS_AS(*it, xtape::ShapeError);
  CHECK((*batches.begin()).labels.size() == 4);
}

namespace {

/// The message of each way to read the images of a batch once `change(data)` has run; they must
/// throw ShapeError and say the same.
template <class Change>
std::string after(Change change) {
  nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4);
  const nn::Batch batch = *batches.begin();
  change(data);
  xtape::Tape<float> tape;
  CHECK_THROWS_AS(tape.constant(batch.images), xtape::ShapeError);
  CHECK_THROWS_AS(batch.images.bytes(0), xtape::ShapeError);
  CHECK(tape.size() == 0);
  const std::string message = message_of([&] { tape.constant(batch.images); });
  CHECK(message_of([&] { batch.images.bytes(3); }) == message);
  CHECK(message_of([&] { batch.images.rows(); }) == message);
  CHECK(message_of([&] { batch.images.columns(); }) == message);
  nn::Augment augment({.rotation = 10});
  CHECK(message_of([&] {
          tape.constant([&](auto& out) { augment(batch.images, tape.rng(), out); });
        }) == message);
  return message;
}

}  // namespace

TEST_CASE("A batch notices that its dataset has changed since") {
  const std::string then =
      "Batch: when it was given its dataset held 150 bytes in images of (3, 5), now ";
  CHECK(after([](nn::Dataset& data) {
          data.images.resize(15);
          data.labels.resize(1);
        }) == then + "15 of (3, 5)");
  CHECK(after([](nn::Dataset& data) { data.images.resize(300); }) == then + "300 of (3, 5)");
  CHECK(after([](nn::Dataset& data) { data.rows = 4000; }) == then + "150 of (4000, 5)");
  CHECK(after([](nn::Dataset& data) { std::swap(data.rows, data.columns); }) ==
        then + "150 of (5, 3)");
  CHECK(after([](nn::Dataset& data) {
          const nn::Dataset taker = std::move(data);
          CHECK(taker.size() == 10);
        }) == then + "0 of (3, 5)");
}

TEST_CASE("A batch whose dataset got other pixels reads those") {
  nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4);
  const nn::Batch batch = *batches.begin();
  data.images = nn::Bytes(150, 51);
  Array<float> pixels;
  batch.images(pixels);
  CHECK(pixels(0, 0) == Approx(0.2));
  CHECK(batch.images.bytes(3)[14] == 51);
}

TEST_CASE("A batch has no images beyond its own") {
  const nn::Dataset data = numbered_images(10);
  nn::Batches batches(data, 4);
  for (const auto& batch : batches) {
    CHECK(batch.images.bytes(batch.size() - 1).size() == 15);
    CHECK_THROWS_AS(batch.images.bytes(batch.size()), xtape::ValueError);
    CHECK_THROWS_AS(batch.images.bytes(100), xtape::ValueError);
    CHECK(message_of([&] { batch.images.bytes(100); }) ==
          "Batch: there is no image 100 of " + std::to_string(batch.size()));
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

TEST_CASE("Batches go on from any position, in the order they had begun") {
  const nn::Dataset data = numbered_images(23);
  for (const bool shuffled : {false, true}) {
    CAPTURE(shuffled);
    const auto make = [&](Rng& rng) {
      return shuffled ? nn::Batches(data, 5, rng) : nn::Batches(data, 5);
    };
    for (std::size_t stop = 0; stop <= 5; ++stop) {
      CAPTURE(stop);
      Rng rng(7), other(8);
      nn::Batches batches = make(rng), resumed = make(other);
      walk(batches);
      Labels seen;
      std::size_t given = 0;
      nn::Batches::Position position;
      auto it = batches.begin();
      for (position = batches.position(); given < stop; ++it) {
        const auto labels = (*it).labels;
        seen.insert(seen.end(), labels.begin(), labels.end());
        ++given;
        position = batches.position();
      }
      const Labels rest = [&] {
        Labels labels;
        for (; it != batches.end(); ++it) {
          labels.insert(labels.end(), (*it).labels.begin(), (*it).labels.end());
        }
        return labels;
      }();
      CHECK(position.given == stop);
      CHECK(sorted(seen).size() + rest.size() == 23);
      resumed.restore(position);
      CHECK(resumed.position().given == stop);
      CHECK(walk(resumed) == rest);
      CHECK(walk(resumed) == walk(batches));
      CHECK(other.state() == (shuffled ? rng.state() : Rng(8).state()));
    }
  }
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
