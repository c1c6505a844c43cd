#include "tests/nn/data/batches_walk.hpp"
#include "tests/support/threads.hpp"

// The position of Batches within an epoch or between two, which a checkpoint holds.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Rng;
using xtape::ValueError;

TEST_CASE("Batches resume from any position, in the order they had begun") {
  const std::vector<nn::BatchOptions> all_options{
      {}, {.drop_last = true}, {.weights = std::vector<double>(23, 0.5)}};
  const auto kind = GENERATE(range(-1, 3));  // -1: in the order of the dataset
  CAPTURE(kind);
  const auto make = [&](Rng& rng) {
    const nn::Dataset data = numbered_images(23);
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

TEST_CASE("Batches resume with the random numbers of their transform, and between epochs") {
  Rng rng(7), other(8);
  const nn::BatchOptions options{.transform = add_noise};
  nn::Batches batches(numbered_images(23), 5, rng, options),
      resumed(numbered_images(23), 5, other, options);
  resumed.restore(batches.position());
  CHECK((numbers_of(resumed) == numbers_of(batches)));
  auto it = batches.begin();
  *it;
  const nn::Batches::Position within = batches.position();
  Array<float> wanted, found;
  (*++it).inputs(wanted);
  resumed.restore(within);
  (*resumed.begin()).inputs(found);
  CHECK((found == wanted));
  while (it != batches.end()) {
    ++it;
  }
  const nn::Batches::Position between = batches.position();
  CHECK(!between.within_epoch);
  for (int epoch = 0; epoch < 2; ++epoch) {
    numbers_of(resumed);
  }
  resumed.restore(between);
  CHECK((numbers_of(resumed) == numbers_of(batches)));
}

TEST_CASE("Batches resume with the number of the epoch, which their transform gets") {
  const Threads one(1);
  std::vector<std::size_t> seen;
  const nn::BatchOptions options{
      .transform = [&](nn::Sample& sample) { seen.push_back(100 * sample.epoch + sample.index); }};
  const nn::Dataset data = numbered_images(6);
  nn::Batches batches(data, 3, options), resumed(data, 3, options);
  const auto epoch = [&](nn::Batches& from) {
    seen.clear();
    numbers_of(from);
    return seen;
  };
  CHECK(epoch(batches) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK(batches.position().epochs == 1);
  resumed.restore(batches.position());
  CHECK(epoch(resumed) == std::vector<std::size_t>{100, 101, 102, 103, 104, 105});
  auto it = batches.begin();
  *it;
  resumed.restore(batches.position());
  CHECK(epoch(resumed) == std::vector<std::size_t>{103, 104, 105});
  CHECK(epoch(resumed) == std::vector<std::size_t>{200, 201, 202, 203, 204, 205});
}

TEST_CASE("Batches refuse a position that is none of theirs, and stay where they are") {
  const nn::Dataset data = numbered_images(23);
  Rng rng(7), other(8);
  nn::Batches batches(data, 5, rng), plain(data, 5);
  batches.begin();
  const nn::Batches::Position position = batches.position();
  const auto refuses = [&](const nn::Batches::Position& wrong, const std::string& message) {
    CHECK_FAILS(batches.restore(wrong), ValueError, "Batches: the position " + message);
    CHECK(batches.position().given == 0);
    CHECK(rng.state() == position.rng);
  };
  nn::Batches::Position late = position, still = position;
  late.given = 6;
  still.epoch_start = {};
  nn::Batches::Position early = position;
  early.epochs = 0;
  refuses(early, "is in an epoch, but no epoch has begun");
  refuses(late, "is after batch 6 of 5");
  refuses(still, "has no Rng, these batches have one");
  refuses(plain.position(), "has no Rng, these batches have one");
  refuses(nn::Batches(numbered_images(24), 5, other).position(),
          "is one in 24 items, 5 a batch, but these are 23 items, 5 a batch");
  refuses(nn::Batches(data, 4, other).position(),
          "is one in 23 items, 4 a batch, but these are 23 items, 5 a batch");
  CHECK_FAILS(plain.restore(position), ValueError,
              "Batches: the position has an Rng, these batches have none");

  const std::vector<double> ones(23, 1), others(23, 2);
  const auto none = [](nn::Sample&) {};
  const nn::BatchOptions options[]{
      {.drop_last = true}, {.weights = ones}, {.weights = others}, {.transform = none}};
  for (const nn::BatchOptions& from : options) {
    const auto other_position = nn::Batches(data, 5, other, from).position();
    refuses(other_position,
            "is one in batches with other options: drop_last, weights or a transform");
    for (const nn::BatchOptions& to : options) {
      nn::Batches restored(data, 5, rng, to);
      if (&from == &to) {
        CHECK_NOTHROW(restored.check(other_position));
      } else {
        CHECK_THROWS_AS(restored.check(other_position), ValueError);
      }
    }
  }
}
