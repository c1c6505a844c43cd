#include "nn/datasets/locate.hpp"

#include <fmt/ranges.h>  // fmt::join

#include "nn/datasets/cifar10.hpp"
#include "nn/datasets/http.hpp"
#include "nn/datasets/mnist.hpp"
#include "tensor/error.hpp"
#include "tests/nn/data/cifar_files.hpp"
#include "tests/nn/datasets/user.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/mnist_data.hpp"

namespace {

namespace datasets = xtape::nn::datasets;
using datasets::locate;
using xtape::nn::find_dataset;

/// Lays links to the files of `from` into `to`.
void link_files(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename());
  }
}

}  // namespace

TEST_CASE("the cache is in $XDG_CACHE_HOME when that is absolute, else in ~/.cache") {
  const EnvironmentVariable cache("XDG_CACHE_HOME", "/elsewhere");
  const EnvironmentVariable home("HOME", "/home/you");
  CHECK(datasets::cache_folder("fashion") == "/elsewhere/xtape/fashion");
  cache.set("elsewhere");
  CHECK(datasets::cache_folder("mnist") == "/home/you/.cache/xtape/mnist");
  cache.set(std::nullopt);
  CHECK(datasets::cache_folder("mnist") == "/home/you/.cache/xtape/mnist");
  home.set(std::nullopt);
  CHECK(datasets::cache_folder("mnist").empty());
}

TEST_CASE("data that cannot be found are an error that says what has been tried") {
  const User user;
  const std::string message = message_of([] { find_dataset(offline("mnist")); });
  CHECK(message.find("MNIST was not found: $XTAPE_DATA_DIR: not set; " + user.cache.string()) == 0);
  CHECK(contains(message_of([] { find_dataset(offline("fashion")); }),
                 "Fashion-MNIST was not found"));
  CHECK_THROWS_AS(find_dataset(offline("mnist")), xtape::DataError);
  CHECK_THROWS_WITH(find_dataset(offline("cifar")),
                    "expected the data set mnist, fashion or cifar10, got 'cifar'");
}

TEST_CASE("the cache is taken when all in it is as published, but $XTAPE_DATA_DIR before it") {
  MNIST_OR_SKIP(folder);
  const User user;
  link_files(folder, user.cache);
  CHECK(find_dataset(offline()) == user.cache);
  const TemporaryFolder own;
  user.data_dir.set(own_data(own).string());
  CHECK(find_dataset(offline()) == own.path());
}

TEST_CASE("files in the cache that are damaged are told, each of them") {
  MNIST_OR_SKIP(folder);
  const User user;
  link_files(folder, user.cache);
  fs::remove(user.cache / "t10k-labels-idx1-ubyte.gz");
  fs::remove(user.cache / "train-labels-idx1-ubyte.gz");
  user.home.write("cache/xtape/mnist/t10k-labels-idx1-ubyte.gz", std::string("\x1f\x8b\x08"));
  user.home.write("cache/xtape/mnist/train-labels-idx1-ubyte", std::string(60008, 'x'));
  const std::string cache = user.cache.string();
  for (const std::string& message : {fmt::format("{}", fmt::join(locate(offline()).tried, "\n")),
                                     message_of([] { find_dataset(offline("mnist")); })}) {
    CHECK(contains(message, cache + "/t10k-labels-idx1-ubyte.gz: "));
    CHECK(contains(message, cache + "/train-labels-idx1-ubyte: has the SHA-256 "));
  }
}

TEST_CASE("a folder with another known data set than the one asked for is not mistaken for it") {
  MNIST_OR_SKIP(folder);
  const User user;
  datasets::Options options = offline("fashion");
  options.folder = folder;
  CHECK_THROWS_WITH(find_dataset(options), "Fashion-MNIST was not found: " + folder.string() +
                                               ": holds MNIST, not Fashion-MNIST");
  options.dataset = std::nullopt;
  CHECK(locate(options).dataset->name == "mnist");

  user.data_dir.set(folder.string());  // a setting for all runs is passed over instead
  CHECK(contains(message_of([] { find_dataset(offline("fashion")); }),
                 user.home.path().string() + "/cache/xtape/fashion: no files"));
}

