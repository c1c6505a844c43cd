#include <cmath>
#include <limits>
#include <utility>

#include "nn/io/weights.hpp"
#include "tensor/version.hpp"
#include "tests/nn/io/checkpoint_run.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/right_checksum.hpp"

// Checkpoints that do not fit a run or are damaged. They are refused and change nothing in the run.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

template <class T>
std::string complaint(Run<T>& run, const fs::path& path, const nn::Identity& wanted = identity) {
  const std::string before = run.bits();
  const std::string message = complaint_about(path, [&](auto from) { run.load(from, wanted); });
  CHECK((run.bits() == before));
  return message;
}

/// The complaint about a file that has its right checksum, but is wrong.
template <class T>
std::string complaint_behind_checksum(Run<T>& run, const TemporaryFolder& folder,
                                      const std::string& bytes) {
  const fs::path path = folder.write("changed", bytes);
  CHECK(complaint(run, path).starts_with("is damaged: its CRC-32 is "));
  return complaint(run, folder.write("changed", with_right_checksum(path)));
}

/// The bytes of these words.
std::string words(const std::vector<std::uint64_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), 8 * numbers.size()};
}

}  // namespace

TEST_CASE("A checkpoint of another format is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "old";
  nn::write_safetensors(path, {}, {{"checkpoint", "1"}});
  const std::string wanted =
      "is a checkpoint of format '1', expected '2': another version of xtape wrote it, or it is "
      "damaged";
  CHECK(complaint_about(path, nn::read_identity) == wanted);
  Run<float> run("Adam");
  CHECK(complaint(run, path) == wanted);
}

TEMPLATE_TEST_CASE("A checkpoint of another run is refused with the reasons", "", float, double) {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  const std::string type = std::is_same_v<TestType, float> ? "F32" : "F64";
  Run<TestType> saved("Adam"), run("Adam");
  saved.train(1);
  saved.save(path);

  const auto refusal = [&](Run<TestType>&& other, const nn::Identity& wanted = identity) {
    other.train(1);
    return complaint(other, path, wanted);
  };
  CHECK(refusal(Run<TestType>("Adam"), {{"dataset", "fashion"}, {"seed", "1"}}) ==
        "is of another run: 'dataset' is '23 numbered images', this run has 'fashion'; 'seed' is "
        "nothing, this run has '1'; 'learning_rate' is '0.05', this run has nothing");
  for (const std::string name : {"SGD", "AdamW", "RMSprop"}) {
    CHECK(refusal(Run<TestType>(name)) ==
          "is of another run: 'optimizer' is 'Adam', this run has '" + name + "'");
  }
  const std::string wider = refusal(Run<TestType>("Adam", 1, 5));
  CHECK(wider.starts_with("does not fit: 'model.0.weight' is " + type + " (15, 4), expected " +
                          type + " (15, 5); 'model.0.bias' is "));
  CHECK(wider.find("'optimizer.0.bias.1' is " + type + " (4), expected " + type + " (5); ") !=
        std::string::npos);
  CHECK(refusal(Run<TestType>("Adam", 1, 4, 24)) ==
        "Batches: the position is one in 23 items, 5 a batch, but these are 24 items, 5 a batch");
  CHECK(refusal(Run<TestType>("Adam", 1, 4, 23, 6)) ==
        "Batches: the position is one in 23 items, 5 a batch, but these are 23 items, 6 a batch");

  run.state.numbers["best"] = 1;
  run.state.rngs["more"] = &run.rng;
  CHECK(complaint(run, path) ==
        "does not fit: 'rng.more' U64 (4) is missing; 'number.best' F64 () is missing");
  run.state.numbers = {{"epoch", 1}};
  run.state.rngs = {};
  run.state.batches = nullptr;
  CHECK(complaint(run, path) ==
        "does not fit: 'batches' U64 (14) is unexpected; 'number.loss' F64 () is unexpected; "
        "'rng.tape' U64 (4) is unexpected");
}

