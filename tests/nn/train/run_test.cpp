#include "nn/train/run.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"
#include "tests/support/right_checksum.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using nn::detail::RunState;

namespace {

/// A run of 195 samples, 20 batches in each of 3 epochs, with a checkpoint every 7 steps.
struct Edited {
  TemporaryFolder folder;
  fs::path path;
  std::string sound;

  std::size_t early_stop;

  explicit Edited(std::size_t step, std::size_t stop_after = 0)
      : path(nn::checkpoint_path(folder.path(), step)), early_stop(stop_after) {
    Parts parts = make();
    train(parts, run());
    for (const fs::path& each : nn::find_checkpoints(folder.path())) {
      if (each != path) fs::remove(each);
    }
    sound = nn::read_file(path, 1 << 24);
  }

  static Parts make() { return Parts(195, 10); }

  nn::Run run() const {
    return quiet({.epochs = 3,
                  .folder = folder.path(),
                  .save_every = 7,
                  .keep = 1000,
                  .early_stop = early_stop});
  }

  /// The bytes of the checkpoint with another 64-bit word in one of its tensors.
  std::string edited(const std::string& key, std::size_t word, std::uint64_t value) const {
    const nn::StoredTensor tensor = nn::SafetensorsFile(path).tensors().at(key);
    std::string bytes = sound;
    std::uint64_t header = 0;
    std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&header));
    std::copy_n(reinterpret_cast<const char*>(&value), 8,
                bytes.data() + 8 + header + tensor.begin + 8 * word);
    return bytes;
  }

  /// Checks that the checkpoint with one word edited is refused by name, and changes nothing.
  void check_refused(const std::string& key, std::size_t word, std::uint64_t value,
                     const std::string& named) const {
    CAPTURE(key, word, value);
    nn::write_file(path, edited(key, word, value));
    const std::string planted = with_right_checksum(path);
    nn::write_file(path, planted);
    Parts parts = make();
    const std::vector<float> before = parts.weights();
    std::string message;
    try {
      train(parts, run());
    } catch (const xtape::DataError& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.starts_with(path.string() + ": "));
    CHECK(message.find(named) != std::string::npos);
    CHECK(parts.weights() == before);
    CHECK(nn::read_file(path, 1 << 24) == planted);
    nn::write_file(path, sound);
  }

  void check_refused(const std::string& number, const std::vector<double>& values) const {
    for (const double value : values) {
      check_refused("number." + number, 0, std::bit_cast<std::uint64_t>(value),
                    "its number." + number + " is " + fmt::format("{}", value));
    }
  }
};

}  // namespace

TEST_CASE("A checkpoint with one number edited is refused, and changes nothing", "[nn]") {
  const Edited run(35);  // epoch 2, after batch 15 of 20
  run.check_refused("epoch", {0, 1, 3, 4, 1.5, -1, 1e300, not_a_number, infinity});
  run.check_refused("samples", {0, 149, 151, 195, 150.5, -150, not_a_number, infinity});
  run.check_refused("steps", {0, 34, 36, 0.5, not_a_number});
  run.check_refused("best_epoch", {1, 2, 0.5, -1, not_a_number});
  run.check_refused("losses", {0.5, -1, not_a_number});
  run.check_refused("norms", {0.5, -1, not_a_number});
  run.check_refused("loss_sum", {not_a_number, infinity, -infinity});
  for (const char* name : {"norm_sum", "learning_rate", "epoch_seconds", "seconds"}) {
    run.check_refused(name, {not_a_number, infinity, -infinity, -1});
  }
  run.check_refused("epoch_seconds", {1e11, 1e300});
  run.check_refused("seconds", {1e11, 1e300});
  run.check_refused("batches", {0, 34, 36});
  for (const std::uint64_t steps : {0UL, 1UL, 34UL, 36UL, 55UL, 1UL << 53, ~0UL}) {
    run.check_refused("optimizer.steps", 0, steps,
                      fmt::format("its optimizer has made {} steps", steps));
  }
  for (const std::uint64_t arrays : {0UL, 1UL, ~0UL}) {
    run.check_refused("optimizer.steps", 1, arrays,
                      fmt::format("its optimizer keeps {} arrays ", arrays));
  }
  for (const std::uint64_t parameters : {0UL, 3UL, 5UL, ~0UL}) {
    run.check_refused("optimizer.steps", 2, parameters,
                      fmt::format("its optimizer keeps arrays for {} parameters", parameters));
  }
  constexpr std::uint64_t two_nans = 0x7fc0'0000'7fc0'0000, two_infinities = 0x7f80'0000'7f80'0000;
  const nn::SafetensorsFile file(run.path);
  for (const auto& [key, tensor] : file.tensors()) {
    if (tensor.dtype == "F32") {
      run.check_refused(key, 0, two_nans, "tensor '" + key + "' holds nan at element 0, expected");
      run.check_refused(key, 0, two_infinities, "tensor '" + key + "' holds inf at element 0");
    }
  }
  for (const double scale : {0.0, -1.0, 1.5, not_a_number}) {
    run.check_refused("optimizer.plateau", 0, std::bit_cast<std::uint64_t>(scale), "is scaled by");
  }
  for (const double waits : {-1.0, 0.5, 1e300, not_a_number}) {
    run.check_refused("optimizer.plateau", 2, std::bit_cast<std::uint64_t>(waits), "reports");
  }
  run.check_refused("batches", 0, 196, "196 items");
  run.check_refused("batches", 1, 11, "11 a batch");
  run.check_refused("batches", 2, 0, "15 batches");
  run.check_refused("batches", 2, 2, "'batches' says 2 where 1 means");
  run.check_refused("batches", 3, 14, "its batches are after 14 of 20");
  run.check_refused("batches", 3, 21, "after batch 21 of 20");
  run.check_refused("batches", 3, ~0UL, "of 20");
}