TEST_CASE("who can read some data sets only is given none of the others") {
  const User user;
  const std::vector<std::string> grey{"mnist", "fashion"};
  CHECK_FAILS(find_dataset(offline("cifar10"), {}, grey), xtape::ValueError,
              "expected the data set mnist or fashion, got 'cifar10'");
  CHECK_FAILS(find_dataset(offline(), {}, {"fission"}), xtape::ValueError,
              "expected the data set fission, got 'fission'");
  CHECK_FAILS(xtape::nn::mnist(offline("cifar10")), xtape::ValueError,
              "expected the data set mnist or fashion, got 'cifar10'");
  CHECK_FAILS(xtape::nn::cifar10(offline("mnist")), xtape::ValueError,
              "expected the data set cifar10, got 'mnist'");

  const TemporaryFolder colour;
  write_cifar_files(colour);
  datasets::Options options = offline();
  options.folder = colour.path();
  CHECK_FAILS(find_dataset(options, {}, grey), xtape::DataError,
              "MNIST was not found: " + options.folder + ": holds CIFAR-10, not MNIST");
  CHECK(locate(options).dataset->name == "cifar10");
  CHECK(xtape::nn::cifar10(options).train.size() == 5);

  user.data_dir.set(options.folder);  // a setting for all runs is passed over instead
  CHECK(contains(message_of([&] { find_dataset(offline(), {}, grey); }),
                 "holds CIFAR-10, not MNIST; " + user.cache.string() + ": no files"));
  CHECK(xtape::nn::cifar10(offline()).train.size() == 5);
}

TEST_CASE("a folder may hold several data sets, and is taken for the one that is wanted") {
  MNIST_OR_SKIP(folder);
  const User user;
  const TemporaryFolder both;
  link_files(folder, both.path());
  write_cifar_files(both);
  datasets::Options options = offline();
  options.folder = both.path();
  CHECK(locate(options).dataset->name == "mnist");
  CHECK(locate(options, {}, {"cifar10"}).dataset->name == "cifar10");
  CHECK(find_dataset(options, {}, {"cifar10"}) == both.path());
  options.dataset = "fashion";
  CHECK(contains(message_of([&] { find_dataset(options); }), "holds MNIST, not Fashion-MNIST"));
}

TEST_CASE("cifar10 takes the archive of the cache only if it is the published one") {
  const User user;
  const fs::path cache = user.home / "cache/xtape/cifar10";
  fs::create_directories(cache);
  user.home.write("cache/xtape/cifar10/cifar-10-binary.tar.gz", gzip(tar(cifar_members())));
  const std::string message = message_of([] { xtape::nn::cifar10(offline()); });
  CHECK(contains(message, "CIFAR-10 was not found: "));
  CHECK(contains(message, cache.string() + "/cifar-10-binary.tar.gz: holds "));
  CHECK(contains(message, " bytes, expected 170052171"));
  datasets::Options options = offline();
  options.folder = cache.string();  // a folder of the user may hold another
  CHECK(xtape::nn::cifar10(options).test.size() == 2);
}

TEST_CASE("each data set has ten classes, and its files come over HTTPS") {
  CHECK(datasets::known_dataset("fashion").class_names[0] == "T-shirt/top");
  CHECK(datasets::known_dataset("fashion").system_folders[0] ==
        "/usr/share/datasets/fashion-mnist");
  CHECK(datasets::known_dataset("mnist").mirrors.size() == 2);
  CHECK(datasets::known_dataset("cifar10").class_names[9] == "truck");
  for (const auto& dataset : datasets::known_datasets()) {
    CHECK(dataset.class_names.size() == 10);
    for (const std::string& mirror : dataset.mirrors) {
      CHECK_NOTHROW(datasets::require_safe_url(mirror));
      CHECK(mirror.find("https://") == 0);
      CHECK(mirror.back() == '/');
    }
    for (const auto& file : dataset.files) {
      CHECK(file.sha256.size() == 64);
    }
  }
}