TEST_CASE("A checkpoint of another version or scalar type is refused, and what is none") {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  Run<float> run("Adam");
  run.save(path);
  CHECK(nn::read_identity(path) == identity);
  std::string bytes = nn::read_file(path, 1 << 20);
  const std::string version = std::string(R"("xtape":")") + xtape::version();
  bytes.replace(bytes.find(version) + version.size() - 1, 1, "x");
  CHECK(
      complaint_behind_checksum(run, folder, bytes).starts_with("is of another run: 'xtape' is '"));

  Run<double>("Adam").save(path);
  CHECK(complaint(run, path).starts_with(
      "does not fit: 'model.0.weight' is F64 (15, 4), expected F32 (15, 4); "));

  nn::save_weights(path, run.model);
  CHECK(complaint(run, path) == "is not a checkpoint of xtape");
  CHECK(complaint_about(path, nn::read_identity) == "is not a checkpoint of xtape");
}

TEST_CASE("A checkpoint of an optimizer with other state is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  Run<float> momentum("momentum"), plain("SGD");
  momentum.train(1);
  momentum.save(path);
  CHECK(complaint(plain, path) ==
        "its optimizer keeps 1 arrays for each parameter, that of this run 0");
  plain.train(1);
  plain.save(path);
  CHECK(complaint(momentum, path) ==
        "its optimizer keeps 0 arrays for each parameter, that of this run 1");
}

TEST_CASE("A damaged checkpoint changes nothing in the run") {
  const TemporaryFolder folder;
  Run<float> run("Adam"), other("Adam", 77);
  other.train(1);
  const std::string good = other.bits();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const fs::path path = folder.write("cut", good.substr(0, size));
    complaint_about(path, [&](auto from) { run.load(from); });
  }
  CHECK((run.bits() == Run<float>("Adam").bits()));
  const auto damaged = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    const std::size_t place = bytes.find(from);
    REQUIRE(place != std::string::npos);
    return complaint_behind_checksum(run, folder, bytes.replace(place, to.size(), to));
  };
  const std::string numbers = good.substr(header_end(good));
  CHECK(damaged(numbers, std::string(numbers.size(), '\0'))
            .starts_with("does not fit: 'optimizer.0.bias.0' F32 (4) is unexpected; "));
  const xtape::Rng::State state = other.tape.rng().state();  // zeros would never advance
  CHECK(damaged(words({state.begin(), state.end()}), std::string(sizeof state, '\0')) ==
        "the state of the Rng 'tape' is all zeros");
  CHECK(damaged(words({5, 2}), words({~std::uint64_t{0}})) ==
        "its optimizer has made 18446744073709551615 steps, more than can be counted");
  CHECK(damaged(words({23, 5, 0, 0}), words({23, 5, 2, 0})) ==
        "'batches' says 2 where 1 means within an epoch and 0 between two");
  CHECK(damaged(words({23, 5, 0, 0}), words({23, 5, 0, 3})) ==
        "'batches' is between two epochs, but 3 batches of the next have been given");
}

TEST_CASE("A checkpoint with a flipped bit is refused") {
  const TemporaryFolder folder;
  Run<float> run("Adam"), other("Adam", 77);
  other.train(1);
  const std::string good = other.bits(), before = run.bits();
  const std::size_t data = header_end(good);
  for (std::size_t i = 8; i < good.size(); ++i) {
    CAPTURE(i);
    const fs::path path = folder.write("flipped", flipped(good, i));
    const std::string message = complaint_about(path, [&](auto from) { run.load(from); });
    CHECK(message.find("is of another run") == std::string::npos);
    CHECK((i < data || message.starts_with("is damaged: its CRC-32 is ")));
  }
  CHECK((run.bits() == before));
}

TEMPLATE_TEST_CASE("A checkpoint with a number that no run can go on from is refused by name", "",
                   float, double) {
  using T = TestType;
  const TemporaryFolder folder;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const std::string finite = "expected finite numbers", squares = finite + " of at least 0";
  for (const std::string name : {"momentum", "Adam", "AdamW"}) {
    for (const T value : {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(-1e-30)}) {
      CAPTURE(name, value);
      Run<T> run(name);
      const auto check = [&](const std::string& key, const std::string& wanted) {
        run.save(folder / "c");
        Run<T> other(name);
        if (std::isfinite(value) && wanted == finite) {
          other.load(folder / "c");
          CHECK((other.bits() == run.bits()));
        } else {
          CHECK(complaint(other, folder / "c") ==
                fmt::format("tensor '{}' holds {} at element 2, {}", key, value, wanted));
        }
      };
      run.train(1);
      auto slots = run.optimizer->slots();
      const std::size_t steps = run.optimizer->steps();
      for (std::size_t i = 0; i < slots[0].state.size(); ++i) {
        const T before = std::exchange(slots[0].state[i].data()[2], value);
        run.optimizer->restore(slots, steps);
        check(fmt::format("optimizer.0.weight.{}", i), i == 1 ? squares : finite);
        slots[0].state[i].data()[2] = before;
      }
      run.optimizer->restore(slots, steps);
      run.model.template get<nn::Linear<T>>(2).bias(2) = value;
      check("model.2.bias", finite);
    }
  }
}

