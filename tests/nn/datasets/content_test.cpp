#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nn/datasets/download.hpp"
#include "nn/datasets/inspect.hpp"
#include "nn/datasets/sha256.hpp"
#include "nn/datasets/unpack.hpp"
#include "nn/io/files.hpp"
#include "tensor/rng.hpp"
#include "tests/nn/datasets/file_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/faulty_system.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using xtape::nn::datasets::Damaged;
using xtape::nn::datasets::DataFile;
using xtape::nn::datasets::inspect;
using xtape::nn::datasets::Packing;
using xtape::nn::datasets::unpack;

const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string sha256(std::string_view text, std::size_t piece) {
  xtape::nn::datasets::Sha256 hash;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size(); at += piece) {
    hash.add({bytes + at, std::min(piece, text.size() - at)});
  }
  return hash.hex();
}

std::vector<std::uint8_t> packed(std::string_view content) {
  return gzip({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
}

const DataFile published{"train-labels-idx1-ubyte", 3, abc};

}  // namespace

TEST_CASE("Sha256 gives the digests of FIPS 180-4, whatever pieces the bytes come in") {
  CHECK(sha256("", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc", 3) == abc);
  CHECK(sha256("abc", 1) == abc);
  const std::string long_text(1000000, 'a');
  CHECK(sha256(long_text, 999) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("unpack reads raw and gzipped files alike") {
  const TemporaryFolder folder;
  const std::string text(300000, 'x');
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  auto in_two = gzip_in_two(bytes, 7);
  in_two.resize(in_two.size() + 512);
  for (const auto& path : {folder.write("raw", text), folder.write("packed", packed(text)),
                           folder.write("in_two", in_two)}) {
    std::string taken;
    const auto content = unpack(path, 300000, [&](auto part) {
      taken.append(reinterpret_cast<const char*>(part.data()), part.size());
    });
    CHECK((taken == text));
    CHECK(content.bytes == 300000);
    CHECK(content.sha256 == sha256(text, 300000));
  }
}

TEST_CASE("unpack refuses what is damaged, cut short or missing, and names it") {
  const TemporaryFolder folder;
  auto bytes = packed(std::string(1000, 'x'));
  const auto cut = folder.write("cut", bytes.data(), bytes.size() - 9);
  CHECK_FAILS(unpack(cut, 5000), Damaged,
              fmt::format("{}: the gzip data are cut short after {} bytes", cut.string(),
                          bytes.size() - 9));
  bytes[bytes.size() - 6] ^= 1;  // the checksum
  const auto damaged = folder.write("damaged", bytes);
  CHECK_THROWS_AS(unpack(damaged, 5000), Damaged);
  bytes = packed("abc");
  bytes.push_back('x');
  const auto longer = folder.write("longer", bytes);
  CHECK_FAILS(unpack(longer, 5000), Damaged,
              longer.string() + ": bytes follow the end of the gzip data");
  const auto nowhere = folder / "nowhere";
  CHECK_FAILS(unpack(nowhere, 5), xtape::DataError,
              nowhere.string() + ": cannot open: No such file or directory");
  CHECK_FAILS(unpack(folder.path(), 5), xtape::DataError,
              folder.path().string() + ": is a folder, expected a file");
}

TEST_CASE("unpack does not call a file damaged that cannot be read") {
  const TemporaryFolder folder;
  const std::string text(5000, 'x');
  for (const auto& path : {folder.write("raw", text), folder.write("packed", packed(text))}) {
    for (const std::size_t reads : {0UL, 1UL}) {  // the first one looks for the magic number
      FaultySystem system;
      reads == 0 ? system.next("pread", {fails(EIO)})
                 : system.next("pread", {succeeds(), fails(EIO)});
      try {
        unpack(path, 5000);
        FAIL("nothing thrown");
      } catch (const Damaged& error) {
        FAIL(error.what());
      } catch (const xtape::DataError& error) {
        CHECK(error.what() == path.string() + ": cannot read: Input/output error");
      }
    }
  }
}

TEST_CASE("unpack stops at its limit, however much a file would unpack to") {
  const TemporaryFolder folder;
  const auto bomb = folder.write("bomb", packed(std::string(200 << 20, '\0')));
  std::uint64_t taken = 0;
  CHECK_FAILS(unpack(bomb, 1000, [&](auto bytes) { taken += bytes.size(); }), Damaged,
              bomb.string() + ": holds more than 1000 bytes");
  CHECK(taken <= 1000);
  std::string noise(std::filesystem::file_size(bomb), '\0');
  xtape::Rng rng;
  std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(rng()); });
  const auto sound = folder.write("sound", packed(noise));
  check_refused_at_once([&] { unpack(bomb, 1000); }, cost_of([&] { unpack(sound, noise.size()); }));
}

TEST_CASE("unpack refuses gzip files cut short anywhere") {
  const TemporaryFolder folder;
  const auto whole = packed("abcdefgh");
  for (std::size_t size = 2; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto cut = folder.write("cut", whole.data(), size);
    CHECK_THROWS_AS(unpack(cut, 5000), Damaged);
  }
}

TEST_CASE("inspect finds a file by each name that read_mnist knows, in its order") {
  const TemporaryFolder folder;
  CHECK_FALSE(inspect(folder.path(), published).found());
  const std::string content = "abc";
  for (const char* name : {"train-labels.idx1-ubyte.gz", "train-labels-idx1-ubyte.gz",
                           "train-labels.idx1-ubyte", "train-labels-idx1-ubyte"}) {
    folder.write(name, packed(content));
    const auto there = inspect(folder.path(), published);
    CHECK(there.path == folder / name);
    CHECK(there.right());
  }
  const DataFile plain{"points.csv", 3, abc};
  CHECK_FALSE(inspect(folder.path(), plain).found());
  folder.write("points.csv.gz", packed(content));
  CHECK(inspect(folder.path(), plain).right());
}

TEST_CASE("inspect compares a file that is served as it is byte by byte, under its own name") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> archive = packed("abc");
  const std::string text(archive.begin(), archive.end());
  const DataFile file{"a-idx.gz", archive.size(), sha256(text, 7), Packing::none};
  for (const char* name : {"a.idx.gz", "a-idx.gz.gz"}) {
    folder.write(name, archive);
    CHECK_FALSE(inspect(folder.path(), file).found());
  }
  const auto path = folder.write(file.name, archive);
  CHECK(inspect(folder.path(), file).right());
  folder.write(file.name, std::string("abc"));
  CHECK(inspect(folder.path(), file).problem ==
        fmt::format("{}: holds 3 bytes, expected {}", path.string(), archive.size()));
  folder.write(file.name, text + "x");
  CHECK(inspect(folder.path(), file).problem ==
        fmt::format("{}: holds more than {} bytes", path.string(), archive.size()));
  folder.write(file.name, std::string(archive.size(), 'x'));
  CHECK(contains(inspect(folder.path(), file).problem, ": has the SHA-256 "));
}

TEST_CASE("download keeps a file that is served as it is, and its part until then", "[threads]") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> archive = packed(std::string(100000, 'x') + "abc");
  const std::string text(archive.begin(), archive.end());
  const DataFile file{"set.tar.gz", archive.size(), sha256(text, 7), Packing::none};
  const FileServer server("/set.tar.gz", text);
  const xtape::nn::datasets::KnownDataset dataset{"set", "Set", {file}, {server.url}, {}, {}};
  const auto get = [&] {
    return xtape::nn::datasets::download(dataset, dataset.mirrors, folder.path(), {}, {});
  };
  CHECK(get().empty());
  CHECK(folder.names() == std::set<std::string>{".lock", file.name});
  CHECK(xtape::nn::read_file(folder / file.name, 1 << 20) == text);
  CHECK(get().empty());
  CHECK(server.requests() == std::vector<std::string>{"0"});  // the second time it is there

  folder.write(file.name, text.substr(0, 50));
  folder.write(file.name + ".part", text.substr(0, 60));
  CHECK(get().size() == 1);
  CHECK(xtape::nn::read_file(folder / file.name, 1 << 20) == text);
  CHECK(server.requests() == std::vector<std::string>{"0", "60"});

  // A part of something else costs another request.
  fs::remove(folder / file.name);
  folder.write(file.name + ".part", std::string(60, '?'));
  get();
  CHECK(xtape::nn::read_file(folder / file.name, 1 << 20) == text);
  CHECK(server.requests() == std::vector<std::string>{"0", "60", "60", "0"});
}

TEST_CASE("A data set without mirrors is not downloaded", "[nn]") {
  const TemporaryFolder folder;
  const xtape::nn::datasets::KnownDataset dataset{"points", "Points", {published}, {}, {}, {}};
  CHECK_FAILS(xtape::nn::datasets::download(dataset, {}, folder.path(), {}, {}), xtape::DataError,
              "Points: no mirror is known");
  folder.write(published.name, std::string("abc"));
  CHECK(xtape::nn::datasets::download(dataset, {}, folder.path(), {}, {}).empty());
}

TEST_CASE("inspect says what is wrong with a file") {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& content) {
    const auto path = folder.write(published.name, content);
    const auto there = inspect(folder.path(), published);
    CHECK_FALSE(there.right());
    CHECK(there.found());
    return there.problem.substr(path.string().size());
  };
  CHECK(problem("ab") == ": holds 2 bytes, expected 3");
  CHECK(problem("abcd") == ": holds more than 3 bytes");
  CHECK(problem("abd") == ": has the SHA-256 " + sha256("abd", 3) + ", expected " + abc);
}
