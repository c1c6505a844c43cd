#include "nn/data/tar.hpp"

#include "nn/data/cifar.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/tar.hpp"

namespace fs = std::filesystem;
namespace nn = xtape::nn;
using fuzz::Bytes;
using fuzz::expect;

namespace {

constexpr std::uint64_t most_unpacked = 1 << 20;

/// Reads all members. Those that are no files become members of another type without content.
std::vector<TarEntry> read_all(const fs::path& path) {
  const nn::InputFile file(path);
  nn::detail::TarReader archive(file, most_unpacked);
  std::vector<TarEntry> members;
  while (const auto member = archive.next()) {
    TarEntry entry{.name = member->name};
    if (member->is_file) {
      expect(member->name.size() <= 256, "a name is as long as its fields");
      for (std::uint64_t i = 0; i < member->size; ++i) {
        std::array<std::uint8_t, 1> byte{};
        archive.read(byte);
        entry.content += static_cast<char>(byte[0]);
      }
    } else {
      entry.type = '5';
    }
    members.push_back(entry);
  }
  return members;
}

/// Gives each header its checksum: else it gives each change away.
void set_checksums(std::string& archive) {
  for (std::size_t at = 0; at + 512 <= archive.size();) {
    std::string header = archive.substr(at, 512);
    if (header.find_first_not_of('\0') == header.npos) {
      return;
    }
    set_tar_checksum(header);
    archive.replace(at, 512, header);
    const std::size_t size = std::strtoul(header.substr(124, 12).c_str(), nullptr, 8);
    if (size > archive.size()) {
      return;
    }
    at += 512 + (size + 511) / 512 * 512;
  }
}

}  // namespace

/// It is mostly what is packed that changes.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  Bytes content = seed % 8 != 0 ? gunzip({data, size}, 1 << 16) : Bytes{};
  if (content.empty()) {
    return LLVMFuzzerMutate(data, size, most);
  }
  const std::size_t old_size = content.size();
  content.resize(old_size + 4096);
  content.resize(LLVMFuzzerMutate(content.data(), old_size, content.size()));
  std::string archive(content.begin(), content.end());
  if (seed % 3 != 0) {
    set_checksums(archive);
  }
  return fuzz::store(gzip(archive), data, most);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::folder().write("cifar-10-binary.tar.gz", data, size);
  std::vector<TarEntry> members;
  if (fuzz::accepts(path, [&] { members = read_all(path); })) {
    for (TarEntry& member : members) {
      member.name.resize(std::min<std::size_t>(member.name.size(), 100));
    }
    const auto again = read_all(fuzz::folder().write("again", gzip(tar(members))));
    expect(std::equal(again.begin(), again.end(), members.begin(), members.end(),
                      [](const TarEntry& a, const TarEntry& b) {
                        return a.name == b.name && a.content == b.content && a.type == b.type;
                      }),
           "members that are written read the same");
  }
  nn::Cifar10 images;
  if (fuzz::accepts(path, [&] { images = nn::read_cifar10(fuzz::folder().path()); })) {
    expect(images.train.size() >= 5 && images.test.size() >= 1, "each file has images");
  }
  return 0;
}
