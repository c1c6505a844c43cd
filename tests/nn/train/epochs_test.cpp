#include "nn/train/epochs.hpp"

#include <cmath>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/io/weights.hpp"
#include "nn/optim/clip.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::ValueError;

namespace {

/// A run whose epochs have scores that a test chooses.
struct Scored {
  std::vector<std::vector<float>> after;  // the weights after each epoch
  std::vector<float> end;
  nn::RunStatus status = nn::RunStatus::running;
  std::size_t kept = 0;
};

Scored train_scored(const std::vector<nn::Score>& scores, std::size_t early_stop,
                    const std::filesystem::path& folder = {}) {
  Parts parts;
  Scored scored;
  nn::Epochs epochs =
      parts.epochs(quiet({.epochs = scores.size(), .folder = folder, .early_stop = early_stop}));
  go(epochs, parts, [&](nn::Epoch& epoch) {
    scored.after.push_back(parts.weights());
    epoch.end(scores[epoch.number() - 1]);
  });
  scored.end = parts.weights();
  scored.status = epochs.status();
  scored.kept = epochs.kept()->epoch;
  return scored;
}

std::vector<nn::Score> losses(const std::vector<double>& values) {
  std::vector<nn::Score> scores;
  for (const double value : values) {
    scores.push_back(nn::lower_is_better(value));
  }
  return scores;
}

}  // namespace

TEST_CASE("A loop over epochs trains as one that is written out", "[nn]") {
  Parts written_out, by_add, by_step;
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const auto& batch : written_out.batches) {
      written_out.step(batch);
    }
    written_out.optimizer.report(written_out.score());
  }
  CHECK(train(by_add, quiet(3), true).weights == written_out.weights());
  CHECK(train(by_step, quiet(3), false).weights == written_out.weights());
}

TEST_CASE("An epoch is recorded with its loss, its score, its rate and its samples", "[nn]") {
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet(2));
  std::vector<double> means, rates;
  double sum = 0;
  go(
      epochs,
      [&](nn::Epoch& epoch, const nn::Batch& batch) {
        CHECK(epoch.number() == means.size() + 1);
        rates.push_back(parts.optimizer.learning_rate());
        const auto loss = parts.step(batch);
        sum += static_cast<double>(loss.item()) * static_cast<double>(batch.size());
        epoch.add(loss, 2);
      },
      [&](nn::Epoch& epoch) {
        CHECK(epoch.complete());
        means.push_back(std::exchange(sum, 0) / 18);
        epoch.end({{"first", nn::lower_is_better(0.5)}, {"second", 3}});
        CHECK(epoch.number() == means.size());
      });
  const auto& records = epochs.history().epochs();
  REQUIRE(records.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const nn::EpochRecord& epoch = records[i];
    CHECK(epoch.epoch == i + 1);
    CHECK(epoch.loss == means[i]);
    CHECK(epoch.samples == 18);
    CHECK(epoch.learning_rate == rates[5 * i + 4]);
    CHECK(epoch.gradient_norm == 2);
    CHECK(epoch.seconds > 0);
    CHECK(epoch.metric("first") == 0.5);
    CHECK(epoch.metric("second") == 3);
    CHECK(std::isnan(epoch.metric("third")));
    CHECK(epoch.parameters.empty());
  }
  CHECK(epochs.status() == nn::RunStatus::completed);
  CHECK(epochs.signal() == 0);
  CHECK(epochs.kept()->epoch == 2);
  CHECK(epochs.seconds() == records[0].seconds + records[1].seconds);
}

TEST_CASE("An epoch ends with a confusion matrix, metrics, a score, a callable, or nothing",
          "[nn]") {
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet(5));
  const auto matrix = [&] { return nn::evaluate(parts.model, parts.data, parts.tape); };
  go(epochs, parts, [&](nn::Epoch& epoch) {
    switch (epoch.number()) {
      case 1:
        return epoch.end(matrix());
      case 2:
        return epoch.end(matrix);
      case 3:
        return epoch.end([] { return nn::lower_is_better(7); });
      case 4:
        return epoch.end([] { return nn::Metrics{{"loss", nn::lower_is_better(8)}}; });
      default:
        return;
    }
  });
  const auto& records = epochs.history().epochs();
  for (const std::size_t i : {0UL, 1UL}) {
    CHECK(records.at(i).metric("accuracy") >= 0);
    CHECK(records[i].metrics[0].score.better == nn::Better::higher);
  }
  CHECK(records.at(2).metric("score") == 7);
  CHECK(records.at(3).metric("loss") == 8);
  CHECK(records.at(4).metrics.empty());
}

