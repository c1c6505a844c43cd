#include <filesystem>
#include <string>

#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/select.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

// Checkpoints of models with buffers, and of runs that train a part of a model.

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;

namespace {

/// A run of a model with a buffer, which each step changes.
struct Run {
  Centred<float> model{2};
  nn::Adam<float> adam;
  nn::TrainingState state;
  xtape::Tape<float> tape;

  void step() {
    tape.rewind();
    tape.backward(sum(model(tape.constant(Array<float>{{1, 2}, {3, 4}}))));
    adam.step(model, tape);
    model.running_mean += 0.25f;
  }
  void save(const fs::path& path) const { nn::save_checkpoint(path, model, adam, state, {}); }
  void load(const fs::path& path) { nn::load_checkpoint(path, model, adam, state, {}); }
};

struct Namesakes {
  Array<float> a{1.f}, b{2.f};
  static void visit(auto& self, auto&& f) { f("a", self.a), f.buffer("a", self.b); }
};

}  // namespace

TEST_CASE("Buffers are checkpointed, and the optimizer keeps no state for them") {
  const TemporaryFolder folder;
  Run straight, first, second;
  for (int i = 0; i < 4; ++i) {
    straight.step();
  }
  first.step(), first.step();
  first.save(folder / "c");
  const nn::SafetensorsFile file(folder / "c");
  CHECK(file.tensors().count("model.running_mean") == 1);
  CHECK(file.tensors().count("optimizer.gain.1") == 1);
  CHECK(file.tensors().count("optimizer.running_mean.0") == 0);
  second.load(folder / "c");
  CHECK((second.model.running_mean == Array<float>{0.5f, 0.5f}));
  second.step(), second.step();
  CHECK((second.model.gain == straight.model.gain));
  CHECK((second.model.running_mean == straight.model.running_mean));
}

TEST_CASE("A checkpoint without the buffers of a model is refused, and nothing changes") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  TwoParameters<float> other{{1, 2}, {3}};
  nn::Adam<float> adam;
  nn::TrainingState state;
  nn::save_checkpoint(path, other, adam, state, {});
  Run run;
  CHECK_THROWS_WITH(run.load(path),
                    path.string() +
                        ": does not fit: 'model.gain' F32 (2) is missing; 'model.running_mean' F32 "
                        "(2) is missing; 'model.first' F32 (2) is unexpected; 'model.second' F32 "
                        "(1) is unexpected");
  CHECK((run.model.gain == Array<float>{1, 1}));
  CHECK((run.model.running_mean == Array<float>{0, 0}));
}

TEST_CASE("A checkpoint of a parameter and a buffer of one name is not written") {
  const TemporaryFolder folder;
  const nn::Adam<float> adam;
  CHECK_THROWS_WITH(nn::save_checkpoint(folder / "c", Namesakes{}, adam, {}, {}),
                    (folder / "c").string() + ": a second tensor with the key 'model.a'");
  CHECK(!fs::exists(folder / "c"));
}

namespace {

/// A run that trains one parameter of two.
struct PartialRun {
  TwoParameters<float> model{{1, 2}, {3}};
  nn::Adam<float> adam;
  nn::TrainingState state;
  xtape::Tape<float> tape;

  auto part() {
    return nn::select(model, [](auto name) { return name == "second"; });
  }
  void step() {
    backward_with(tape, model, {{1, 2}, {3}});
    adam.step(part(), tape);
  }
};

}  // namespace

TEST_CASE("A run that trains a part of a model is resumed from a checkpoint of the whole") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  PartialRun straight, first, second;
  for (int i = 0; i < 4; ++i) {
    straight.step();
  }
  first.step(), first.step();
  nn::save_checkpoint(path, first.model, first.adam, first.state, {});
  const nn::SafetensorsFile file(path);
  CHECK(file.tensors().count("optimizer.second.1") == 1);
  CHECK(file.tensors().count("optimizer.first.0") == 0);
  second.model.first.fill(9);
  nn::load_checkpoint(path, second.model, second.adam, second.state, {});
  CHECK(second.adam.steps() == 2);
  CHECK((second.model.first == Array<float>{1, 2}));
  second.step(), second.step();
  CHECK((second.model.second == straight.model.second));
  CHECK_THROWS_AS(second.adam.step(second.model, second.tape), xtape::TapeError);
}

TEST_CASE("A checkpoint of a part holds that part") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  PartialRun run, other;
  run.step();
  nn::save_checkpoint(path, run.part(), run.adam, run.state, {});
  other.model.first.fill(9);
  nn::load_checkpoint(path, other.part(), other.adam, other.state, {});
  CHECK((other.model.second == run.model.second));
  CHECK((other.model.first == Array<float>{9, 9}));
  CHECK_THROWS_AS(nn::load_checkpoint(path, other.model, other.adam, other.state, {}),
                  xtape::DataError);
}

TEST_CASE("An optimizer of another part than the model's is not saved with it") {
  const TemporaryFolder folder;
  PartialRun run;
  run.step();
  const auto first = nn::select(run.model, [](auto name) { return name == "first"; });
  CHECK_THROWS_WITH(nn::save_checkpoint(folder / "c", first, run.adam, run.state, {}),
                    "Adam: this optimizer began with another model (of its 1 parameters, this one "
                    "of 1 lacks some)");
  CHECK(!fs::exists(folder / "c"));
}

TEST_CASE("A checkpoint that lacks the state of a trained parameter names what is missing") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  TwoParameters<float> model{{1, 2}, {3}};
  nn::Adam<float> adam;
  nn::TrainingState state;
  xtape::Tape<float> tape;
  backward_with(tape, model, {{1, 2}, {3}});
  adam.step(model, tape);
  nn::save_checkpoint(path, model, adam, state, {});
  std::string bytes = nn::read_file(path, 1 << 20);
  for (const std::string key : {"optimizer.second.0", "optimizer.second.1"}) {
    bytes.replace(bytes.find(key), 9, "optimiser");
  }
  folder.write("c", bytes);
  CHECK(message_of([&] { nn::load_checkpoint(path, model, adam, state, {}); }) ==
        path.string() +
            ": does not fit: 'optimizer.second.0' F32 (1) is missing; 'optimizer.second.1' F32 (1) "
            "is missing; 'optimiser.second.0' F32 (1) is unexpected; 'optimiser.second.1' F32 (1) "
            "is unexpected");
}
