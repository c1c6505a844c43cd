#include "nn/train/epochs.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/io/weights.hpp"
#include "nn/optim/clip.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

constexpr double nan_d = std::numeric_limits<double>::quiet_NaN();

nn::Epochs epochs_of(const nn::Run& run, Parts& parts) {
  return {run, parts.model, parts.optimizer, parts.tape, parts.batches};
}

/// Trains for as many epochs as there are scores, or as early stopping lets it. Returns the weights
/// after each epoch and in the end.
struct Scored {
  std::vector<std::vector<float>> after;
  std::vector<float> end;
  nn::RunStatus status = nn::RunStatus::running;
  std::size_t kept = 0;
};

Scored train_scored(const std::vector<nn::Score>& scores, std::size_t early_stop,
                    const std::filesystem::path& folder = {}) {
  Parts parts;
  nn::Run run = quiet(scores.size(), folder);
  run.early_stop = early_stop;
  Scored scored;
  nn::Epochs epochs = epochs_of(run, parts);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
    scored.after.push_back(parts.weights());
    epoch.end(scores[epoch.number() - 1]);
  }
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
  Parts written_out;
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const auto& batch : written_out.batches) {
      written_out.step(batch);
    }
    written_out.optimizer.report(written_out.score());
  }
  Parts by_add, by_step;
  CHECK(train(by_add, quiet(3), true).weights == written_out.weights());
  CHECK(train(by_step, quiet(3), false).weights == written_out.weights());
}

TEST_CASE("An epoch is recorded with its loss, its score, its rate and its samples", "[nn]") {
  Parts parts;
  nn::Epochs epochs = epochs_of(quiet(2), parts);
  std::vector<double> means;
  std::vector<double> rates;
  for (nn::Epoch& epoch : epochs) {
    CHECK(epoch.number() == means.size() + 1);
    double sum = 0;
    for (const auto& batch : epoch) {
      rates.push_back(parts.optimizer.learning_rate());
      const auto loss = parts.step(batch);
      sum += static_cast<double>(loss.item()) * static_cast<double>(batch.size());
      epoch.add(loss, 2);
    }
    CHECK(epoch.complete());
    means.push_back(sum / 18);
    epoch.end({{"first", nn::lower_is_better(0.5)}, {"second", 3}});
    CHECK(epoch.number() == means.size());
  }
  REQUIRE(epochs.history().epochs().size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const nn::EpochRecord& epoch = epochs.history().epochs()[i];
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
  CHECK(epochs.seconds() ==
        epochs.history().epochs()[0].seconds + epochs.history().epochs()[1].seconds);
}

TEST_CASE("An epoch that nobody ends is recorded without metrics", "[nn]") {
  Parts parts;
  nn::Epochs epochs = epochs_of(quiet(1), parts);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
  }
  CHECK(epochs.history().epochs().at(0).metrics.empty());
}

TEST_CASE("One batch and one sample are enough, and losses may be left out", "[nn]") {
  Parts parts(1, 100);
  nn::Epochs epochs = epochs_of(quiet(1), parts);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      parts.step(batch);
    }
  }
  CHECK(parts.optimizer.steps() == 1);
  CHECK(std::isnan(epochs.history().epochs().at(0).loss));
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
  const Scored nothing = train_scored(losses({nan_d, nan_d, 1}), 2);
  CHECK(nothing.status == nn::RunStatus::stopped_early);
  CHECK(nothing.end == nothing.after[1]);
}

TEST_CASE("Early stopping needs a score that says which is the better one", "[nn]") {
  CHECK(message_of([] {
          train_scored({0.5}, 1);
        }).starts_with("Run: early_stop needs a score: call Epoch::end() with"));
  Parts parts;
  nn::Run run = quiet(1);
  run.early_stop = 1;
  nn::Epochs epochs = epochs_of(run, parts);
  CHECK(message_of([&] {
          for (nn::Epoch& epoch : epochs) {
            for (const auto& batch : epoch) {
              epoch.add(parts.step(batch));
            }
          }
        }).starts_with("Run: early_stop needs a score"));
}