TEST_CASE("A finished run's checkpoint with one number edited is refused, too", "[nn]") {
  const Edited run(60);
  run.check_refused("epoch", {0, 3, 5});
  run.check_refused("samples", {5, 195});
  run.check_refused("best_epoch", {1, 3});
  run.check_refused("loss_sum", {not_a_number});
}

TEST_CASE("A checkpoint with sums that its counts do not allow is refused", "[nn]") {
  const Edited middle(35);                          // epoch 2, after batch 15 of 20
  middle.check_refused("norm_sum", {0.25, 1e300});  // of 0 norms
  middle.check_refused("losses", {0});              // of a sum that is not 0
  middle.check_refused("seconds", {0, 1e9});
  middle.check_refused("batches", 12, 1, "its batches have begun 1 epochs");
  const Edited finished(60);
  for (const char* count : {"losses", "norms"}) {
    finished.check_refused(count, {1});
  }
  for (const char* sum : {"loss_sum", "norm_sum", "epoch_seconds"}) {
    finished.check_refused(sum, {0.25});
  }
  finished.check_refused("seconds", {1e9});
}

TEST_CASE("A checkpoint with an impossible record of an epoch is refused", "[nn]") {
  const Edited run(60);
  struct Case {
    std::string name;
    std::vector<double> values;
  };
  for (const auto& [name, values] :
       {Case{"loss", {infinity, -infinity}}, Case{"seconds", {-1, 1e11, infinity, not_a_number}},
        Case{"samples", {-1, 0.5, 196, infinity, not_a_number}},
        Case{"learning_rate", {-1, infinity, not_a_number}},
        Case{"gradient_norm", {-1, infinity}}}) {
    const std::string key = "history." + name;
    for (const double value : values) {
      run.check_refused("series." + key, 1, std::bit_cast<std::uint64_t>(value),
                        fmt::format("its series.{} is {} in epoch 2, expected", key, value));
    }
  }
  run.check_refused("series.history.seconds", 1, std::bit_cast<std::uint64_t>(1e9),
                    "but its epochs took 1000000000");
}

TEST_CASE("The best epoch is one that early stopping could keep", "[nn]") {
  RunState state;
  state.epoch = 7;
  state.steps = state.batches = 61;
  state.samples = 10;
  struct Case {
    std::size_t best, early_stop;
    std::string refusal;
  };
  const std::string sound = "(nothing thrown)";
  const std::vector<Case> cases{{0, 0, sound},
                                {6, 0, "0"},
                                {6, 1, sound},
                                {5, 1, sound},  // stopped early
                                {4, 1, "a whole number from 5 to 6"},
                                {0, 3, "a whole number from 3 to 6"},
                                {3, 3, sound},
                                {2, 3, "a whole number from 3 to 6"},
                                {7, 3, "a whole number from 3 to 6"},
                                {1, 100, sound},
                                {0, 100, sound}};  // no score was a number
  for (const Case& each : cases) {
    state.best_epoch = each.best;
    state.best_score = each.best == 0 ? not_a_number : 0.5;
    const nn::CheckpointNumbers saved{.steps = state.steps,
                                      .position = {.within_epoch = true, .given = 1, .epochs = 7},
                                      .numbers = nn::detail::numbers_of(state)};
    CAPTURE(each.best, each.early_stop);
    CHECK(message_of([&] {
            nn::detail::require_consistent(
                saved,
                {.batches = 10, .samples = 95, .batch_size = 10, .early_stop = each.early_stop});
          }) == (each.refusal == sound ? sound
                                       : fmt::format("its number.best_epoch is {}, expected {}",
                                                     each.best, each.refusal)));
  }
}

TEST_CASE("The best score is a number if there is a best epoch, otherwise NaN", "[nn]") {
  const Edited run(35);
  run.check_refused("best_score", {0, 0.5, -1, infinity});
  RunState state;
  state.epoch = 3;
  state.steps = state.batches = 20;
  for (const std::size_t best_epoch : {0UL, 2UL}) {
    for (const double best_score : {not_a_number, -infinity, -0.5, 0.0, infinity}) {
      state.best_epoch = best_epoch;
      state.best_score = best_score;
      const nn::CheckpointNumbers saved{.steps = state.steps,
                                        .position = {.epochs = 2},
                                        .numbers = nn::detail::numbers_of(state)};
      CAPTURE(best_epoch, best_score);
      const bool sound = (best_epoch == 2) == !std::isnan(best_score);
      CHECK(message_of([&] {
              nn::detail::require_consistent(
                  saved, {.batches = 10, .samples = 95, .batch_size = 10, .early_stop = 3});
            }) == (sound ? "(nothing thrown)"
                         : fmt::format("its number.best_score is {}, but its number.best_epoch is "
                                       "{}",
                                       best_score, best_epoch)));
    }
  }
}

TEST_CASE("The best score is one of its epoch", "[nn]") {
  const Edited run(60, 3);
  run.check_refused("best_score", {0.0625, -1, 2, infinity});
}

TEST_CASE("The numbers of a run come back by their names", "[nn]") {
  RunState state;
  state.epoch = 3;
  state.norms = 4;
  state.loss_sum = -0.5;
  const auto numbers = nn::detail::numbers_of(state);
  const RunState back = nn::detail::state_of(numbers);
  CHECK(back.epoch == 3);
  CHECK(back.norms == 4);
  CHECK(back.loss_sum == -0.5);
  auto fewer = numbers;
  fewer.erase("norms");
  CHECK(message_of([&] { nn::detail::state_of(fewer); }) == "it has no number.norms");
}