TEST_CASE("A checkpoint that miscounts the parameters of its optimizer is refused") {
  const TemporaryFolder folder;
  for (const std::string name : {"SGD", "Adam"}) {
    Run<float> run(name);
    run.train(1);
    const std::size_t arrays = run.optimizer->state_count(), count = arrays == 0 ? 0 : 4;
    std::string bytes = run.bits();
    const std::size_t place = bytes.find(words({5, arrays, count}));
    REQUIRE(place != std::string::npos);
    bytes.replace(place, 24, words({5, arrays, 7}));
    CHECK(complaint_behind_checksum(run, folder, bytes) ==
          fmt::format("its optimizer keeps arrays for 7 parameters, but it holds those of {}",
                      count));
  }
}

TEST_CASE(
    "A checkpoint whose optimizer has state without steps, or steps without state, is refused") {
  const TemporaryFolder folder;
  Run<float> run("Adam");
  run.train(1);
  const std::string good = run.bits();
  const std::size_t place = good.find(words({5, 2, 4}));
  REQUIRE(place != std::string::npos);
  const auto refusal = [&](const std::vector<std::uint64_t>& steps) {
    std::string bytes = good;
    return complaint_behind_checksum(run, folder, bytes.replace(place, 24, words(steps)));
  };
  CHECK(refusal({0, 2, 4}) == "its optimizer has made 0 steps, but keeps arrays for 4 parameters");
  CHECK(refusal({5, 2, 0}) == "its optimizer keeps arrays for 0 parameters, but has made 5 steps");
  CHECK(refusal({5, 0, 0}) ==
        "its optimizer keeps 0 arrays for each parameter, that of this run 2");
}

TEST_CASE("A program can refuse the numbers of a checkpoint before anything changes") {
  const TemporaryFolder folder;
  Run<float> run("Adam"), other("Adam", 77);
  run.train(2);
  run.save(folder / "file");
  std::vector<nn::CheckpointNumbers> seen;
  other.state.check = [&](const nn::CheckpointNumbers& saved) {
    seen.push_back(saved);
    throw xtape::ValueError("epoch 2 is enough\x1b[2J");
  };
  CHECK(complaint(other, folder / "file") == "epoch 2 is enough?[2J");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].steps == 10);
  CHECK(seen[0].position.items == 23);
  CHECK(seen[0].numbers == run.state.numbers);
  other.state.check = [](const nn::CheckpointNumbers&) {};
  other.load(folder / "file");
  CHECK((other.bits() == run.bits()));
}

TEST_CASE("A checkpoint is not saved with an optimizer of another model") {
  const TemporaryFolder folder;
  for (const std::string name : {"SGD", "Adam"}) {
    Run<float> run(name), other(name);
    run.train(1);
    CHECK_THROWS_AS(nn::save_checkpoint(folder / "c", other.model, *run.optimizer, run.state, {}),
                    xtape::TapeError);
  }
  CHECK(folder.names().empty());
}

TEST_CASE("A hostile checkpoint is refused at once") {
  const TemporaryFolder folder;
  const std::size_t most = (2 << 20) - 100;
  const auto closed = [](std::string list) { return list.substr(0, list.size() - 1) + "}"; };
  const std::string checkpoint = R"({"__metadata__":{"checkpoint":"1",)";
  const Cost sound = cost_of_sound_header();
  Run<float> run("Adam");
  for (const std::string& header :
       {checkpoint + closed(many_texts(most)) + "}",
        checkpoint + R"("xtape":""},)" + closed(many_tensors(most)),
        checkpoint + R"("identity.dataset":)" + std::string(most, '['),
        checkpoint + R"("identity.dataset":")" + std::string(most, 'x') + "\"}}"}) {
    CAPTURE(header.substr(0, 60));
    const fs::path path = write_unsound(folder, header);
    check_refused_at_once([&] { run.load(path); }, sound);
    check_cheap(cost_of([&] { nn::read_identity(path); }), sound);
  }
}
