#include "nn/data/cifar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "nn/data/tar.hpp"
#include "nn/io/files.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t side = 32, plane = side * side, channels = 3;
constexpr std::size_t record = 1 + channels * plane;

constexpr const char* unpacked_folder = "cifar-10-batches-bin";
constexpr const char* archive_name = "cifar-10-binary.tar.gz";
constexpr std::array<const char*, 6> file_names{"data_batch_1.bin", "data_batch_2.bin",
                                                "data_batch_3.bin", "data_batch_4.bin",
                                                "data_batch_5.bin", "test_batch.bin"};

/// The greatest sizes of a file in the archive and of the unpacked archive. Larger ones than the
/// published are refused, because a small archive may unpack to a huge one.
constexpr std::uint64_t most_member = 10000 * record, most_archive = 7 * most_member;

/// Images with the channels last, and their labels.
struct Images {
  Buffer<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;

  /// Adds the images of a file of `size` bytes. `read(bytes)` fills `bytes` with the next record.
  template <class Read>
  void add(const std::string& name, std::uint64_t size, Read read) {
    require<DataError>(size > 0 && size % record == 0, "{}: has {} bytes, expected records of {}",
                       name, size, record);
    const auto count = static_cast<std::size_t>(size / record);
    std::size_t at = pixels.size();
    pixels.resize(at + count * channels * plane);
    std::array<std::uint8_t, record> bytes{};
    for (std::size_t i = 0; i < count; ++i, at += channels * plane) {
      read(std::span(bytes));
      require<DataError>(bytes[0] < cifar10_classes.size(),
                         "{}: label {} of item {}, expected 0 to 9", name, bytes[0], i);
      labels.push_back(bytes[0]);
      for (std::size_t k = 0; k < channels * plane; ++k) {
        pixels[at + k] = bytes[1 + k % channels * plane + k / channels];
      }
    }
  }

  void add(const fs::path& path) {
    const InputFile file(path, "a CIFAR-10 file");
    std::uint64_t at = 0;
    add(file.name(), file.size(), [&](std::span<std::uint8_t> bytes) {
      const std::size_t found = file.read_at(at, std::as_writable_bytes(bytes));
      require<DataError>(found == record, "{}: ends within record {} of {}", file.name(),
                         at / record, file.size() / record);
      at += record;
    });
  }

  void add(const Images& others) {
    pixels.insert(pixels.end(), others.pixels.begin(), others.pixels.end());
    labels.insert(labels.end(), others.labels.begin(), others.labels.end());
  }

  Dataset dataset() && {
    return {Samples(std::move(pixels), {side, side, channels}), std::move(labels)};
  }
};

/// Returns which of the six files has this name in the archive.
std::optional<std::size_t> file_called(const std::string& name) {
  const auto found = std::find_if(file_names.begin(), file_names.end(), [&](const char* each) {
    return name == fmt::format("{}/{}", unpacked_folder, each);
  });
  if (found == file_names.end()) {
    return {};
  }
  return static_cast<std::size_t>(found - file_names.begin());
}

/// Reads the six files of the archive, in any order.
std::array<Images, file_names.size()> read_members(const fs::path& path) {
  const InputFile file(path, "the archive of CIFAR-10");
  detail::TarReader archive(file, most_archive);
  std::array<Images, file_names.size()> files;
  while (const auto member = archive.next()) {
    const auto index = file_called(member->name);
    if (!index) {
      continue;
    }
    const std::string name = fmt::format("{}: {}", file.name(), member->name);
    require<DataError>(member->is_file, "{}: is not a regular file", name);
    require<DataError>(files[*index].labels.empty(), "{}: is in the archive twice", name);
    require<DataError>(member->size <= most_member, "{}: has {} bytes, expected at most {}", name,
                       member->size, most_member);
    files[*index].add(name, member->size,
                      [&](std::span<std::uint8_t> bytes) { archive.read(bytes); });
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    require<DataError>(!files[i].labels.empty(), "{}: has no {}/{}", file.name(), unpacked_folder,
                       file_names[i]);
  }
  return files;
}

std::array<Images, file_names.size()> read_files(const fs::path& folder) {
  std::array<Images, file_names.size()> files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].add(folder / file_names[i]);
  }
  return files;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

Dataset read_cifar10_file(const fs::path& path) {
  Images images;
  images.add(path);
  return std::move(images).dataset();
}

Cifar10 read_cifar10(const fs::path& folder) {
  require<DataError>(is_there(folder), "{}: no such folder", folder.string());
  const fs::path archive = folder / archive_name, unpacked = folder / unpacked_folder;
  require<DataError>(is_there(archive) || is_there(unpacked) || is_there(folder / file_names[0]),
                     "{}: has no {}, no {} and no {}", folder.string(), archive_name,
                     unpacked_folder, file_names[0]);
  auto files = is_there(archive) ? read_members(archive)
                                 : read_files(is_there(unpacked) ? unpacked : folder);
  Images train = std::move(files[0]);
  for (std::size_t i = 1; i < 5; ++i) {
    train.add(files[i]);
  }
  return {std::move(train).dataset(), std::move(files[5]).dataset()};
}

}  // namespace xtape::nn
