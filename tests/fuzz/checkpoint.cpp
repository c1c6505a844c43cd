#include "nn/io/checkpoint.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/right_checksum.hpp"
#include "tests/fuzz/training_run.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;
using fuzz::TrainingRun;

namespace {

/// A run takes a whole checkpoint or nothing of it, and can go on from what it took.
void load(const fs::path& path, bool adam) {
  TrainingRun run(adam);
  if (!fuzz::accepts(path, [&] { run.load(path); })) {
    expect(run.bits() == TrainingRun(adam).bits(), "a failed load changes nothing");
    return;
  }
  expect(nn::read_identity(path) == run.identity(), "a run has the identity of its checkpoint");
  const fs::path copy = fuzz::folder() / "again";
  run.save(copy);
  TrainingRun again(adam);
  again.load(copy);
  expect(again.bits() == run.bits(), "a checkpoint comes back bit by bit");
  const std::size_t steps = run.steps();
  run.train();
  expect(run.steps() >= steps, "steps are counted upwards");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  fuzz::accepts(path, [&] { nn::read_identity(path); });
  load(path, true);
  fuzz::set_right_checksum(path);
  for (const bool adam : {false, true}) {
    load(path, adam);
  }
  return 0;
}