TEST_CASE("A loss that is not finite is explained", "[nn]") {
  Parts parts;
  const auto spoilt_loss = [&](const nn::Batch& batch) {
    return parts.loss_of(batch) + log(parts.tape.constant(0)) * 0;
  };
  nn::Epochs written_out = epochs_of(quiet(1), parts);
  CHECK(message_of([&] {
          for (nn::Epoch& epoch : written_out) {
            for (const auto& batch : epoch) {
              parts.tape.rewind();
              epoch.add(spoilt_loss(batch));
            }
          }
        }) == "step 1: the loss is nan: 'log' () gave -inf; try a smaller learning rate");
  const std::vector<float> before = parts.weights();
  nn::Epochs by_step = epochs_of(quiet(1), parts);
  const std::string message = message_of([&] {
    for (nn::Epoch& epoch : by_step) {
      for (const auto& batch : epoch) {
        epoch.step([&] { return spoilt_loss(batch); });
      }
    }
  });
  CAPTURE(message);
  CHECK(message.starts_with("step 1: the loss is nan: log gave -inf; its inputs: "));
  CHECK(parts.weights() == before);
  CHECK(parts.optimizer.steps() == 0);
  nn::Epochs number = epochs_of(quiet(1), parts);
  CHECK(message_of([&] {
          for (nn::Epoch& epoch : number) {
            for ([[maybe_unused]] const auto& batch : epoch) {
              epoch.add(nan_d);
            }
          }
        }) == "step 1: the loss is nan; try a smaller learning rate");
}

TEST_CASE("Parameters that are not finite are not kept", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Run run = quiet(1, folder.path());
  run.save_every = 100;
  nn::Epochs epochs = epochs_of(run, parts);
  CHECK(message_of([&] {
          for (nn::Epoch& epoch : epochs) {
            for (const auto& batch : epoch) {
              epoch.add(parts.step(batch));
            }
            nn::for_each_parameter(parts.model, [](const nn::ParameterName&, Array<float>& array) {
              array.data()[1] = std::numeric_limits<float>::infinity();
            });
          }
        }) == "step 5: parameter '0.weight' is inf at element 1; try a smaller learning rate");
  CHECK(nn::find_checkpoints(folder.path()).empty());
}

TEST_CASE("Gradients of several batches make the step of a large one", "[nn]") {
  Parts small(16, 4), large(16, 16);
  small.model = large.model =
      nn::Sequential{nn::Linear(3, 4, large.rng), nn::Tanh{}, nn::Linear(4, 2, large.rng)};
  small.rng = large.rng;
  nn::Run run = quiet(1);
  run.accumulate = 4;
  run.max_norm = std::numeric_limits<double>::infinity();
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
    nn::Run run = quiet(2);
    run.accumulate = accumulate;
    train(parts, run);
    CAPTURE(accumulate);
    CHECK(parts.optimizer.steps() == steps);
  }
}

TEST_CASE("Gradients are clipped, and the history has their norms", "[nn]") {
  Parts clipped, written_out;
  nn::Run run = quiet(1);
  run.max_norm = 0.1;
  const Result result = train(clipped, run);
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
  const auto train_some = [&](Parts& parts, const nn::Run& run, std::size_t stop_after) {
    std::size_t turns = 0;
    nn::Epochs epochs = epochs_of(run, parts);
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
    return std::pair(turns, epochs.history().epochs().size());
  };
  Parts whole, part, resumed(18, 4, 9);
  CHECK(train_some(whole, quiet(3), 0) == std::pair<std::size_t, std::size_t>(6, 3));
  CHECK(train_some(part, quiet(3, folder.path()), 2) == std::pair<std::size_t, std::size_t>(4, 2));
  CHECK(train_some(resumed, quiet(3, folder.path()), 0) ==
        std::pair<std::size_t, std::size_t>(2, 3));
  CHECK(resumed.weights() == whole.weights());
}

TEST_CASE("A loop that an exception ends puts all back in order", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  std::signal(SIGINT, SIG_IGN);
  CHECK_THROWS_AS(train(parts, quiet(3, folder.path()), true,
                        [](std::size_t steps) {
                          if (steps == 7) throw std::runtime_error("enough");
                        }),
                  std::runtime_error);
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
  Parts whole, resumed(18, 4, 9);
  CHECK(train(resumed, quiet(3, folder.path()), true).weights ==
        train(whole, quiet(3), true).weights);
}

TEST_CASE("A batch may be left out of the losses", "[nn]") {
  Parts parts;
  nn::Epochs epochs = epochs_of(quiet(1), parts);
  for (nn::Epoch& epoch : epochs) {
    std::size_t turn = 0;
    for ([[maybe_unused]] const auto& batch : epoch) {
      if (turn++ % 2 == 0) continue;
      epoch.add(3);
    }
  }
  CHECK(epochs.history().epochs()[0].loss == 3);
  CHECK(epochs.history().epochs()[0].samples == 18);
}

