#include "nn/data/cifar.hpp"

#include <filesystem>
#include <string>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

/// A record whose pixel (row, column) is red `row`, green `column` and blue `label`.
std::string record(int label) {
  std::string bytes(1, static_cast<char>(label));
  for (const int channel : {0, 1, 2}) {
    for (int pixel = 0; pixel < 1024; ++pixel) {
      const int values[] = {pixel / 32, pixel % 32, label};
      bytes += static_cast<char>(values[channel]);
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("read_cifar10_file puts the channels last") {
  const TemporaryFolder folder;
  const nn::Dataset data = nn::read_cifar10_file(folder.write("x.bin", record(9) + record(3)));
  REQUIRE(data.size() == 2);
  CHECK((data.features.shape() == xtape::Shape{32, 32, 3}));
  CHECK(data.targets.as<std::int64_t>()[0] == 9);
  CHECK(data.targets.as<std::int64_t>()[1] == 3);
  const auto second = data.features.sample<std::uint8_t>(1);
  for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
    REQUIRE(second[3 * pixel] == pixel / 32);
    REQUIRE(second[3 * pixel + 1] == pixel % 32);
    REQUIRE(second[3 * pixel + 2] == 3);
  }
}

TEST_CASE("read_cifar10 reads the six files, in the folder or unpacked within it") {
  for (const char* inner : {"", "cifar-10-batches-bin"}) {
    const TemporaryFolder folder;
    fs::create_directories(folder / inner);
    const auto name = [&](const std::string& file) { return (fs::path(inner) / file).string(); };
    for (int i = 1; i <= 5; ++i) {
      folder.write(name("data_batch_" + std::to_string(i) + ".bin"), record(i));
    }
    CHECK(message_of([&] { nn::read_cifar10(folder.path()); }) ==
          (folder / name("test_batch.bin")).string() + ": cannot open: No such file or directory");
    folder.write(name("test_batch.bin"), record(0) + record(7));
    const nn::Cifar10 data = nn::read_cifar10(folder.path());
    CHECK(data.train.size() == 5);
    CHECK(data.test.size() == 2);
    CHECK(data.train.targets.as<std::int64_t>()[4] == 5);
    CHECK(std::string(nn::cifar10_classes[7]) == "horse");
  }
}

TEST_CASE("read_cifar10_file refuses what holds no whole records") {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::string& content) {
    const fs::path path = folder.write("x.bin", content);
    CHECK_THROWS_AS(nn::read_cifar10_file(path), xtape::DataError);
    return message_of([&] { nn::read_cifar10_file(path); }).substr(path.string().size() + 2);
  };
  CHECK(complaint("") == "has 0 bytes, expected records of 3073");
  CHECK(complaint(record(1).substr(1)) == "has 3072 bytes, expected records of 3073");
  CHECK(complaint(record(1) + "x") == "has 3074 bytes, expected records of 3073");
  CHECK(complaint(record(1) + record(10)) == "label 10 of item 1, expected 0 to 9");
}
