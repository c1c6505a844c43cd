#include "nn/io/checkpoint.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;
using xtape::Rng;

namespace {

const nn::Identity identity{{"dataset", "23 numbered images"}, {"learning_rate", "0.05"}};

template <class T>
std::unique_ptr<nn::Optimizer<T>> make_optimizer(const std::string& name) {
  if (name == "SGD") {
    return std::make_unique<nn::SGD<T>>(nn::SGDOptions{.learning_rate = 0.05});
  }
  if (name == "momentum") {
    return std::make_unique<nn::SGD<T>>(
        nn::SGDOptions{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true});
  }
  if (name == "Adam") {
    return std::make_unique<nn::Adam<T>>(nn::AdamOptions{.weight_decay = 0.1});
  }
  return std::make_unique<nn::AdamW<T>>();
}

const std::vector<std::string> optimizers{"SGD", "momentum", "Adam", "AdamW"};

nn::Dataset make_data(std::size_t count = 23) {
  std::vector<int> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = static_cast<int>(i % 3);
  }
  return {numbered_images(count).features, labels};
}

/// A training run like that of a program, with everything that a checkpoint restores: a model that
/// draws random numbers, an optimizer, batches in random order, a count of epochs and a loss.
template <class T>
class Run {
 public:
  explicit Run(const std::string& optimizer_name, std::uint64_t seed = 1, std::size_t hidden = 4,
               std::size_t items = 23, std::size_t batch_size = 5)
      : data(make_data(items)),
        rng(seed),
        model{nn::Linear<T>(15, hidden, rng), nn::Dropout{0.3}, nn::Linear<T>(hidden, 3, rng)},
        optimizer(make_optimizer<T>(optimizer_name)),
        batches(data, batch_size, rng) {
    tape.rng() = Rng(seed + 100);
    state.batches = &batches;
    state.rngs = {{"tape", &tape.rng()}};
    state.numbers = {{"epoch", 0}, {"loss", 0}};
  }

  /// Trains to the end of epoch `epochs`. Calls `each_step` after each step and `each_epoch` after
  /// each epoch. Returns early if one returns false.
  template <class EachStep, class EachEpoch>
  void train(double epochs, EachStep each_step, EachEpoch each_epoch) {
    double& epoch = state.numbers.at("epoch");
    double& loss_sum = state.numbers.at("loss");
    while (epoch < epochs) {
      for (const auto& batch : batches) {
        tape.rewind();
        const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
        tape.backward(loss);
        optimizer->step(model, tape);
        loss_sum += static_cast<double>(loss.item());
        if (!each_step()) {
          return;
        }
      }
      epoch += 1;
      if (!each_epoch()) {
        return;
      }
    }
  }
  void train(double epochs) {
    const auto go_on = [] { return true; };
    train(epochs, go_on, go_on);
  }

  void save(const fs::path& path) const {
    nn::save_checkpoint(path, model, *optimizer, state, identity);
  }
  void load(const fs::path& path, const nn::Identity& wanted = identity) {
    nn::load_checkpoint(path, model, *optimizer, state, wanted);
  }

  /// Returns everything in the run, as the bytes of its checkpoint.
  std::string bits() const {
    const TemporaryFolder folder;
    save(folder / "bits");
    return nn::read_file(folder / "bits", 1 << 20);
  }

  nn::Dataset data;
  Rng rng;
  nn::Sequential<T> model;
  std::unique_ptr<nn::Optimizer<T>> optimizer;
  nn::Batches batches;
  nn::SoftmaxCrossEntropy criterion;
  xtape::Tape<T> tape;
  nn::TrainingState state;
};

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEMPLATE_TEST_CASE("A run resumed after any step ends with the bits of one that never stopped", "",
                   float, double) {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  for (const std::string& name : optimizers) {
    CAPTURE(name);
    Run<TestType> straight(name);
    straight.train(3);
    const std::string wanted = straight.bits();
    for (int stop = 1; stop <= 15; ++stop) {
      CAPTURE(stop);
      Run<TestType> first(name), second(name, 77);
      int step = 0;
      first.train(
          3,
          [&] {
            if (++step == stop) {
              first.save(path);
            }
            return step < stop;
          },
          [] { return true; });
      second.load(path);
      CHECK((second.bits() == nn::read_file(path, 1 << 20)));
      second.train(3);
      CHECK((second.bits() == wanted));
    }
  }
}

