#include "nn/datasets/unpack.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "nn/datasets/sha256.hpp"
#include "nn/io/open_file.hpp"

namespace xtape::nn::datasets {
namespace {

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};

}  // namespace

Content unpack(const std::filesystem::path& path, std::uint64_t limit,
               const std::function<void(std::span<const std::uint8_t>)>& take) {
  const File file = File::to_read(path);
  const std::unique_ptr<gzFile_s, Close> packed(gzdopen(::dup(file.descriptor()), "rb"));
  xtape::require<xtape::DataError>(packed != nullptr, "{}: cannot read: out of memory",
                                   path.string());
  gzbuffer(packed.get(), 1 << 17);
  std::vector<std::uint8_t> piece(1 << 17);
  Sha256 sha256;
  std::uint64_t total = 0;
  for (;;) {
    const int count = gzread(packed.get(), piece.data(), static_cast<unsigned>(piece.size()));
    int error = Z_OK;
    const char* reason = gzerror(packed.get(), &error);
    xtape::require<Damaged>(count >= 0 && error == Z_OK, "{}: damaged or cut short ({})",
                            path.string(), reason);
    if (count == 0) {
      return {total, sha256.hex()};
    }
    total += static_cast<std::uint64_t>(count);
    xtape::require<Damaged>(total <= limit, "{}: holds more than {} bytes", path.string(), limit);
    const auto bytes = std::span<const std::uint8_t>(piece).first(static_cast<std::size_t>(count));
    sha256.add(bytes);
    take(bytes);
  }
}

Content unpack(const std::filesystem::path& path, std::uint64_t limit) {
  return unpack(path, limit, [](std::span<const std::uint8_t>) {});
}

}  // namespace xtape::nn::datasets