TEST_CASE("One batch and one sample are enough, and losses may be left out", "[nn]") {
  Parts one(1, 100), some;
  nn::Epochs without = one.epochs(quiet(1)), every_other = some.epochs(quiet(1));
  go(
      without, [&](nn::Epoch&, const nn::Batch& batch) { one.step(batch); }, [](nn::Epoch&) {});
  CHECK(one.optimizer.steps() == 1);
  CHECK(std::isnan(without.history().epochs().at(0).loss));
  std::size_t turn = 0;
  go(
      every_other,
      [&](nn::Epoch& epoch, const nn::Batch&) {
        if (turn++ % 2 == 1) epoch.add(3);
      },
      [](nn::Epoch&) {});
  CHECK(every_other.history().epochs().at(0).loss == 3);
  CHECK(every_other.history().epochs()[0].samples == 18);
}

TEST_CASE("Early stopping waits as long as it says and puts the best weights back", "[nn]") {
  const TemporaryFolder folder;
  const Scored scored = train_scored(losses({3, 1, 2, 1, 1, 0, 0}), 3, folder.path());
  CHECK(scored.status == nn::RunStatus::stopped_early);
  CHECK(scored.after.size() == 5);
  CHECK(scored.kept == 2);
  CHECK(scored.end == scored.after[1]);
  Parts saved;
  nn::load_weights(folder / "best.safetensors", saved.model);
  CHECK(saved.weights() == scored.after[1]);

  const Scored rising = train_scored({nn::higher_is_better(1), nn::higher_is_better(2)}, 1);
  CHECK(rising.status == nn::RunStatus::completed);
  CHECK(rising.end == rising.after[1]);
  const Scored without = train_scored(losses({1, 2, 3}), 0);
  CHECK(without.status == nn::RunStatus::completed);
  CHECK(without.end == without.after[2]);
  const Scored nothing = train_scored(losses({not_a_number, not_a_number, 1}), 2);
  CHECK(nothing.status == nn::RunStatus::stopped_early);
  CHECK(nothing.end == nothing.after[1]);
  const Scored patient = train_scored(losses({1, 2, 3}), std::numeric_limits<std::size_t>::max());
  CHECK(patient.status == nn::RunStatus::completed);
  CHECK(patient.end == patient.after[0]);
}

TEST_CASE("Early stopping needs a score that says which is the better one", "[nn]") {
  const std::string wanted = "Run: early_stop needs a score: call Epoch::end() with";
  CHECK(message_of([] { train_scored({0.5}, 1); }).starts_with(wanted));
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet({.epochs = 1, .early_stop = 1}));
  CHECK(message_of([&] { go(epochs, parts); }).starts_with(wanted));
}

TEST_CASE("A loss that is not finite is explained", "[nn]") {
  Parts parts;
  const std::vector<float> before = parts.weights();
  const auto spoilt = [&](const nn::Batch& batch) {
    return parts.loss_of(batch) + log(parts.tape.constant(0)) * 0;
  };
  const auto message = [&](auto turn) {
    nn::Epochs epochs = parts.epochs(quiet(1));
    return message_of([&] { go(epochs, turn, [](nn::Epoch&) {}); });
  };
  CHECK(message([&](nn::Epoch& epoch, const nn::Batch& batch) {
          parts.tape.rewind();
          epoch.add(spoilt(batch));
        }) == "step 1: the loss is nan: 'log' () gave -inf; try a smaller learning rate");
  CHECK(message([](nn::Epoch& epoch, const nn::Batch&) { epoch.add(not_a_number); }) ==
        "step 1: the loss is nan; try a smaller learning rate");
  const std::string found = message(
      [&](nn::Epoch& epoch, const nn::Batch& batch) { epoch.step([&] { return spoilt(batch); }); });
  CAPTURE(found);
  CHECK(found.starts_with("step 1: the loss is nan: log gave -inf; its inputs: "));
  CHECK(parts.weights() == before);
  CHECK(parts.optimizer.steps() == 0);
}

