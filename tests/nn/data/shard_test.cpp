#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"
#include "tests/support/catch.hpp"

// Batches that several processes share.

namespace nn = xtape::nn;

namespace {

/// Returns samples whose only number is their index.
nn::Dataset numbered(std::size_t count) {
  std::vector<float> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.f);
  return {nn::Samples(numbers, {1}), nn::Samples(std::vector<std::int64_t>(count, 0))};
}

/// Adds a random number to each sample.
void jitter(nn::Sample& sample) {
  sample.values[0] += 0.5f * static_cast<float>(sample.rng.uniform());
}

struct Share {
  std::vector<float> inputs;
  double weight;
};

/// Returns the share of a rank in each batch of two epochs.
std::vector<Share> shares(std::size_t samples, std::size_t batch_size, std::size_t rank,
                          std::size_t ranks) {
  xtape::Rng rng{3};
  nn::Batches batches(numbered(samples), batch_size, rng, {.transform = jitter});
  batches.shard(rank, ranks);
  std::vector<Share> all;
  xtape::Tape<float> tape;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const auto& batch : batches) {
      tape.rewind();
      const auto& inputs = tape.constant(batch.inputs).value();
      CHECK(inputs.shape()[0] == batch.size());
      CHECK(batch.targets.size() == batch.size());
      all.push_back({{inputs.data(), inputs.data() + inputs.size()}, batch.weight()});
    }
  }
  return all;
}

}  // namespace

TEST_CASE("The shares of all ranks are the batches of one process, transformed alike", "[nn]") {
  for (const std::size_t samples : {24UL, 23UL, 17UL}) {
    const auto whole = shares(samples, 8, 0, 1);
    for (const std::size_t ranks : {2UL, 3UL, 8UL}) {
      INFO(samples << " samples, " << ranks << " ranks");
      std::vector<std::vector<float>> joined(whole.size());
      std::vector<double> weights(whole.size());
      for (std::size_t rank = 0; rank < ranks; ++rank) {
        const auto mine = shares(samples, 8, rank, ranks);
        REQUIRE(mine.size() == whole.size());
        for (std::size_t i = 0; i < mine.size(); ++i) {
          CHECK(mine[i].weight ==
                Approx(static_cast<double>(mine[i].inputs.size()) /
                       static_cast<double>(whole[i].inputs.size()) * (mine[i].weight > 0 ? 1 : 0)));
          weights[i] += mine[i].weight;
          if (mine[i].weight > 0) {
            joined[i].insert(joined[i].end(), mine[i].inputs.begin(), mine[i].inputs.end());
          }
        }
      }
      for (std::size_t i = 0; i < whole.size(); ++i) {
        CHECK(whole[i].weight == 1);
        CHECK(joined[i] == whole[i].inputs);
        CHECK(weights[i] == Approx(1));
      }
    }
  }
}

TEST_CASE("Shares differ by at most one sample, and an empty one has a stand-in", "[nn]") {
  nn::Batches batches(numbered(9), 8);
  std::vector<std::size_t> sizes;
  for (std::size_t rank = 0; rank < 3; ++rank) {
    batches.shard(rank, 3);
    CHECK(batches.size() == 2);
    CHECK(batches.samples() == 9);
    for (const auto& batch : batches) {
      sizes.push_back(batch.counted);
      CHECK(batch.size() == std::max<std::size_t>(1, batch.counted));
      CHECK(batch.total == (batch.size() > 1 ? 8 : 1));
    }
  }
  CHECK(sizes == std::vector<std::size_t>{3, 1, 3, 0, 2, 0});
}

TEST_CASE("A share that does not exist is refused", "[nn]") {
  nn::Batches batches(numbered(9), 8);
  CHECK_THROWS_WITH(batches.shard(2, 2), "Batches: there is no share 2 of 2");
  CHECK_THROWS_AS(batches.shard(0, 0), xtape::ValueError);
}

TEST_CASE("Positions are those of whole batches, for any number of ranks", "[nn]") {
  xtape::Rng rng{3}, other{9};
  nn::Batches first(numbered(20), 6, rng), second(numbered(20), 6, other);
  first.shard(1, 2);
  auto it = first.begin();
  static_cast<void>(*it);
  const auto position = first.position();
  CHECK(position.given == 1);
  second.shard(2, 3);
  second.restore(position);
  const auto batch = *second.begin();
  CHECK(batch.total == 6);
  CHECK(batch.counted == 2);
}
