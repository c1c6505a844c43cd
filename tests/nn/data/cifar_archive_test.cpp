#include <algorithm>

#include "nn/data/cifar.hpp"
#include "tests/nn/data/cifar_files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/gzip.hpp"

namespace nn = xtape::nn;

namespace {

const std::string archive_name = "cifar-10-binary.tar.gz";

std::string complaint(const std::vector<TarEntry>& members) {
  const TemporaryFolder folder;
  const auto path = folder.write(archive_name, gzip(tar(members)));
  return complaint_about(path, [&](auto) { nn::read_cifar10(folder.path()); });
}

/// The members of a sound archive, of which `change` makes another.
template <class Change>
std::vector<TarEntry> changed(Change change) {
  std::vector<TarEntry> members = cifar_members();
  change(members);
  return members;
}

}  // namespace

TEST_CASE("read_cifar10 reads the archive as it reads the unpacked files") {
  const TemporaryFolder packed, unpacked;
  write_cifar_files(unpacked);
  const nn::Cifar10 wanted = nn::read_cifar10(unpacked.path());
  std::vector<TarEntry> members = cifar_members();
  const auto order = GENERATE(0, 1);
  if (order == 1) {
    std::reverse(members.begin(), members.end());
  }
  const std::string archive = tar(members);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(archive.data()), archive.size());
  packed.write(archive_name, order == 1 ? gzip(archive) : gzip_in_two(bytes, 5000));
  const nn::Cifar10 found = nn::read_cifar10(packed.path());
  for (const auto part : {&nn::Cifar10::train, &nn::Cifar10::test}) {
    CHECK((found.*part).features.shape() == xtape::Shape{32, 32, 3});
    CHECK((elements_of<std::uint8_t>((found.*part).features) ==
           elements_of<std::uint8_t>((wanted.*part).features)));
    CHECK(elements_of<std::int64_t>((found.*part).targets) ==
          elements_of<std::int64_t>((wanted.*part).targets));
  }
  CHECK(packed.names() == std::set<std::string>{archive_name});  // nothing is unpacked
}

TEST_CASE("read_cifar10 refuses archives that are not CIFAR-10's, and says why") {
  const std::string third = "cifar-10-batches-bin/data_batch_3.bin";
  CHECK(complaint(changed([](auto& all) { all.erase(all.begin() + 3); })) == "has no " + third);
  CHECK(complaint(changed([](auto& all) { all.push_back(all[3]); })) ==
        third + ": is in the archive twice");
  for (const char type : {'1', '2', '5', 'x', 'L', '7'}) {
    CAPTURE(type);
    CHECK(complaint(changed([&](auto& all) { all[3].type = type; })) ==
          third + ": is not a regular file");
  }
  CHECK(complaint(changed([](auto& all) { all[3].content.pop_back(); })) ==
        third + ": has 3072 bytes, expected records of 3073");
  CHECK(complaint(changed([](auto& all) { all[3].content.clear(); })) ==
        third + ": has 0 bytes, expected records of 3073");
  CHECK(complaint(changed([](auto& all) { all[3].content[0] = 10; })) ==
        third + ": label 10 of item 0, expected 0 to 9");
  CHECK(complaint(changed([](auto& all) { all[3].size = "00200000000"; })) ==
        third + ": has 33554432 bytes, expected at most 30730000");
  CHECK(complaint({{"a", std::string(230 << 20, 'x')}}) == "unpacks to more than 215110000 bytes");
}

TEST_CASE("A name in an archive is never a path, and only the six names are read") {
  const TemporaryFolder folder;
  create_directories(folder / "inner");
  std::vector<TarEntry> members = cifar_members();
  for (const char* name :
       {"../escaped", "/tmp/xtape-escaped", "data_batch_3.bin",
        "../cifar-10-batches-bin/data_batch_3.bin", "cifar-10-batches-bin/x\n"}) {
    members.insert(members.begin(), {.name = name, .content = "stranger"});
  }
  folder.write("inner/" + archive_name, gzip(tar(members)));
  CHECK(nn::read_cifar10(folder / "inner").train.size() == 5);
  CHECK(folder.names() == std::set<std::string>{"inner"});
  CHECK_FALSE(std::filesystem::exists("/tmp/xtape-escaped"));
}

TEST_CASE("read_cifar10 names what it looks for in a folder") {
  const TemporaryFolder folder;
  CHECK(complaint_about(folder.path(), [](auto path) { nn::read_cifar10(path); }) ==
        "has no cifar-10-binary.tar.gz, no cifar-10-batches-bin and no data_batch_1.bin");
  CHECK(complaint_about(folder / "nowhere", [](auto path) { nn::read_cifar10(path); }) ==
        "no such folder");
  create_directories(folder / archive_name);
  CHECK(complaint_about(folder / archive_name, [&](auto) { nn::read_cifar10(folder.path()); }) !=
        "");
}
