#include <cmath>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "nn/train/data_parallel.hpp"
#include "tests/nn/train/members.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/temporary_folder.hpp"

// Several ranks train together. Here they are threads. tests/distributed has processes of MPI.

namespace nn = xtape::nn;

TEST_CASE("Ranks together compute what one computes alone", "[nn][threads]") {
  for (const std::size_t samples : {24UL, 22UL, 17UL, 1UL}) {  // 17: a last batch of one sample
    Member alone(samples, 1);
    const nn::Run run{.epochs = 6, .accumulate = samples == 22 ? 2UL : 1UL, .max_norm = 0.5};
    const nn::History one = alone.train(quiet(run));
    for (const std::size_t size : {2UL, 3UL}) {
      INFO(samples << " samples, " << size << " ranks");
      Results results;
      on_ranks(size, [&](ThreadRank& group) {
        Member member(samples, 1 + group.rank());
        const nn::History all = member.train(run_of(group, run));
        results.add(member, all);
      });
      REQUIRE(results.weights.size() == size);
      for (std::size_t rank = 0; rank < size; ++rank) {
        CHECK(results.weights[rank] == results.weights[0]);
        check_close(results.weights[rank], numbers_of(alone.model));
        const auto &mine = results.histories[rank].epochs(), &its = one.epochs();
        REQUIRE(mine.size() == its.size());
        for (std::size_t i = 0; i < its.size(); ++i) {
          CHECK(mine[i].loss == Approx(its[i].loss).epsilon(1e-4));
          CHECK(mine[i].gradient_norm == Approx(its[i].gradient_norm).epsilon(1e-4));
          CHECK(mine[i].metric("accuracy") == its[i].metric("accuracy"));
          CHECK(mine[i].metric("validation loss") ==
                Approx(its[i].metric("validation loss")).epsilon(1e-4));
        }
      }
    }
  }
}

TEST_CASE("One rank has the bits of a run without a group", "[nn][threads]") {
  Member alone(22, 1, 0.3), grouped(22, 1, 0.3);
  alone.train(quiet(4));
  on_ranks(1, [&](ThreadRank& group) { grouped.train(run_of(group, {.epochs = 4})); });
  CHECK(numbers_of(grouped.model) == numbers_of(alone.model));
}

TEST_CASE("Dropout of several ranks differs between them, and is the same in each run",
          "[nn][threads]") {
  Results results;
  std::mutex mutex;
  std::set<std::uint64_t> drawn;
  for (int round = 0; round < 2; ++round) {
    on_ranks(2, [&](ThreadRank& group) {
      Member member(16, 1 + group.rank(), 0.5);
      const auto history = member.train(run_of(group, {.epochs = 2}), [&](std::size_t) {
        xtape::Rng copy = member.tape.rng();
        const std::lock_guard lock(mutex);
        drawn.insert(copy());
      });
      results.add(member, history);
    });
  }
  CHECK(results.weights[2] == results.weights[0]);
  CHECK(drawn.size() == 8);  // four steps of two ranks, in both rounds
}

TEST_CASE("A run of several ranks resumes to the same bits, and with another number of ranks",
          "[nn][threads]") {
  const TemporaryFolder folder, other;
  const auto train = [](std::size_t size, std::size_t epochs, const std::filesystem::path& kept,
                        double rate) {
    Results results;
    on_ranks(size, [&](ThreadRank& group) {
      Member member(22, 1 + group.rank(), rate);
      const auto history = member.train(
          run_of(group, {.epochs = epochs, .folder = kept, .resume = true, .save_every = 2}));
      results.add(member, history);
    });
    return results.weights[0];
  };
  const auto whole = train(2, 4, other.path() / "whole", 0.3);
  train(2, 2, folder.path() / "same", 0.3);
  CHECK(train(2, 4, folder.path() / "same", 0.3) == whole);

  const auto plain = train(1, 4, other.path() / "plain", 0);
  train(3, 2, folder.path() / "more", 0);
  check_close(train(2, 4, folder.path() / "more", 0), plain);
}

TEST_CASE("Norms that only some ranks have are a mean", "[nn][threads]") {
  std::mutex mutex;
  std::vector<double> norms;
  on_ranks(3, [&](ThreadRank& group) {
    Member member(16, 1);
    const nn::Run run = run_of(group, {.epochs = 1});
    nn::Epochs epochs(run, member.model, member.sgd, member.tape, member.batches);
    for (nn::Epoch& epoch : epochs) {
      for ([[maybe_unused]] const auto& batch : epoch) {
        epoch.add(1, group.rank() == 0 ? 2 : infinity);  // 3 of 8 samples
      }
    }
    const std::lock_guard lock(mutex);
    norms.push_back(epochs.history().epochs()[0].gradient_norm);
  });
  CHECK(norms == std::vector<double>{2, 2, 2});
}

