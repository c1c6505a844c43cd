#include "nn/datasets/unpack.hpp"

#include <unistd.h>
#include <zlib.h>

#include <memory>
#include <vector>

#include "nn/datasets/sha256.hpp"
#include "nn/io/files.hpp"

namespace xtape::nn::datasets {
namespace {

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};

using Take = std::function<void(std::span<const std::uint8_t>)>;

/// Passes on all pieces that `read(buffer)` reads, up to an empty one.
template <class Read>
Content read_all(const std::filesystem::path& path, std::uint64_t limit, const Take& take,
                 Read read) {
  std::vector<std::uint8_t> buffer(1 << 17);
  Sha256 sha256;
  std::uint64_t total = 0;
  for (;;) {
    const std::span<const std::uint8_t> bytes = std::span(buffer).first(read(std::span(buffer)));
    if (bytes.empty()) {
      return {total, sha256.hex()};
    }
    total += bytes.size();
    xtape::require<Damaged>(total <= limit, "{}: holds more than {} bytes", path.string(), limit);
    sha256.add(bytes);
    take(bytes);
  }
}

}  // namespace

Content unpack(const std::filesystem::path& path, std::uint64_t limit, const Take& take) {
  const InputFile file(path);
  const std::unique_ptr<gzFile_s, Close> packed(gzdopen(::dup(file.descriptor()), "rb"));
  xtape::require<xtape::DataError>(packed != nullptr, "{}: cannot read: out of memory",
                                   path.string());
  gzbuffer(packed.get(), 1 << 17);
  return read_all(path, limit, take, [&](std::span<std::uint8_t> buffer) {
    const int count = gzread(packed.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    int error = Z_OK;
    const char* reason = gzerror(packed.get(), &error);
    xtape::require<Damaged>(count >= 0 && error == Z_OK, "{}: damaged or cut short ({})",
                            path.string(), reason);
    return static_cast<std::size_t>(count);
  });
}

Content unpack(const std::filesystem::path& path, std::uint64_t limit) {
  return unpack(path, limit, [](std::span<const std::uint8_t>) {});
}

Content read_packed(const std::filesystem::path& path, std::uint64_t limit, const Take& take) {
  const InputFile file(path);
  std::uint64_t at = 0;
  return read_all(path, limit, take, [&](std::span<std::uint8_t> buffer) {
    const std::size_t count = file.read_at(at, std::as_writable_bytes(buffer));
    at += count;
    return count;
  });
}

}  // namespace xtape::nn::datasets
