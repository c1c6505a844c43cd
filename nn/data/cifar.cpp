#include "nn/data/cifar.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "nn/io/files.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t side = 32, plane = side * side, channels = 3;
constexpr std::size_t record = 1 + channels * plane;

/// Images with the channels last, and their labels.
struct Images {
  Buffer<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;

  /// Adds the images of a file.
  void add(const fs::path& path) {
    const InputFile file(path, "a CIFAR-10 file");
    require<DataError>(file.size() > 0 && file.size() % record == 0,
                       "{}: has {} bytes, expected records of {}", file.name(), file.size(),
                       record);
    const auto count = static_cast<std::size_t>(file.size() / record);
    std::size_t at = pixels.size();
    pixels.resize(at + count * channels * plane);
    std::array<std::uint8_t, record> bytes{};
    for (std::size_t i = 0; i < count; ++i, at += channels * plane) {
      const std::size_t found = file.read_at(i * record, std::as_writable_bytes(std::span(bytes)));
      require<DataError>(found == record, "{}: ends within record {} of {}", file.name(), i, count);
      require<DataError>(bytes[0] < cifar10_classes.size(),
                         "{}: label {} of item {}, expected 0 to 9", file.name(), bytes[0], i);
      labels.push_back(bytes[0]);
      for (std::size_t k = 0; k < channels * plane; ++k) {
        pixels[at + k] = bytes[1 + k % channels * plane + k / channels];
      }
    }
  }

  Dataset dataset() && {
    return {Samples(std::move(pixels), {side, side, channels}), std::move(labels)};
  }
};

}  // namespace

Dataset read_cifar10_file(const fs::path& path) {
  Images images;
  images.add(path);
  return std::move(images).dataset();
}

Cifar10 read_cifar10(const fs::path& folder) {
  std::error_code error;
  const fs::path unpacked = folder / "cifar-10-batches-bin";
  const fs::path& files = fs::is_directory(unpacked, error) ? unpacked : folder;
  Images train;
  for (const int number : {1, 2, 3, 4, 5}) {
    train.add(files / ("data_batch_" + std::to_string(number) + ".bin"));
  }
  return {std::move(train).dataset(), read_cifar10_file(files / "test_batch.bin")};
}

}  // namespace xtape::nn
