#include <limits>

#include "nn/io/checkpoint.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/optim/adam.hpp"
#include "nn/select.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"
#include "tests/support/right_checksum.hpp"

// Checkpoints of models with buffers, and of runs that train a part of a model.

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;

namespace {

/// A run with Adam.
template <class Model>
struct AdamRun {
  Model model;
  nn::Adam<float> adam{};
  nn::TrainingState state{};
  xtape::Tape<float> tape{};

  void save(const fs::path& path) const { nn::save_checkpoint(path, model, adam, state, {}); }
  void load(const fs::path& path) { nn::load_checkpoint(path, model, adam, state, {}); }
  std::string complaint(const fs::path& path) {
    return complaint_about(path, [&](auto from) { load(from); });
  }
};

/// A run of a model with a buffer, which each step changes.
struct BufferRun : AdamRun<Centred<float>> {
  BufferRun() : AdamRun{Centred<float>(2)} {}
  void step() {
    tape.rewind();
    tape.backward(sum(model(tape.constant(Array<float>{{1, 2}, {3, 4}}))));
    adam.step(model, tape);
    model.running_mean += 0.25f;
  }
};

/// A run that trains one parameter of two.
struct PartialRun : AdamRun<TwoParameters<float>> {
  PartialRun() : AdamRun{{{1, 2}, {3}}} {}
  auto part(const std::string& only = "second") {
    return nn::select(model, [only](auto name) { return name == only; });
  }
  void step() {
    backward_with(tape, model, {{1, 2}, {3}});
    adam.step(part(), tape);
  }
};

/// Returns the names of the tensors in a file that begin so.
std::string names_in(const fs::path& path, std::string_view prefix) {
  std::string names;
  const nn::SafetensorsFile file(path);
  for (const auto& [name, tensor] : file.tensors()) {
    names += name.starts_with(prefix) ? name.substr(prefix.size()) + " " : "";
  }
  return names;
}

}  // namespace

TEST_CASE("Buffers are checkpointed, and the optimizer keeps no state for them") {
  const TemporaryFolder folder;
  BufferRun straight, first, second;
  straight.step(), straight.step(), straight.step(), straight.step();
  first.step(), first.step();
  first.save(folder / "c");
  CHECK(names_in(folder / "c", "model.") == "gain running_mean ");
  CHECK(names_in(folder / "c", "optimizer.") == "gain.0 gain.1 plateau steps ");
  second.load(folder / "c");
  CHECK((second.model.running_mean == Array<float>{0.5f, 0.5f}));
  second.step(), second.step();
  CHECK((second.model.gain == straight.model.gain));
  CHECK((second.model.running_mean == straight.model.running_mean));

  PartialRun().save(folder / "c");
  BufferRun run;
  CHECK(run.complaint(folder / "c") ==
        "does not fit: 'model.gain' F32 (2) is missing; 'model.running_mean' F32 (2) is missing; "
        "'model.first' F32 (2) is unexpected; 'model.second' F32 (1) is unexpected");
  CHECK((run.model.gain == Array<float>{1, 1}));
  CHECK((run.model.running_mean == Array<float>{0, 0}));
}

TEST_CASE("A buffer may hold infinity, and comes back") {
  const TemporaryFolder folder;
  BufferRun run, other;
  run.model.running_mean(0) = -std::numeric_limits<float>::infinity();
  run.save(folder / "c");
  other.load(folder / "c");
  CHECK((other.model.running_mean == run.model.running_mean));
}

TEST_CASE("A checkpoint of a parameter and a buffer of one name is not written") {
  const TemporaryFolder folder;
  CHECK_FAILS(AdamRun<Namesakes>{}.save(folder / "c"), xtape::ValueError,
              (folder / "c").string() + ": a second tensor with the key 'model.a'");
  CHECK(folder.names().empty());
}

TEST_CASE("A run that trains a part of a model is resumed from a checkpoint of the whole") {
  const TemporaryFolder folder;
  PartialRun straight, first, second;
  straight.step(), straight.step(), straight.step(), straight.step();
  first.step(), first.step();
  first.save(folder / "c");
  CHECK(names_in(folder / "c", "optimizer.") == "plateau second.0 second.1 steps ");
  second.model.first.fill(9);
  second.load(folder / "c");
  CHECK(second.adam.steps() == 2);
  CHECK((second.model.first == Array<float>{1, 2}));
  second.step(), second.step();
  CHECK((second.model.second == straight.model.second));
  CHECK_THROWS_AS(second.adam.step(second.model, second.tape), xtape::TapeError);
}

TEST_CASE("A checkpoint of a part holds that part, and the optimizer must train it") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  PartialRun run, other;
  run.step();
  CHECK_FAILS(nn::save_checkpoint(path, run.part("first"), run.adam, run.state, {}),
              xtape::TapeError,
              "Adam: this optimizer began with another model (of its 1 parameters, this one of 1 "
              "lacks some)");
  CHECK(!fs::exists(path));
  nn::save_checkpoint(path, run.part(), run.adam, run.state, {});
  other.model.first.fill(9);
  nn::load_checkpoint(path, other.part(), other.adam, other.state, {});
  CHECK((other.model.second == run.model.second));
  CHECK((other.model.first == Array<float>{9, 9}));
  CHECK_THROWS_AS(other.load(path), xtape::DataError);
}

TEST_CASE("A checkpoint that lacks the state of a trained parameter names what is missing") {
  const TemporaryFolder folder;
  PartialRun run;
  backward_with(run.tape, run.model, {{1, 2}, {3}});
  run.adam.step(run.model, run.tape);
  run.save(folder / "c");
  std::string bytes = nn::read_file(folder / "c", 1 << 20);
  for (const std::string key : {"optimizer.second.0", "optimizer.second.1"}) {
    bytes.replace(bytes.find(key), 9, "optimiser");
  }
  const fs::path path = folder.write("c", bytes);
  folder.write("c", with_right_checksum(path));
  CHECK(run.complaint(path) ==
        "does not fit: 'optimizer.second.0' F32 (1) is missing; 'optimizer.second.1' F32 (1) is "
        "missing; 'optimiser.second.0' F32 (1) is unexpected; 'optimiser.second.1' F32 (1) is "
        "unexpected");
}
