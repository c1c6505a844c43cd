#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nn/layers/batch_norm.hpp"
#include "tests/nn/train/members.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

// Ranks that train apart between two outer steps. Here they are threads.

namespace nn = xtape::nn;

namespace {

using Doubles = std::vector<double>;

/// Returns the weights of all ranks after a run.
std::vector<std::vector<float>> weights_of(std::size_t ranks, std::size_t samples, nn::Run run,
                                           double dropout = 0) {
  Results results;
  on_ranks(ranks, [&](ThreadRank& group) {
    Member member(samples, 1 + group.rank(), dropout);
    results.add(member, member.train(run_of(group, run)));
  });
  return results.weights;
}

/// A run of several ranks, written out: their members take turns in one thread.
class WrittenOut {
 public:
  WrittenOut(std::size_t ranks, std::size_t samples, const nn::LocalSteps& options)
      : options_(options), mine_(ranks) {
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      members_.push_back(std::make_unique<Member>(samples, 1));
      members_.back()->batches.shard(rank, ranks);
    }
    const auto first = numbers_of(members_[0]->model);
    last_.assign(first.begin(), first.end());
    momentum_.resize(last_.size());
  }

  void epoch() {
    std::vector<nn::Batches::Iterator> next;
    for (const auto& member : members_) {
      next.push_back(member->batches.begin());
    }
    for (std::size_t batch = 0; batch < members_[0]->batches.size(); ++batch) {
      for (std::size_t rank = 0; rank < members_.size(); ++rank) {
        step(*members_[rank], *next[rank], mine_[rank]);
        ++next[rank];
      }
      if (++steps_ == options_.every) {
        outer_step();
      }
    }
    outer_step();
  }

  const Doubles& weights() const { return last_; }

 private:
  static void step(Member& member, const nn::Batch& batch, double& mine) {
    member.tape.rewind();
    member.tape.backward(member.loss_of(batch) * (batch.counted > 0 ? 1.f : 0.f));
    member.sgd.step(member.model, member.tape);
    mine += static_cast<double>(batch.counted);
  }

  /// Writes the mean of some numbers of all members to each, and returns it.
  template <class Visit>
  Doubles average(Visit visit) {
    double all = 0;
    Doubles mean;
    for (const double mine : mine_) {
      all += mine;
    }
    for (std::size_t rank = 0; rank < members_.size(); ++rank) {
      std::size_t i = 0;
      visit(*members_[rank], [&](float& number) {
        mean.resize(std::max(mean.size(), i + 1));
        mean[i++] += mine_[rank] / all * static_cast<double>(number);
      });
    }
    write(visit, mean);
    return mean;
  }

  template <class Visit>
  void write(Visit visit, const Doubles& numbers) {
    for (const auto& member : members_) {
      std::size_t i = 0;
      visit(*member, [&](float& number) { number = static_cast<float>(numbers[i++]); });
    }
  }

  static void each_weight(Member& member, const std::function<void(float&)>& f) {
    nn::for_each_parameter(member.model, [&](const nn::ParameterName&, auto& array) -> void {
      std::for_each(array.storage().begin(), array.storage().end(), f);
    });
  }

  static void each_velocity(Member& member, const std::function<void(float&)>& f) {
    member.sgd.for_each_state(
        [&](auto& array) { std::for_each(array.storage().begin(), array.storage().end(), f); });
  }

  void outer_step() {
    if (steps_ == 0) {
      return;
    }
    average(each_velocity);
    const Doubles mean = average(each_weight);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const double change = mean[i] - last_[i];
      momentum_[i] = options_.outer_momentum * momentum_[i] + change;
      last_[i] += options_.outer_rate * (change + options_.outer_momentum * momentum_[i]);
    }
    write(each_weight, last_);
    mine_.assign(mine_.size(), 0);
    steps_ = 0;
  }

  nn::LocalSteps options_;
  std::vector<std::unique_ptr<Member>> members_;
  Doubles mine_, last_, momentum_;
  std::size_t steps_ = 0;
};

}  // namespace

TEST_CASE("A mean after each step of SGD equals data parallel", "[nn][threads]") {
  for (const std::size_t samples : {24UL, 22UL, 17UL, 1UL}) {  // 17: a last batch of one sample
    for (const std::size_t ranks : {1UL, 2UL, 3UL}) {
      INFO(samples << " samples, " << ranks << " ranks");
      nn::Run run{.epochs = 6, .accumulate = samples == 24 ? 1UL : 3UL};
      const auto together = weights_of(ranks, samples, run);
      run.local_steps.every = 1;
      const auto apart = weights_of(ranks, samples, run);
      for (const auto& weights : apart) {
        CHECK(weights == apart[0]);
        check_close(weights, together[0]);
      }
      CHECK((ranks > 1 || apart[0] == together[0]));
    }
  }
}

