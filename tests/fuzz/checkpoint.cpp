#include "nn/io/checkpoint.hpp"

#include <map>
#include <string>
#include <vector>

#include "nn/io/checksum.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"
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

/// Returns the file with the right checksum, so that the numbers behind it are read, too. Returns
/// an empty string if the file has no checksum.
std::string with_checksum(const fs::path& path, std::string bytes) {
  const nn::SafetensorsFile file(path);
  std::map<std::string, std::vector<std::byte>> tensors;
  nn::NamedBytes blocks;
  for (const auto& [name, stored] : file.tensors()) {
    auto& tensor = tensors[name];
    tensor.resize(stored.size);
    file.read(stored, tensor);
    blocks.emplace(name, tensor);
  }
  const auto saved = file.metadata().find("crc32");
  const std::string right = nn::checksum(blocks);
  const std::size_t place =
      saved == file.metadata().end() ? std::string::npos : bytes.find(saved->second);
  if (place == std::string::npos || saved->second.size() != right.size()) {
    return {};
  }
  return bytes.replace(place, right.size(), right);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fs::path path = fuzz::input_file(data, size);
  fuzz::accepts(path, [&] { nn::read_identity(path); });
  load(path, true);
  std::string right;
  fuzz::accepts(path, [&] {
    right = with_checksum(path, std::string(reinterpret_cast<const char*>(data), size));
  });
  if (!right.empty()) {
    path = fuzz::input_file(reinterpret_cast<const std::uint8_t*>(right.data()), right.size());
  }
  for (const bool adam : {false, true}) {
    load(path, adam);
  }
  return 0;
}
