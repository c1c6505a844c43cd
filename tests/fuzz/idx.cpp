#include "nn/data/idx.hpp"

#include <algorithm>

#include "nn/datasets/unpack.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/gzip.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::Bytes;
using fuzz::expect;

namespace {

constexpr std::uint64_t most_unpacked = 1 << 20;

/// The raw file that holds the samples.
Bytes raw(const nn::Samples& samples) {
  Bytes file{0, 0, 8, static_cast<std::uint8_t>(1 + samples.shape().size())};
  const auto add = [&](std::size_t extent) {
    for (const int shift : {24, 16, 8, 0}) {
      file.push_back(static_cast<std::uint8_t>(extent >> shift));
    }
  };
  add(samples.size());
  std::for_each(samples.shape().begin(), samples.shape().end(), add);
  const auto bytes = samples.as<std::uint8_t>();
  file.insert(file.end(), bytes.begin(), bytes.end());
  return file;
}

void expect_sound(const nn::Samples& samples, std::size_t rank) {
  expect(1 + samples.shape().size() == rank, "samples have the rank that is asked for");
  expect(samples.size() > 0, "there are samples");
  const Bytes file = raw(samples);
  const nn::Samples again = nn::read_idx(fuzz::folder().write("again", file), rank);
  expect(raw(again) == file, "samples that are written read the same");
}

/// What the file holds, unpacked by the downloads' reader; nothing when that refuses it.
Bytes unpacked(const fs::path& path) {
  Bytes all;
  xtape::nn::datasets::Content content{};
  const auto take = [&](std::span<const std::uint8_t> bytes) {
    all.insert(all.end(), bytes.begin(), bytes.end());
    expect(all.size() <= most_unpacked, "no more than the limit is unpacked");
  };
  if (!fuzz::accepts(path,
                     [&] { content = xtape::nn::datasets::unpack(path, most_unpacked, take); })) {
    return {};
  }
  expect(content.bytes == all.size() && content.sha256.size() == 64, "all of it is counted");
  return all;
}

}  // namespace

/// Half of the time it is what is packed that changes: else the checksum gives each change away.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  const bool packed = size > 2 && data[0] == 0x1f && data[1] == 0x8b;
  Bytes content = packed && seed % 2 == 0 ? gunzip({data, size}, most) : Bytes{};
  if (content.empty()) {
    return LLVMFuzzerMutate(data, size, most);
  }
  const std::size_t old_size = content.size();
  content.resize(most);
  content.resize(LLVMFuzzerMutate(content.data(), old_size, most));
  return fuzz::store(gzip(content), data, most);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  const Bytes content = unpacked(path);
  for (const std::size_t rank : {std::size_t{1}, std::size_t{3}}) {
    nn::Samples samples;
    if (fuzz::accepts(path, [&] { samples = nn::read_idx(path, rank); })) {
      expect_sound(samples, rank);
      expect(content == raw(samples) || raw(samples).size() > most_unpacked,
             "both readers unpack the same");
    }
  }
  return 0;
}