TEST_CASE("Parameters that are not finite are not kept", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Epochs epochs =
      parts.epochs(quiet({.epochs = 1, .folder = folder.path(), .save_every = 100}));
  const auto spoil = [&](nn::Epoch&) {
    parts.model.get<nn::Linear<float>>(0).weight.data()[1] = std::numeric_limits<float>::infinity();
  };
  CHECK(message_of([&] { go(epochs, parts, spoil); }) ==
        "step 5: parameter '0.weight' is inf at element 1; try a smaller learning rate");
  CHECK(nn::find_checkpoints(folder.path()).empty());
}

TEST_CASE("Gradients of several batches make the step of a large one", "[nn]") {
  Parts small(16, 4), large(16, 16);
  small.model = large.model =
      nn::Sequential{nn::Linear(3, 4, large.rng), nn::Tanh{}, nn::Linear(4, 2, large.rng)};
  small.rng = large.rng;
  nn::Run run = quiet({.epochs = 1, .accumulate = 4, .max_norm = infinity});
  const Result accumulated = train(small, run);
  run.accumulate = 1;
  const Result at_once = train(large, run);
  CHECK(small.optimizer.steps() == 1);
  CHECK(accumulated.losses[0] == Approx(at_once.losses[0]));
  CHECK(accumulated.norms[0] == Approx(at_once.norms[0]).epsilon(1e-5));
  for (std::size_t i = 0; i < at_once.weights.size(); ++i) {
    CHECK(accumulated.weights[i] == Approx(at_once.weights[i]).margin(1e-4));
  }
}

TEST_CASE("The last batches of an epoch make a step though they are too few", "[nn]") {
  for (const auto& [accumulate, steps] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 10}, {2, 6}, {3, 4}, {5, 2}, {100, 2}}) {
    Parts parts;
    train(parts, quiet({.epochs = 2, .accumulate = accumulate}));
    CAPTURE(accumulate);
    CHECK(parts.optimizer.steps() == steps);
  }
}

TEST_CASE("Gradients are clipped, and the history has their norms", "[nn]") {
  Parts clipped, written_out;
  const Result result = train(clipped, quiet({.epochs = 1, .max_norm = 0.1}));
  double sum = 0;
  for (const auto& batch : written_out.batches) {
    written_out.tape.rewind();
    written_out.tape.backward(written_out.loss_of(batch));
    sum += nn::clip_grad_norm(written_out.model, written_out.tape, 0.1);
    written_out.optimizer.step(written_out.model, written_out.tape);
  }
  CHECK(result.weights == written_out.weights());
  CHECK(result.norms[0] == sum / 5);
}

TEST_CASE("A loop over the batches may be left early: the epoch ends with what it was given",
          "[nn]") {
  const TemporaryFolder folder;
  using Counts = std::pair<std::size_t, std::size_t>;  // of batches and of epochs
  const auto train_some = [&](Parts& parts, const nn::Run& run, std::size_t stop_after) {
    std::size_t turns = 0;
    nn::Epochs epochs = parts.epochs(run);
    for (nn::Epoch& epoch : epochs) {
      std::size_t batches = 0;
      for (const auto& batch : epoch) {
        epoch.add(parts.step(batch));
        ++turns;
        if (++batches == 2) break;
      }
      epoch.end(parts.score());
      if (epochs.history().epochs().size() == stop_after) break;
    }
    return Counts(turns, epochs.history().epochs().size());
  };
  Parts whole, part, resumed = other_parts();
  CHECK(train_some(whole, quiet(3), 0) == Counts(6, 3));
  CHECK(train_some(part, quiet(3, folder.path()), 2) == Counts(4, 2));
  CHECK(train_some(resumed, quiet(3, folder.path()), 0) == Counts(2, 3));
  CHECK(resumed.weights() == whole.weights());
}