TEMPLATE_TEST_CASE("A run resumed between epochs ends with the bits of one that never stopped", "",
                   float, double) {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  for (const std::string& name : optimizers) {
    CAPTURE(name);
    Run<TestType> straight(name);
    straight.train(3);
    for (int epochs = 0; epochs <= 3; ++epochs) {
      Run<TestType> first(name), second(name, 77);
      first.train(epochs);
      first.save(path);
      second.load(path);
      second.train(3);
      CHECK((second.bits() == straight.bits()));
    }
  }
}

TEST_CASE("A run that goes on in the object it was in does so from the checkpoint") {
  const TemporaryFolder folder;
  Run<float> straight("Adam"), run("Adam");
  straight.train(4);
  run.train(1);
  run.save(folder / "checkpoint");
  int steps = 0;
  const auto go_on = [] { return true; };
  run.train(
      4, [&] { return ++steps < 7; }, go_on);  // stops within an epoch
  run.load(folder / "checkpoint");
  run.train(4);
  CHECK((run.bits() == straight.bits()));
}

TEST_CASE("A run killed at any moment and resumed ends with the bits of one that never stopped") {
  const TemporaryFolder folder;
  /// Begins or resumes the run in a folder and saves after each step. Its last checkpoint then is
  /// the whole run.
  const auto train_in = [](const fs::path& where) {
    const auto found = nn::find_checkpoints(where);
    Run<float> run("Adam", found.empty() ? 1 : 77);
    if (!found.empty()) {
      run.load(found.back());
    }
    const auto save = [&] {
      run.save(nn::checkpoint_path(where, run.optimizer->steps()));
      nn::keep_last_checkpoints(where, 2);
      return true;
    };
    run.train(20, save, [] { return true; });
  };
  const auto last = [](const fs::path& where) {
    const auto found = nn::find_checkpoints(where);
    return found.empty() ? "nothing"
                         : found.back().filename().string() + nn::read_file(found.back(), 1 << 20);
  };
  fs::create_directory(folder / "straight");
  const auto start = std::chrono::steady_clock::now();
  train_in(folder / "straight");
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;

  // A kill counts if the run has advanced since the previous one. Runs that end are started again.
  Rng moments(static_cast<std::uint64_t>(::getpid()));
  const fs::path killed = folder / "killed";
  int hits = 0;
  bool finished = true;
  for (int attempt = 0; attempt < 1000 && (hits < 20 || !finished); ++attempt) {
    if (finished) {
      fs::remove_all(killed);
      fs::create_directory(killed);
    }
    const std::string before = last(killed);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      train_in(killed);
      ::_exit(0);
    }
    if (hits < 20) {
      std::this_thread::sleep_for(whole / 4 * moments.uniform());
      ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    finished = WIFEXITED(status);
    if (finished) {
      REQUIRE(WEXITSTATUS(status) == 0);
      REQUIRE((last(killed) == last(folder / "straight")));
    } else {
      REQUIRE(WTERMSIG(status) == SIGKILL);
      hits += last(killed) != before;
    }
  }
  CHECK(hits == 20);
}