TEST_CASE("Local steps and outer steps equal a run that is written out", "[nn][threads]") {
  for (const nn::LocalSteps& options :
       {nn::LocalSteps{2}, nn::LocalSteps{3, 0.5}, nn::diloco(2), nn::diloco(1000)}) {
    for (const std::size_t samples : {56UL, 33UL}) {  // 33: a last batch of one sample
      for (const std::size_t ranks : {1UL, 2UL, 3UL}) {
        INFO("every " << options.every << ", rate " << options.outer_rate << ", " << samples
                      << " samples, " << ranks << " ranks");
        WrittenOut expected(ranks, samples, options);
        for (int epoch = 0; epoch < 3; ++epoch) {
          expected.epoch();
        }
        const std::vector<float> wanted(expected.weights().begin(), expected.weights().end());
        for (const auto& weights :
             weights_of(ranks, samples, {.epochs = 3, .local_steps = options})) {
          check_close(weights, wanted);
        }
      }
    }
  }
}

TEST_CASE("Ranks that train apart have one history", "[nn][threads]") {
  const nn::Run run{.epochs = 2, .max_norm = 0.5, .local_steps = nn::diloco(3)};
  Member alone(33, 1);
  alone.sgd = nn::SGD<float>({.learning_rate = 0.});  // the losses do not depend on the steps
  const nn::History one = alone.train(quiet(run));
  Results results;
  on_ranks(3, [&](ThreadRank& group) {
    Member member(33, 1 + group.rank());
    member.sgd = alone.sgd;
    member.sgd.reset();
    results.add(member, member.train(run_of(group, run)));
  });
  for (const nn::History& history : results.histories) {
    for (std::size_t i = 0; i < 2; ++i) {
      const nn::EpochRecord &mine = history.epochs()[i], &first = results.histories[0].epochs()[i];
      CHECK(mine.loss == first.loss);
      CHECK(mine.gradient_norm == first.gradient_norm);
      CHECK(mine.metric("validation loss") == first.metric("validation loss"));
      CHECK(mine.samples == 33);
    }
    CHECK(history.epochs()[0].loss == Approx(one.epochs()[0].loss));
    CHECK(history.epochs()[0].gradient_norm > 0.1);
    CHECK(history.epochs()[0].gradient_norm < 10 * one.epochs()[0].gradient_norm);
  }
}

TEST_CASE("A run with outer steps resumes to the same bits, and with other numbers of ranks",
          "[nn][threads]") {
  const TemporaryFolder folder;
  nn::Run run{.epochs = 4, .save_every = 2, .keep = 100, .local_steps = nn::diloco(3)};
  for (const std::size_t ranks : {1UL, 2UL, 3UL}) {
    INFO(ranks << " ranks");
    run.folder.clear();
    const auto whole = weights_of(ranks, 57, run, 0.3);  // eight batches
    run.folder = folder.path() / std::to_string(ranks);
    const auto until = [&](std::size_t last) {
      on_ranks(ranks, [&](ThreadRank& group) {
        Member member(57, 1 + group.rank(), 0.3);
        member.train(run_of(group, run), [&](std::size_t steps) {
          if (steps == last) {
            throw std::runtime_error("the power fails");
          }
        });
      });
    };
    CHECK_THROWS_WITH(until(13), "the power fails");
    std::vector<std::string> kept;
    for (const auto& path : nn::find_checkpoints(run.folder)) {
      kept.push_back(path.stem());
    }
    // A step in {2, 4, 6, ...} is due at the next outer step.
    CHECK(kept == std::vector<std::string>{"checkpoint-00000003", "checkpoint-00000006",
                                           "checkpoint-00000008", "checkpoint-00000011"});
    CHECK_THROWS_WITH(until(20), "the power fails");
    CHECK(weights_of(ranks, 57, run, 0.3)[0] == whole[0]);
  }
  run.folder = folder.path() / "2";
  run.epochs = 6;
  const auto more = weights_of(3, 57, run, 0.3);
  CHECK(more[0] == more[2]);
  CHECK(std::isfinite(more[0][0]));
  run.local_steps.outer_momentum = 0;
  CHECK(contains(message_of([&] { weights_of(2, 57, run, 0.3); }), "'local_steps' is "));
}

TEST_CASE("Early stopping keeps the weights of an outer step", "[nn][threads]") {
  Results results;
  on_ranks(2, [&](ThreadRank& group) {
    Member member(9, 3 + group.rank());
    const nn::Run run{.epochs = 60, .early_stop = 2, .local_steps = nn::diloco(2)};
    results.add(member, member.train(run_of(group, run)));
  });
  CHECK(results.histories[0].epochs().size() < 60);
  CHECK(results.weights[0] == results.weights[1]);
}

