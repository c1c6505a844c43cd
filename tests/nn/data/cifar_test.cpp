#include "nn/data/cifar.hpp"

#include "tests/nn/data/cifar_files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;

TEST_CASE("read_cifar10_file puts the channels last") {
  const TemporaryFolder folder;
  const nn::Dataset data =
      nn::read_cifar10_file(folder.write("x.bin", cifar_record(9) + cifar_record(3)));
  CHECK((data.features.shape() == xtape::Shape{32, 32, 3}));
  CHECK(elements_of<std::int64_t>(data.targets) == std::vector<std::int64_t>{9, 3});
  const auto second = data.features.sample<std::uint8_t>(1);
  for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
    REQUIRE(second[3 * pixel] == pixel / 32);
    REQUIRE(second[3 * pixel + 1] == pixel % 32);
    REQUIRE(second[3 * pixel + 2] == 3);
  }
}

TEST_CASE("read_cifar10 reads the six files, in the folder or unpacked within it") {
  for (const char* inner : {"", "cifar-10-batches-bin/"}) {
    const TemporaryFolder folder;
    create_directories(folder / inner);
    for (int i = 1; i <= 5; ++i) {
      folder.write(inner + ("data_batch_" + std::to_string(i) + ".bin"), cifar_record(i));
    }
    const std::string test = inner + std::string("test_batch.bin");
    CHECK_FAILS(nn::read_cifar10(folder.path()), xtape::DataError,
                (folder / test).string() + ": cannot open: No such file or directory");
    folder.write(test, cifar_record(0) + cifar_record(7));
    const nn::Cifar10 data = nn::read_cifar10(folder.path());
    CHECK(data.train.size() == 5);
    CHECK(data.test.size() == 2);
    CHECK(data.train.targets.as<std::int64_t>()[4] == 5);
    CHECK(std::string(nn::cifar10_classes[7]) == "horse");
  }
}

TEST_CASE("read_cifar10_file refuses what holds no whole records") {
  const auto complaint = [](const std::string& content) {
    return complaint_about_file_of(content, [](auto path) { nn::read_cifar10_file(path); });
  };
  CHECK(complaint("") == "has 0 bytes, expected records of 3073");
  CHECK(complaint(cifar_record(1).substr(1)) == "has 3072 bytes, expected records of 3073");
  CHECK(complaint(cifar_record(1) + "x") == "has 3074 bytes, expected records of 3073");
  CHECK(complaint(cifar_record(1) + cifar_record(10)) == "label 10 of item 1, expected 0 to 9");
}