TEMPLATE_TEST_CASE("A checkpoint of another run is refused with the reasons; nothing changes", "",
                   float, double) {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  const std::string name = path.string();
  const std::string type = std::is_same_v<TestType, float> ? "F32" : "F64";
  Run<TestType> saved("Adam");
  saved.train(1);
  saved.save(path);

  const auto refusal = [&](Run<TestType>& run, const nn::Identity& wanted = identity) {
    run.train(1);
    const std::string before = run.bits();
    const std::string message = message_of([&] { run.load(path, wanted); });
    CHECK((run.bits() == before));
    return message.starts_with(name + ": ") ? message.substr(name.size() + 2) : message;
  };
  Run<TestType> run("Adam"), sgd("SGD"), adamw("AdamW"), wider("Adam", 1, 5);
  Run<TestType> more_items("Adam", 1, 4, 24), larger_batches("Adam", 1, 4, 23, 6);
  CHECK(refusal(run, {{"dataset", "fashion"}, {"seed", "1"}}) ==
        "is of another run: 'dataset' is '23 numbered images', this run has 'fashion'; 'seed' is "
        "nothing, this run has '1'; 'learning_rate' is '0.05', this run has nothing");
  CHECK(refusal(sgd) == "is of another run: 'optimizer' is 'Adam', this run has 'SGD'");
  CHECK(refusal(adamw) == "is of another run: 'optimizer' is 'Adam', this run has 'AdamW'");
  CHECK(refusal(wider).starts_with("does not fit: 'model.0.weight' is " + type +
                                   " (15, 4), expected " + type + " (15, 5); 'model.0.bias' is "));
  CHECK(refusal(wider).find("'optimizer.0.bias.1' is " + type + " (4), expected " + type +
                            " (5); ") != std::string::npos);
  CHECK(refusal(more_items) ==
        "Batches: the position is one in 23 items, 5 a batch, but these are 24 items, 5 a batch");
  CHECK(refusal(larger_batches) ==
        "Batches: the position is one in 23 items, 5 a batch, but these are 23 items, 6 a batch");

  run.state.numbers["best"] = 1;
  run.state.rngs["more"] = &run.rng;
  CHECK(refusal(run) ==
        "does not fit: 'rng.more' U64 (4) is missing; 'number.best' F64 () is missing");
  run.state.numbers = {{"epoch", 1}};
  run.state.rngs = {};
  run.state.batches = nullptr;
  CHECK(message_of([&] { run.load(path); }) ==
        name +
            ": does not fit: 'batches' U64 (12) is unexpected; 'number.loss' F64 () is "
            "unexpected; 'rng.tape' U64 (4) is unexpected");
}

TEST_CASE("A checkpoint of another version or scalar type is refused, and what is none") {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  Run<float> run("Adam");
  run.save(path);
  std::string bytes = nn::read_file(path, 1 << 20);
  const std::string version = std::string(R"("xtape":")") + xtape::version();
  bytes.replace(bytes.find(version) + version.size() - 1, 1, "x");
  folder.write("checkpoint", bytes);
  const std::string message = message_of([&] { run.load(path); });
  CHECK(message.find(": is of another run: 'xtape' is '") != std::string::npos);

  Run<double> wide("Adam");
  wide.save(path);
  CHECK(message_of([&] {
          run.load(path);
        }).find(": does not fit: 'model.0.weight' is F64 (15, 4), expected F32 (15, 4); ") !=
        std::string::npos);

  nn::save_weights(path, run.model);
  CHECK_THROWS_WITH(run.load(path), path.string() + ": is no checkpoint of xtape");
  CHECK_THROWS_WITH(nn::read_identity(path), path.string() + ": is no checkpoint of xtape");
}

TEST_CASE("A checkpoint of an optimizer with other state is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  Run<float> momentum("momentum"), plain("SGD");
  momentum.train(1);
  momentum.save(path);
  CHECK_THROWS_WITH(plain.load(path), path.string() +
                                          ": its optimizer keeps 1 arrays for each "
                                          "parameter, that of this run 0");
  plain.train(1);
  plain.save(path);
  CHECK_THROWS_WITH(momentum.load(path), path.string() +
                                             ": its optimizer keeps 0 arrays for each "
                                             "parameter, that of this run 1");
}