TEST_CASE("Frozen weights and counts keep their bits in a mean", "[nn][threads]") {
  // These are checked after the threads have ended, because Catch2 is not thread-safe.
  std::vector<int> changed(3, 0);
  std::vector<std::vector<float>> counts(3);
  on_ranks(3, [&](ThreadRank& group) {
    Member member(38, 1);
    nn::Sequential<float> model{nn::Linear(3, 3, member.rng), nn::BatchNorm(3),
                                nn::Linear(3, 2, member.rng)};
    nn::Epochs epochs(run_of(group, {.epochs = 5, .local_steps = nn::diloco(2)}), model, member.sgd,
                      member.tape, member.batches);
    const xtape::Array<float>& weight = model.get<nn::Linear<float>>(0).weight;
    xtape::Array<float> frozen;
    for (nn::Epoch& epoch : epochs) {
      for (const auto& batch : epoch) {
        epoch.step([&] {
          if (epoch.number() > 1) {  // with momentum from before
            member.tape.freeze(weight);
          }
          return nn::SoftmaxCrossEntropy{}(model(member.tape.constant(batch.inputs)),
                                           batch.targets);
        });
      }
      changed[group.rank()] += epoch.number() > 1 && weight.storage() != frozen.storage() ? 1 : 0;
      frozen = weight;
    }
    nn::for_each_buffer(model, [&](const nn::ParameterName&, const auto& buffer) -> void {
      if (buffer.size() == 1) {
        counts[group.rank()].push_back(buffer());
      }
    });
  });
  CHECK(changed == std::vector<int>(3, 0));
  CHECK(counts == std::vector<std::vector<float>>(3, std::vector<float>{25.f}));
}

TEST_CASE("Counts are whole in the mean of any shares, in double too", "[nn][threads]") {
  std::vector<std::vector<double>> counts(4);
  on_ranks(4, [&](ThreadRank& group) {
    xtape::Rng rng(1);
    nn::Sequential<double> model{nn::Linear<double>(3, 2, rng), nn::BatchNorm<double>(2)};
    nn::SGD<double> sgd;
    xtape::Tape<double> tape;
    nn::Batches batches(some_points(47), 47, rng);  // shares of 12, 12, 12 and 11
    for (nn::Epoch& epoch :
         nn::Epochs(run_of(group, {.epochs = 1, .local_steps = {1}}), model, sgd, tape, batches)) {
      for (const auto& batch : epoch) {
        epoch.step([&] {
          return nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
        });
      }
    }
    nn::for_each_buffer(model, [&](const nn::ParameterName&, const auto& buffer) -> void {
      if (buffer.size() == 1) {
        counts[group.rank()].push_back(buffer());
      }
    });
  });
  CHECK(counts == std::vector<std::vector<double>>(4, std::vector<double>{1}));
}

TEST_CASE("An epoch that is left between steps leaves the same buffers on all ranks",
          "[nn][threads]") {
  on_ranks(2, [&](ThreadRank& group) {
    Member member(48, 1);
    nn::Sequential<float> model{nn::Linear(3, 2, member.rng), nn::BatchNorm(2)};
    const nn::Run run{.epochs = 2, .accumulate = 4, .local_steps = {1}};
    for (nn::Epoch& epoch :
         nn::Epochs(run_of(group, run), model, member.sgd, member.tape, member.batches)) {
      std::size_t taken = 0;
      for (const auto& batch : epoch) {
        epoch.step([&] {
          return nn::SoftmaxCrossEntropy{}(model(member.tape.constant(batch.inputs)),
                                           batch.targets);
        });
        if (++taken == 5) {  // one step, and a batch of the next one
          break;
        }
      }
    }
  });
}

TEST_CASE("A rank whose weights drift after the last outer step of an epoch is named",
          "[nn][threads]") {
  const auto drift = [](bool step_again) {
    on_ranks(3, [&](ThreadRank& group) {
      Member member(40, 1);
      nn::Epochs epochs(run_of(group, {.epochs = 3, .local_steps = {4}}), member.model, member.sgd,
                        member.tape, member.batches);
      for (nn::Epoch& epoch : epochs) {
        for (const auto& batch : epoch) {
          epoch.step([&] { return member.loss_of(batch); });
          if (group.rank() == 2) {  // between outer steps, the weights differ anyway
            member.model.get<nn::Linear<float>>(0).weight(1, 1) += 1e-3f;
          }
        }
        if (step_again) {
          member.sgd.step(member.model, member.tape);
        } else if (epoch.number() == 2 && group.rank() == 2) {
          member.model.get<nn::Linear<float>>(0).weight(1, 1) += 1e-6f;
        }
      }
    });
  };
  CHECK_THROWS_WITH(drift(false),
                    "epoch 2: the weights of rank 2 differ from those of the other ranks");
  CHECK_NOTHROW(drift(true));
}

TEST_CASE("Options of local steps out of range are refused", "[nn]") {
  const auto message = [](const nn::LocalSteps& options) {
    return message_of([&] {
      Member member(9, 1);
      member.train(quiet(nn::Run{.local_steps = options}));
    });
  };
  CHECK(contains(message({3, 0}), "expected a local_steps.outer_rate above 0, got 0"));
  CHECK(contains(message({3, INFINITY}), "outer_rate above 0, got inf"));
  CHECK(contains(message({3, 1, 1}), "expected a local_steps.outer_momentum in [0, 1), got 1"));
  CHECK(contains(message({3, 1, -0.1}), "outer_momentum in [0, 1), got -0.1"));
  CHECK(contains(message({3, 1, NAN}), "outer_momentum in [0, 1), got nan"));
  CHECK(contains(message({0, 0.7}), "an outer step needs local_steps.every of at least 1, got 0"));
}
