#include "nn/datasets/unpack.hpp"

#include <vector>

#include "nn/data/gzip.hpp"
#include "nn/datasets/sha256.hpp"
#include "nn/io/files.hpp"

namespace xtape::nn::datasets {
namespace {

using Take = std::function<void(std::span<const std::uint8_t>)>;

/// Passes on all pieces that `read(buffer)` reads, up to an empty one.
template <class Read>
Content read_all(const std::string& name, std::uint64_t limit, const Take& take, Read read) {
  std::vector<std::uint8_t> buffer(1 << 17);
  Sha256 sha256;
  std::uint64_t total = 0;
  for (;;) {
    const std::span<const std::uint8_t> bytes = std::span(buffer).first(read(std::span(buffer)));
    if (bytes.empty()) {
      return {total, sha256.hex()};
    }
    total += bytes.size();
    xtape::require<Damaged>(total <= limit, "{}: holds more than {} bytes", name, limit);
    sha256.add(bytes);
    take(bytes);
  }
}

Content read_raw(const InputFile& file, std::uint64_t limit, const Take& take) {
  std::uint64_t at = 0;
  return read_all(file.name(), limit, take, [&](std::span<std::uint8_t> buffer) {
    const std::size_t count = file.read_at(at, std::as_writable_bytes(buffer));
    at += count;
    return count;
  });
}

}  // namespace

Content unpack(const std::filesystem::path& path, std::uint64_t limit, const Take& take) {
  const InputFile file(path);
  if (!detail::is_gzip(file)) {
    return read_raw(file, limit, take);
  }
  detail::GzipReader content(file);
  return read_all(file.name(), limit, take, [&](std::span<std::uint8_t> buffer) {
    try {
      return content.read(buffer);
    } catch (const detail::DamagedGzip& error) {
      xtape::fail<Damaged>("{}", error.what());
    }
  });
}

Content unpack(const std::filesystem::path& path, std::uint64_t limit) {
  return unpack(path, limit, [](std::span<const std::uint8_t>) {});
}

Content read_packed(const std::filesystem::path& path, std::uint64_t limit, const Take& take) {
  return read_raw(InputFile(path), limit, take);
}

}  // namespace xtape::nn::datasets