TEST_CASE("A damaged checkpoint changes nothing in the run") {
  const TemporaryFolder folder;
  Run<float> run("Adam"), other("Adam", 77);
  other.train(1);
  other.save(folder / "good");
  const std::string good = nn::read_file(folder / "good", 1 << 20), before = run.bits();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    const fs::path path = folder.write("cut", good.substr(0, size));
    CHECK_THROWS_AS(run.load(path), xtape::DataError);
  }
  // Zeros instead of numbers: the generator of an Rng of zeros would not advance.
  const std::size_t data = good.find('}', good.rfind("data_offsets"));
  for (const std::size_t size : {good.size() - data - 2}) {
    std::string zeros = good;
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(good.size() - size), zeros.end(), '\0');
    CHECK_THROWS_AS(run.load(folder.write("zeros", zeros)), xtape::DataError);
  }
  CHECK((run.bits() == before));
}

TEST_CASE("A checkpoint of more steps than can be counted is refused") {
  const TemporaryFolder folder;
  Run<float> run("Adam");
  run.train(1);
  run.save(folder / "good");
  std::string bytes = nn::read_file(folder / "good", 1 << 20);
  const auto place = bytes.find(std::string("\5\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
  REQUIRE(place != std::string::npos);
  bytes.replace(place, 8, 8, '\xff');
  const fs::path path = folder.write("bad", bytes);
  const std::string before = run.bits();
  CHECK_THROWS_WITH(run.load(path), path.string() +
                                        ": its optimizer has made 18446744073709551615 steps, more "
                                        "than can be counted");
  CHECK((run.bits() == before));
}

TEST_CASE("A position of batches that no run packs is refused") {
  const TemporaryFolder folder;
  Run<float> run("SGD");
  const auto refusal = [&](std::uint64_t within, std::uint64_t given) {
    run.save(folder / "good");
    std::string bytes = nn::read_file(folder / "good", 1 << 20);
    const std::array<std::uint64_t, 4> position{23, 5, 0, 0}, other{23, 5, within, given};
    const auto words = [](const auto& array) {
      return std::string(reinterpret_cast<const char*>(array.data()), sizeof array);
    };
    const auto place = bytes.find(words(position));
    REQUIRE(place != std::string::npos);
    bytes.replace(place, sizeof position, words(other));
    const fs::path path = folder.write("bad", bytes);
    const std::string before = run.bits();
    CHECK_THROWS_AS(run.load(path), xtape::DataError);
    CHECK((run.bits() == before));
    return message_of([&] { run.load(path); });
  };
  const std::string name = (folder / "bad").string();
  CHECK(refusal(2, 0) ==
        name + ": 'batches' says 2 where 1 means within an epoch and 0 between two");
  CHECK(refusal(0, 3) ==
        name + ": 'batches' is between two epochs, but 3 batches of the next have been given");
}

TEST_CASE("A program can refuse the numbers of a checkpoint before anything changes") {
  const TemporaryFolder folder;
  Run<float> run("Adam"), other("Adam", 77);
  run.train(2);
  run.save(folder / "file");
  const std::string before = other.bits();
  std::vector<nn::CheckpointNumbers> seen;
  other.state.check = [&](const nn::CheckpointNumbers& saved) {
    seen.push_back(saved);
    throw xtape::ValueError("epoch 2 is enough");
  };
  CHECK_THROWS_AS(other.load(folder / "file"), xtape::DataError);
  CHECK(message_of([&] { other.load(folder / "file"); }) ==
        (folder / "file").string() + ": epoch 2 is enough");
  CHECK((other.bits() == before));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].steps == 10);
  CHECK(seen[0].position.items == 23);
  CHECK(seen[0].numbers == run.state.numbers);
  other.state.check = [](const nn::CheckpointNumbers&) {};
  other.load(folder / "file");
  CHECK((other.bits() == run.bits()));
}

