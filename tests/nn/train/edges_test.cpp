#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/train/epochs.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/temporary_folder.hpp"

// What programs do with a run beside the plain loop.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> checkpoints(const fs::path& folder, const std::vector<std::size_t>& steps) {
  std::vector<fs::path> paths;
  for (const std::size_t step : steps) {
    paths.push_back(nn::checkpoint_path(folder, step));
  }
  return paths;
}

}  // namespace

TEST_CASE("A step after the last batch of an epoch is in the checkpoint", "[nn]") {
  const TemporaryFolder folder;
  const auto train_more = [](Parts&& parts, const nn::Run& run) {
    nn::Epochs epochs = parts.epochs(run);
    go(epochs, parts, [&](nn::Epoch&) { parts.optimizer.step(parts.model, parts.tape); });
    return parts.weights();
  };
  const auto expected = train_more(Parts(), quiet(4));
  train_more(Parts(), quiet(2, folder.path()));
  CHECK(train_more(other_parts(), quiet(4, folder.path())) == expected);
}

TEST_CASE("An epoch whose validation fails can be ended again", "[nn]") {
  const TemporaryFolder folder;
  Parts parts, again = other_parts();
  nn::Run run = quiet({.epochs = 2, .folder = folder.path(), .early_stop = 1});
  nn::Epochs epochs = parts.epochs(run);
  go(epochs, parts, [](nn::Epoch& epoch) {
    const std::size_t number = epoch.number();
    const auto fails = []() -> nn::Metrics { throw xtape::DataError("no such file"); };
    CHECK_THROWS_AS(epoch.end(fails), xtape::DataError);
    CHECK_THROWS_AS(epoch.end(nn::Score(1)), xtape::ValueError);  // early_stop needs a sense
    CHECK(epoch.number() == number);
    epoch.end(nn::higher_is_better(static_cast<double>(number)));
  });
  REQUIRE(epochs.history().epochs().size() == 2);
  CHECK(epochs.history().epochs()[1].samples == 18);
  run.epochs = 3;
  CHECK(train(again, run).losses.size() == 3);
}

TEST_CASE("A folder that vanishes is an error, and the weights of the best epoch come back",
          "[nn]") {
  const TemporaryFolder folder;
  const nn::Run run = quiet({.epochs = 3, .folder = folder / "run", .early_stop = 3});
  Parts parts;
  std::vector<float> first;
  {
    nn::Epochs epochs = parts.epochs(run);
    const std::string message = message_of([&] {
      go(epochs, parts, [&](nn::Epoch& epoch) {
        if (epoch.number() == 1) {
          first = parts.weights();
        } else {
          fs::remove_all(run.folder);
        }
        epoch.end(nn::higher_is_better(static_cast<double>(epoch.number())));
      });
    });
    CHECK(message.starts_with((run.folder / "best.safetensors").string() + ": "));
    CHECK(epochs.history().epochs().size() == 1);
    REQUIRE(epochs.kept() == &epochs.history().epochs().front());
    CHECK(epochs.status() == nn::RunStatus::running);
    CHECK(parts.weights() != first);
  }
  CHECK(parts.weights() == first);
}

TEST_CASE("Histograms of weights and gradients are kept when they are wanted", "[nn]") {
  const TemporaryFolder folder;
  std::vector<std::size_t> wanted;  // the parameters of each epoch
  std::vector<nn::EpochRecord> before;
  for (const bool histograms : {false, true, false, true, true}) {  // each resumes the one before
    Parts parts;
    nn::Epochs epochs = parts.epochs(
        quiet({.epochs = wanted.size() + 1, .folder = folder.path(), .histograms = histograms}));
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK(epochs.history().epochs().at(i).parameters == before[i].parameters);
    }
    go(epochs, parts);
    before = epochs.history().epochs();
    wanted.push_back(histograms ? 4 : 0);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(before.at(i).parameters.size() == wanted[i]);
    }
  }
  CHECK(before[1].parameters[3].name == "3.bias");
  CHECK(before[1].parameters[0].gradient_rms > 0);
}