TEST_CASE("A misused epoch says so", "[nn]") {
  Parts parts;
  nn::Epochs epochs = epochs_of(quiet(1), parts);
  for (nn::Epoch& epoch : epochs) {
    CHECK_THROWS_WITH(epoch.add(1), "Epoch::add: called outside of the loop over the batches");
    CHECK_THROWS_WITH(epoch.end(nn::Metrics()),
                      "Epoch::end: called before the loop over the batches");
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
    CHECK_THROWS_WITH(epoch.begin(), "Epoch: the loop over its batches has begun before");
    CHECK_THROWS_WITH(epoch.add(1), "Epoch::add: called outside of the loop over the batches");
    epoch.end(nn::Metrics());
    CHECK_THROWS_WITH(epoch.end(nn::Metrics()), "Epoch::end: called twice in one epoch");
  }
  CHECK_THROWS_WITH(epochs.begin(), "Epochs: its loop has begun before");

  xtape::Tape<double> other;
  nn::Epochs wrong = epochs_of(quiet(1), parts);
  CHECK_THROWS_WITH(
      [&] {
        for (nn::Epoch& epoch : wrong) {
          for ([[maybe_unused]] const auto& batch : epoch) {
            epoch.add(other.constant(1));
          }
        }
      }(),
      "Epoch: the loss is not of the type of the run's tape");
}

TEST_CASE("A run refuses options out of range", "[nn]") {
  Parts parts, empty(0);
  const auto refusal = [&](const nn::Run& run) {
    return message_of([&] { epochs_of(run, parts); });
  };
  nn::Run run = quiet(0);
  CHECK(refusal(run) == "Run: expected epochs of at least 1, got 0");
  run = quiet(1);
  run.keep = 0;
  CHECK(refusal(run) == "Run: expected keep of at least 1, got 0");
  run = quiet(1);
  run.accumulate = 0;
  CHECK(refusal(run) == "Run: expected accumulate of at least 1, got 0");
  run = quiet(1);
  run.max_norm = 0;
  CHECK(refusal(run) == "Run: expected a max_norm above 0, got 0");
  run = quiet(1);
  run.resume = true;
  CHECK(refusal(run) == "Run: there is no folder to resume from");
  CHECK(message_of([&] { epochs_of(quiet(1), empty); }) ==
        "Epochs: there are no batches to train on: the dataset is empty");
}

TEST_CASE("Histograms of weights and gradients are kept when they are wanted", "[nn]") {
  const TemporaryFolder folder;
  Parts parts, again(18, 4, 9);
  nn::Run run = quiet(2, folder.path());
  run.histograms = true;
  nn::Epochs epochs = epochs_of(run, parts);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
  }
  const auto& record = epochs.history().epochs().at(1).parameters;
  REQUIRE(record.size() == 4);
  CHECK(record[3].name == "3.bias");
  CHECK(record[0].gradient_rms > 0);
  const nn::Epochs resumed = epochs_of(run, again);
  const auto& kept = resumed.history().epochs().at(1).parameters;
  REQUIRE(kept.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(kept[i].name == record[i].name);
    CHECK(kept[i].weight_rms == record[i].weight_rms);
    CHECK(kept[i].gradient_rms == record[i].gradient_rms);
    CHECK(kept[i].zero_gradients == record[i].zero_gradients);
    CHECK(kept[i].weights.counts == record[i].weights.counts);
    CHECK(kept[i].gradients.counts == record[i].gradients.counts);
    CHECK(kept[i].gradients.low == record[i].gradients.low);
  }
}

TEST_CASE("A loop over the batches allocates nothing after the first epoch", "[nn]") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  Parts parts;
  nn::Run run = quiet(3);
  run.accumulate = 2;
  run.max_norm = 1;
  std::vector<std::size_t> counts;
  nn::Epochs epochs = epochs_of(run, parts);
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

TEST_CASE("An epoch ends with a confusion matrix, metrics, a score or what a callable returns",
          "[nn]") {
  Parts parts;
  nn::Epochs epochs = epochs_of(quiet(4), parts);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
    switch (epoch.number()) {
      case 1:
        epoch.end(nn::evaluate(parts.model, parts.data, parts.tape));
        break;
      case 2:
        epoch.end([&] { return nn::evaluate(parts.model, parts.data, parts.tape); });
        break;
      case 3:
        epoch.end([] { return nn::lower_is_better(7); });
        break;
      default:
        epoch.end([] { return nn::Metrics{{"loss", nn::lower_is_better(8)}}; });
    }
  }
  const auto& records = epochs.history().epochs();
  CHECK(records.at(0).metric("accuracy") >= 0);
  CHECK(records.at(0).metrics.at(0).score.better == nn::Better::higher);
  CHECK(records.at(1).metric("accuracy") >= 0);
  CHECK(records.at(2).metric("score") == 7);
  CHECK(records.at(3).metric("loss") == 8);
}