TEST_CASE("A hostile checkpoint is refused at once") {
  const TemporaryFolder folder;
  const std::size_t most = (2 << 20) - 100;
  const auto closed = [](std::string list) { return list.substr(0, list.size() - 1) + "}"; };
  const std::string checkpoint = R"({"__metadata__":{"checkpoint":"1",)";
  const std::vector<std::string> headers{
      checkpoint + closed(many_texts(most)) + "}",
      checkpoint + R"("xtape":""},)" + closed(many_tensors(most)),
      checkpoint + R"("identity.dataset":)" + std::string(most, '['),
      checkpoint + R"("identity.dataset":")" + std::string(most, 'x') + "\"}}"};
  const Cost sound = cost_of_sound_header();
  Run<float> run("Adam");
  for (const std::string& header : headers) {
    CAPTURE(header.substr(0, 60));
    const fs::path path = folder.write("file", safetensors_bytes(header));
    check_refused_at_once([&] { run.load(path); }, sound);
    check_cheap(cost_of([&] { nn::read_identity(path); }), sound);
  }
}

TEST_CASE("A checkpoint is not saved with an optimizer of another model") {
  const std::string name = GENERATE("SGD", "Adam");
  CAPTURE(name);
  const TemporaryFolder folder;
  Run<float> run(name), other(name);
  run.train(1);
  CHECK_THROWS_AS(nn::save_checkpoint(folder / "c", other.model, *run.optimizer, run.state, {}),
                  xtape::TapeError);
  CHECK(!fs::exists(folder / "c"));
}

TEST_CASE("The identity of a checkpoint can be read before there is a run") {
  const TemporaryFolder folder;
  Run<float>("Adam").save(folder / "checkpoint");
  CHECK(nn::read_identity(folder / "checkpoint") == identity);
}

TEST_CASE("Only the last checkpoints are kept, and nothing else is touched") {
  const TemporaryFolder folder;
  CHECK(nn::checkpoint_path("runs", 42) == "runs/checkpoint-00000042.safetensors");
  CHECK(nn::checkpoint_path("", 1234567890) == "checkpoint-1234567890.safetensors");
  const std::vector<std::string> others{"checkpoint-1.safetensors",
                                        "checkpoint-000000001.safetensors",
                                        "checkpoint-00000001.safetensors.bak",
                                        "checkpoint-00000001",
                                        "checkpoint--0000001.safetensors",
                                        "checkpoint-0000000x.safetensors",
                                        "checkpoint-99999999999999999999.safetensors",
                                        "Checkpoint-00000001.safetensors",
                                        "my-checkpoint-00000001.safetensors",
                                        "weights.safetensors"};
  for (const std::string& name : others) {
    folder.write(name, name);
  }
  fs::create_directory(nn::checkpoint_path(folder.path(), 0));
  fs::create_symlink("weights.safetensors", nn::checkpoint_path(folder.path(), 1));
  std::vector<fs::path> paths;
  for (const std::size_t number : {std::size_t{2}, std::size_t{9}, std::size_t{10},
                                   std::size_t{99999999}, std::size_t{123456789}}) {
    paths.push_back(folder.write(nn::checkpoint_path("", number).string(), std::string("x")));
  }
  CHECK(nn::find_checkpoints(folder.path()) == paths);

  nn::keep_last_checkpoints(folder.path(), 5);
  CHECK(nn::find_checkpoints(folder.path()) == paths);
  nn::keep_last_checkpoints(folder.path(), 2);
  paths.erase(paths.begin(), paths.begin() + 3);
  CHECK(nn::find_checkpoints(folder.path()) == paths);
  CHECK(names_in(folder.path()).size() == others.size() + 4);

  CHECK_THROWS_AS(nn::keep_last_checkpoints(folder.path(), 0), xtape::ValueError);
  CHECK_THROWS_WITH(
      nn::find_checkpoints(folder / "none"),
      (folder / "none").string() + ": cannot list the folder: No such file or directory");
}