TEST_CASE("Each epoch has histograms of gradients, though it makes but one step", "[nn]") {
  Parts parts(40, 1);
  nn::Epochs epochs = parts.epochs(quiet({.epochs = 3, .accumulate = 40, .histograms = true}));
  go(
      epochs,
      [&](nn::Epoch& epoch, const nn::Batch& batch) {
        epoch.step([&] { return parts.loss_of(batch); });
      },
      [](nn::Epoch&) {});
  for (const nn::EpochRecord& epoch : epochs.history().epochs()) {
    const auto& counts = epoch.parameters.at(0).gradients.counts;
    CHECK(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) > 0);
  }
}

TEST_CASE("A checkpoint is made every so many steps and at the end of each epoch, a few stay",
          "[nn]") {
  const TemporaryFolder folder;
  nn::Run run = quiet({.epochs = 3, .folder = folder / "all", .save_every = 2, .keep = 100});
  Parts all, few, jumping;
  train(all, run);
  CHECK(nn::find_checkpoints(run.folder) ==
        checkpoints(run.folder, {2, 4, 5, 6, 8, 10, 12, 14, 15}));
  run.folder = folder / "few";
  run.keep = 2;
  train(few, run);
  CHECK(nn::find_checkpoints(run.folder) == checkpoints(run.folder, {14, 15}));

  // Two steps a batch jump over multiples of 3.
  run = quiet({.epochs = 1, .folder = folder / "jumping", .save_every = 3, .keep = 100});
  nn::Epochs epochs = jumping.epochs(run);
  go(
      epochs,
      [&](nn::Epoch&, const nn::Batch& batch) {
        jumping.step(batch);
        jumping.optimizer.step(jumping.model, jumping.tape);
      },
      [](nn::Epoch&) {});
  CHECK(nn::find_checkpoints(run.folder) == checkpoints(run.folder, {4, 6, 10}));
}

TEST_CASE("NaN in the data is not blamed on the learning rate", "[nn]") {
  const std::vector<float> points{1, 2, 3, 4, std::nanf(""), 6};
  for (const bool written_out : {true, false}) {
    Parts parts;
    parts.data = {nn::Samples(points, {3}), nn::Samples(std::vector<int>{0, 1})};
    parts.batches = nn::Batches(parts.data, 2);
    const std::string message = message_of([&] { train(parts, quiet(1), written_out); });
    CAPTURE(message);
    CHECK(message.starts_with("step 1: the loss is nan: "));
    CHECK(message.find("constant") != std::string::npos);
    CHECK(message.ends_with("; look for it in the data"));
  }
}

TEST_CASE("A run whose gradients overflow now and then resumes from each checkpoint", "[nn]") {
  const TemporaryFolder folder;
  const nn::Run run = quiet({.epochs = 1, .folder = folder.path(), .save_every = 2, .keep = 9});
  struct Stop {};
  Parts parts;
  const auto turn = [&](nn::Epoch& epoch, const auto& batch) {
    const std::size_t step = parts.optimizer.steps();
    if (step == 4) throw Stop();
    epoch.add(parts.step(batch), step == 1 ? infinity : step == 2 ? not_a_number : 3);
  };
  {
    nn::Epochs epochs = parts.epochs(run);
    CHECK_THROWS_AS(go(epochs, turn, [](nn::Epoch&) {}), Stop);
  }
  Parts resumed = other_parts();
  nn::Epochs rest = resumed.epochs(run);
  CHECK(resumed.optimizer.steps() == 4);
  go(
      rest, [&](nn::Epoch& epoch, const auto& batch) { epoch.add(resumed.step(batch), 6); },
      [](nn::Epoch&) {});
  CHECK(rest.history().epochs()[0].gradient_norm == 4);  // the mean of 3, 3 and 6
}

TEST_CASE("A norm below 0 and losses that add up to infinity end a run", "[nn]") {
  Parts parts;
  const auto refusal = [&](double loss, std::optional<double> norm) {
    nn::Epochs epochs = parts.epochs(quiet(1));
    return message_of([&] {
      go(
          epochs, [&](nn::Epoch& epoch, const auto&) { epoch.add(loss, norm); }, [](nn::Epoch&) {});
    });
  };
  CHECK(refusal(1, -1) == "Epoch::add: expected a norm of at least 0, got -1");
  CHECK(refusal(1e308, {}) ==
        "step 0: the losses of the epoch add up to inf, and the norms to 0; try a smaller learning "
        "rate");
  CHECK(refusal(1, 1e308) ==
        "step 0: the losses of the epoch add up to 8, and the norms to inf; try a smaller learning "
        "rate");
}
