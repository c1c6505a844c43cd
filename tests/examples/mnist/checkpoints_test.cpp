#include "examples/mnist/checkpoints.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "examples/mnist/data/synthetic.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/training.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_d = std::numeric_limits<double>::quiet_NaN();
const std::vector<double> no_sums{nan_d, infinity, -infinity, -1.0};
const std::vector<double> no_accuracies{nan_d, infinity, -0.5, 1.5};

/// A small network's training on 195 digits: 20 batches in each of 3 epochs.
struct Run {
  TemporaryFolder folder;
  nn::Mnist data = mnist::synthetic_digits(1, 195, 100);
  mnist::Recipe recipe;
  cli::TrainingOptions options;
  nn::Sequential<float> network;

  Run() {
    recipe.hidden = {4};
    recipe.epochs = 3;
    recipe.batch_size = 10;
  }

  mnist::Outcome train(bool resume) {
    xtape::Rng rng{42};
    network = initial_network(rng);
    const mnist::Checkpoints checkpoints(
        {.folder = folder.path().string(), .save_every = 7, .keep = 1000, .resume = resume}, {});
    mnist::Progress progress(mnist::Progress::Style::none);
    return mnist::train(network, {recipe, options, checkpoints}, data, rng, progress,
                        [](const mnist::Epoch&) {});
  }

  nn::Sequential<float> initial_network(xtape::Rng& rng) const {
    return mnist::make_network<float>(recipe, data.train.features(), rng);
  }

  /// Leaves the checkpoint of this step alone; its path.
  fs::path keep_only(std::size_t step) const {
    const fs::path kept = nn::checkpoint_path(folder.path(), step);
    for (const fs::path& path : nn::find_checkpoints(folder.path())) {
      if (path != kept) {
        fs::remove(path);
      }
    }
    REQUIRE(fs::exists(kept));
    return kept;
  }
};

/// The bytes of a checkpoint with another 64-bit word in one of its tensors.
std::string edited(const fs::path& path, const std::string& key, std::size_t word,
                   std::uint64_t value) {
  const nn::StoredTensor tensor = nn::SafetensorsFile(path).tensors().at(key);
  std::string bytes = nn::read_file(path, 1 << 24);
  std::uint64_t header = 0;
  std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&header));
  std::copy_n(reinterpret_cast<const char*>(&value), 8,
              bytes.data() + 8 + header + tensor.begin + 8 * word);
  return bytes;
}

/// Resumes from a checkpoint with one word edited: it must be refused by name and change nothing.
void check_refused(Run& run, const fs::path& path, const std::string& key, std::size_t word,
                   std::uint64_t value, const std::string& named) {
  const std::string sound = nn::read_file(path, 1 << 24);
  run.folder.write(path.filename().string(), edited(path, key, word, value));
  CAPTURE(key, word, value);
  CHECK_THROWS_AS(run.train(true), xtape::DataError);
  const std::string message = message_of([&] { run.train(true); });
  CAPTURE(message);
  CHECK(message.starts_with(path.string() + ": "));
  CHECK(message.find(named) != std::string::npos);
  xtape::Rng rng{42};
  CHECK((numbers_of(run.network) == numbers_of(run.initial_network(rng))));
  run.folder.write(path.filename().string(), sound);
}

void check_refused(Run& run, const fs::path& path, const std::string& number,
                   const std::vector<double>& values) {
  for (const double value : values) {
    check_refused(run, path, "number." + number, 0, std::bit_cast<std::uint64_t>(value),
                  "its number." + number + " is " + fmt::format("{}", value));
  }
}

}  // namespace