TEST_CASE("A rank whose weights drift is named at the end of the epoch", "[nn][threads]") {
  CHECK_THROWS_WITH(on_ranks(3,
                             [](ThreadRank& group) {
                               Member member(16, 1);
                               member.train(run_of(group, {.epochs = 3}), [&](std::size_t steps) {
                                 if (steps == 3 && group.rank() == 2) {
                                   member.model.get<nn::Linear<float>>(0).weight(1, 1) += 1e-6f;
                                 }
                               });
                             }),
                    "epoch 2: the weights of rank 2 differ from those of the other ranks");
}

TEST_CASE("Ranks with other options than rank 0 are refused", "[nn][threads]") {
  const std::string message = message_of([] {
    on_ranks(2, [](ThreadRank& group) {
      Member member(16, 1);
      member.train(run_of(group, {.epochs = 2 + group.rank()}));
    });
  });
  CHECK(contains(message, "the options of rank 1 are epochs 3"));
  CHECK(contains(message, "of rank 0 epochs 2"));
}

TEST_CASE("Early stopping ends all ranks with the best weights", "[nn][threads]") {
  const TemporaryFolder folder;
  Results results;
  for (int round = 0; round < 2; ++round) {  // the second one has nothing left to do
    on_ranks(2, [&](ThreadRank& group) {
      Member member(9, 3 + group.rank());
      const auto history = member.train(run_of(
          group, {.epochs = 60, .folder = folder.path() / "run", .resume = true, .early_stop = 2}));
      results.add(member, history);
    });
  }
  CHECK(results.histories[0].epochs().size() < 60);
  for (const auto& weights : results.weights) {
    CHECK(weights == results.weights[0]);
  }
}

TEST_CASE("Gradients are sent during the backward pass, in buckets", "[nn][threads]") {
  std::vector<std::vector<std::size_t>> started(2);  // checked after the threads have ended
  std::vector<int> refused(2, 0);
  on_ranks(2, [&](ThreadRank& group) {
    Member member(16, 1);
    nn::DataParallel<float> parallel(group, 60);  // less than the first weight
    member.batches.shard(group.rank(), group.size());
    for (const auto& batch : member.batches) {
      member.tape.rewind();
      parallel.backward(member.loss_of(batch), batch.weight());
      started[group.rank()].push_back(group.started);
    }
    try {
      parallel.backward(member.loss_of(*member.batches.begin()), 1.5);
    } catch (const xtape::ValueError&) {
      refused[group.rank()] = 1;
    }
  });
  // The first step makes the buckets.
  CHECK(started == std::vector(2, std::vector<std::size_t>{0, 3}));
  CHECK(refused == std::vector<int>(2, 1));
}

TEST_CASE("A rank with other gradients than the rest ends all ranks", "[nn][threads]") {
  const std::string message = message_of([] {
    on_ranks(2, [](ThreadRank& group) {
      Member member(16, 1);
      nn::DataParallel<float> parallel(group);
      parallel.backward(member.loss_of(*member.batches.begin()), 0.5);
      member.tape.rewind();
      const auto weight = member.tape.parameter(member.model.get<nn::Linear<float>>(0).weight);
      parallel.backward(group.rank() == 1 ? sum(weight) : member.loss_of(*member.batches.begin()),
                        0.5);
      group.barrier();
    });
  });
  CHECK(contains(message, "DataParallel: the gradients of rank 1 differ"));
}

TEST_CASE("Datasets and confusion matrices of several ranks", "[nn][threads]") {
  const nn::Dataset data = some_points(5);
  std::vector<std::size_t> sizes(3), classes(3), counts(3);
  on_ranks(3, [&](ThreadRank& group) {
    const nn::Dataset mine = nn::shard(data, group);
    nn::ConfusionMatrix matrix;
    if (group.rank() == 1) {
      matrix = nn::ConfusionMatrix(2, {1, 2, 3, 4});
    }
    const nn::ConfusionMatrix all = nn::all_reduce(group, matrix);
    sizes[group.rank()] = mine.size();
    classes[group.rank()] = all.classes();
    counts[group.rank()] = all.count(1, 0);
  });
  CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
  CHECK(classes == std::vector<std::size_t>(3, 2));
  CHECK(counts == std::vector<std::size_t>(3, 3));
  CHECK_THROWS_AS(nn::ConfusionMatrix(2, {1, 2, 3}), xtape::ShapeError);
}
