#include "examples/mnist/data/data_source.hpp"

#include <filesystem>
#include <string>

#include "examples/mnist/data/synthetic.hpp"
#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/mnist_data.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using DataOptions = xtape::nn::datasets::Options;
using mnist::DataSource;
using mnist::find_data;
using xtape::nn::datasets::locate;

/// A user without any data, whose cache is `cache`.
struct User {
  TemporaryFolder home;
  fs::path cache = home / "cache/xtape/mnist";
  EnvironmentVariable cache_home{"XDG_CACHE_HOME", (home / "cache").string()};
  EnvironmentVariable data_dir{"XTAPE_DATA_DIR", std::nullopt};
};

DataOptions offline() { return {.offline = true}; }

DataOptions offline(const std::string& dataset) {
  DataOptions options = offline();
  options.dataset = dataset;
  return options;
}

/// Lays links to the files of `from` into `to`.
void link_files(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename());
  }
}

/// A folder with two images of one pixel in each part: nothing that has been published.
fs::path own_data(const TemporaryFolder& folder) {
  using namespace std::string_literals;
  for (const std::string part : {"train", "t10k"}) {
    folder.write(part + "-images-idx3-ubyte", "\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377"s);
    folder.write(part + "-labels-idx1-ubyte", "\0\0\10\1\0\0\0\2\3\7"s);
  }
  return folder.path();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the cache is in $XDG_CACHE_HOME when that is absolute, else in ~/.cache") {
  const EnvironmentVariable cache("XDG_CACHE_HOME", "/elsewhere");
  const EnvironmentVariable home("HOME", "/home/you");
  CHECK(xtape::nn::datasets::cache_folder("fashion") == "/elsewhere/xtape/fashion");
  cache.set("elsewhere");
  CHECK(xtape::nn::datasets::cache_folder("mnist") == "/home/you/.cache/xtape/mnist");
  cache.set(std::nullopt);
  CHECK(xtape::nn::datasets::cache_folder("mnist") == "/home/you/.cache/xtape/mnist");
  home.set(std::nullopt);
  CHECK(xtape::nn::datasets::cache_folder("mnist").empty());
}

TEST_CASE("without MNIST, synthetic digits come with a notice of what has been tried") {
  const User user;
  const DataSource source = find_data(offline());
  CHECK(source.dataset == "synthetic");
  CHECK(source.origin == "drawn by the program");
  CHECK(source.data.train.size() == 12000);
  CHECK(source.data.test.size() == 2000);
  CHECK(source.class_names.size() == 10);
  CHECK(contains(source.notice, "synthetic digits"));
  CHECK(contains(source.notice, "$XTAPE_DATA_DIR: not set"));
  CHECK(contains(source.notice, user.cache.string() + ": no files"));
  CHECK(contains(source.notice, "no download while offline"));
  CHECK_FALSE(fs::exists(user.cache));
}

TEST_CASE("data that were asked for and cannot be had are an error") {
  const User user;
  const std::string message = message_of([] { find_data(offline("mnist")); });
  CHECK(message.find("MNIST cannot be had: $XTAPE_DATA_DIR: not set; " + user.cache.string()) == 0);
  CHECK(contains(message_of([] { find_data(offline("fashion")); }), "Fashion-MNIST cannot be had"));
  CHECK_THROWS_AS(find_data(offline("mnist")), xtape::DataError);
  CHECK_THROWS_WITH(find_data(offline("cifar")),
                    "no data set is called 'cifar': expected mnist or fashion");
}

TEST_CASE("synthetic digits that were asked for come without a notice, and need no folder") {
  const User user;
  user.data_dir.set("/nowhere");
  DataOptions options = offline("synthetic");
  const DataSource source = find_data(options);
  CHECK(source.dataset == "synthetic");
  CHECK(source.notice.empty());
  options.folder = "digits";
  CHECK_THROWS_WITH(find_data(options), "--data digits: synthetic digits need no folder");
}

TEST_CASE("a folder that is named is taken, whatever data are in it") {
  const User user;
  const TemporaryFolder own;
  DataOptions options = offline();
  options.folder = own_data(own);
  const DataSource named = find_data(options);
  CHECK(named.origin == "from " + own.path().string());
  CHECK(named.data.train.size() == 2);
  CHECK(named.notice.empty());

  user.data_dir.set(own.path().string());
  CHECK(find_data(offline()).origin == named.origin);

  options.folder = "/nowhere";  // goes before $XTAPE_DATA_DIR
  CHECK_THROWS_WITH(find_data(options), "/nowhere: no such folder");
  user.data_dir.set("/nowhere");
  CHECK_THROWS_WITH(find_data(offline()), "/nowhere: no such folder");
}

TEST_CASE("the cache is taken when all in it is as published") {
  MNIST_OR_SKIP(folder);
  const User user;
  link_files(folder, user.cache);
  const DataSource source = find_data(offline());
  CHECK(source.dataset == "mnist");
  CHECK(source.origin == "from " + user.cache.string());
  CHECK(source.notice.empty());
  CHECK(source.data.train.size() == 60000);

  const TemporaryFolder own;
  user.data_dir.set(own_data(own).string());  // goes before the cache
  CHECK(find_data(offline()).data.train.size() == 2);
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
  for (const std::string& message :
       {find_data(offline()).notice, message_of([] { find_data(offline("mnist")); })}) {
    CHECK(contains(message, cache + "/t10k-labels-idx1-ubyte.gz: "));
    CHECK(contains(message, cache + "/train-labels-idx1-ubyte: has the SHA-256 "));
  }
}

TEST_CASE("a folder with another known data set than the one asked for is not mistaken for it") {
  MNIST_OR_SKIP(folder);
  const User user;
  DataOptions options = offline("fashion");
  options.folder = folder;
  CHECK_THROWS_WITH(find_data(options), "Fashion-MNIST cannot be had: " + folder.string() +
                                            ": holds MNIST, not Fashion-MNIST");
  options.dataset = std::nullopt;
  CHECK(locate(options).dataset->name == "mnist");

  user.data_dir.set(folder.string());  // a setting for all runs is passed over instead
  CHECK(contains(message_of([] { find_data(offline("fashion")); }),
                 user.home.path().string() + "/cache/xtape/fashion: no files"));
}

TEST_CASE("each data set has ten classes, and its files come over HTTPS") {
  CHECK(xtape::nn::datasets::known_dataset("fashion").class_names[0] == "T-shirt/top");
  CHECK(xtape::nn::datasets::known_dataset("fashion").system_folders[0] ==
        "/usr/share/datasets/fashion-mnist");
  CHECK(xtape::nn::datasets::known_dataset("mnist").mirrors.size() == 2);
  for (const auto& dataset : xtape::nn::datasets::known_datasets()) {
    CHECK(dataset.class_names.size() == 10);
    for (const std::string& mirror : dataset.mirrors) {
      CHECK_NOTHROW(xtape::nn::datasets::require_safe_url(mirror));
      CHECK(mirror.find("https://") == 0);
      CHECK(mirror.back() == '/');
    }
    for (const auto& file : dataset.files) {
      CHECK(file.sha256.size() == 64);
    }
  }
}