TEST_CASE("A checkpoint with one number edited is refused, and changes nothing") {
  Run run;
  run.train(false);
  const fs::path path = run.keep_only(35);  // epoch 2, after batch 15 of 20
  run.train(true);
  run.keep_only(35);

  check_refused(run, path, "epoch", {0, 1, 3, 4, 1.5, -1, 9e15, 1e300, nan_d, infinity});
  check_refused(run, path, "samples", {0, 149, 151, 195, 0x1p53, 150.5, -150, nan_d, infinity});
  check_refused(run, path, "last", {0, 2, 3, 0x1p53, 0.5, -1, nan_d, infinity});
  check_refused(run, path, "loss_sum", no_sums);
  check_refused(run, path, "epoch_seconds", no_sums);
  check_refused(run, path, "seconds", no_sums);
  check_refused(run, path, "last_validation", no_accuracies);
  check_refused(run, path, "last_test", no_accuracies);

  for (const std::uint64_t steps : {0UL, 1UL, 34UL, 36UL, 55UL, 1UL << 53, ~0UL}) {
    check_refused(run, path, "optimizer.steps", 0, steps,
                  fmt::format("its optimizer has made {} steps", steps));
  }
  for (const std::uint64_t arrays : {0UL, 2UL, ~0UL}) {
    check_refused(run, path, "optimizer.steps", 1, arrays,
                  fmt::format("its optimizer keeps {} arrays ", arrays));
  }
  check_refused(run, path, "batches", 0, 196, "196 items");
  check_refused(run, path, "batches", 1, 11, "11 a batch");
  check_refused(run, path, "batches", 2, 0, "15 batches");
  check_refused(run, path, "batches", 2, 2, "'batches' says 2 where 1 means");
  check_refused(run, path, "batches", 3, 0, "0 given of 20");
  check_refused(run, path, "batches", 3, 14, "its number.samples is 150, expected 140");
  check_refused(run, path, "batches", 3, 20, "its number.samples is 150, expected 195");
  check_refused(run, path, "batches", 3, 21, "after batch 21 of 20");
  check_refused(run, path, "batches", 3, ~0UL, "of 20");
}

TEST_CASE("A finished run's checkpoint with one number edited is refused, too") {
  Run run;
  run.train(false);
  const fs::path path = run.keep_only(60);
  CHECK(run.train(true).epochs == 3);
  check_refused(run, path, "epoch", {0, 2, 4, 9e15});
  check_refused(run, path, "samples", {0, 200, 0x1p53});
  check_refused(run, path, "last", {0, 1, 3});
  check_refused(run, path, "loss_sum", no_sums);
}

TEST_CASE("The epoch whose weights are kept is one that early stopping could keep") {
  nn::CheckpointNumbers saved{.steps = 61,
                              .position = {.within_epoch = true, .given = 1},
                              .numbers = {{"epoch", 7},
                                          {"samples", 10},
                                          {"last", 6},
                                          {"loss_sum", 0},
                                          {"epoch_seconds", 0},
                                          {"seconds", 0},
                                          {"last_validation", 1},
                                          {"last_test", 0}}};
  const auto refusal = [&](double last, std::size_t early_stop) {
    saved.numbers.at("last") = last;
    return message_of([&] {
      mnist::require_consistent(
          saved, {.epochs = 7, .images = 95, .batch_size = 10, .early_stop = early_stop});
    });
  };
  const std::string accepted = "(nothing thrown)";
  CHECK(refusal(6, 0) == accepted);
  CHECK(refusal(5, 0) == "its number.last is 5, expected 6");
  CHECK(refusal(6, 1) == accepted);
  CHECK(refusal(4, 3) == accepted);
  CHECK(refusal(3, 3) == "its number.last is 3, expected a whole number from 4 to 6");
  CHECK(refusal(1, 100) == accepted);
  CHECK(refusal(0, 100) == "its number.last is 0, expected a whole number from 1 to 6");
  saved.numbers.at("epoch") = 1;
  saved.steps = 1;
  CHECK(refusal(0, 0) == accepted);
  CHECK(refusal(0, 3) == accepted);
  CHECK(refusal(1, 3) == "its number.last is 1, expected 0");
}