TEST_CASE("A loop that an exception ends puts all back in order", "[nn]") {
  const TemporaryFolder folder;
  Parts parts, whole, resumed = other_parts();
  std::signal(SIGINT, SIG_IGN);
  const auto fail = [](std::size_t steps) {
    if (steps == 7) throw std::runtime_error("enough");
  };
  CHECK_THROWS_AS(train(parts, quiet(3, folder.path()), true, fail), std::runtime_error);
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
  CHECK(train(resumed, quiet(3, folder.path()), true).weights ==
        train(whole, quiet(3), true).weights);
}

TEST_CASE("A misused epoch says so", "[nn]") {
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet(1)), wrong = parts.epochs(quiet(1));
  const std::string outside = ": called outside of the loop over the batches";
  for (nn::Epoch& epoch : epochs) {
    CHECK_FAILS(epoch.add(1), ValueError, "Epoch::add" + outside);
    CHECK_FAILS(epoch.step([&] { return parts.tape.constant(1.f); }), ValueError,
                "Epoch::step" + outside);
    CHECK(parts.optimizer.steps() == 0);
    CHECK_FAILS(epoch.end(nn::Metrics()), ValueError,
                "Epoch::end: called before the loop over the batches");
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
    CHECK_FAILS(epoch.begin(), ValueError, "Epoch: the loop over its batches has begun before");
    CHECK_FAILS(epoch.add(1), ValueError, "Epoch::add" + outside);
    epoch.end(nn::Metrics());
    CHECK_FAILS(epoch.end(nn::Metrics()), ValueError, "Epoch::end: called twice in one epoch");
  }
  CHECK_FAILS(epochs.begin(), ValueError, "Epochs: its loop has begun before");

  xtape::Tape<double> other;
  const auto add = [&](nn::Epoch& epoch, const nn::Batch&) { epoch.add(other.constant(1)); };
  CHECK_FAILS(go(wrong, add, [](nn::Epoch&) {}), ValueError,
              "Epoch: the loss is not of the type of the run's tape");
}

TEST_CASE("A run refuses options out of range", "[nn]") {
  Parts parts, empty(0);
  const auto refusal = [&](nn::Run run) { return message_of([&] { parts.epochs(run); }); };
  CHECK(refusal({.epochs = 0}) == "Run: expected epochs of at least 1, got 0");
  CHECK(refusal({.keep = 0}) == "Run: expected keep of at least 1, got 0");
  CHECK(refusal({.accumulate = 0}) == "Run: expected accumulate of at least 1, got 0");
  CHECK(refusal({.batch_size = 0}) == "Run: expected batch_size of at least 1, got 0");
  CHECK(refusal({.max_norm = 0}) == "Run: expected a max_norm above 0, got 0");
  CHECK(refusal({.max_norm = not_a_number}) == "Run: expected a max_norm above 0, got nan");
  CHECK(refusal({.resume = true}) == "Run: there is no folder to resume from");
  CHECK_FAILS(empty.epochs(quiet(1)), ValueError,
              "Epochs: there are no batches to train on: the dataset is empty");
  parts.batches = nn::Batches(parts.data, 100, {.drop_last = true});
  CHECK(refusal({}) == "Epochs: there are no batches to train on: drop_last drops the only one");
}

TEST_CASE("A loop over the batches allocates nothing after the first epoch", "[nn]") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  Parts parts;
  std::vector<std::size_t> counts;
  nn::Epochs epochs = parts.epochs(quiet({.epochs = 3, .accumulate = 2, .max_norm = 1}));
  for (nn::Epoch& epoch : epochs) {
    const std::size_t before = allocation_count();
    for (const auto& batch : epoch) {
      epoch.step([&] { return parts.loss_of(batch); });
    }
    counts.push_back(allocation_count() - before);
  }
  CHECK(counts.at(0) > 0);
  CHECK(counts.at(1) == 0);
  CHECK(counts.at(2) == 0);
}
