#include "examples/images/data.hpp"

#include "examples/mnist/subject.hpp"
#include "tensor/error.hpp"
#include "tests/nn/datasets/user.hpp"
#include "tests/support/catch.hpp"

using images::DataSource;

namespace {

DataSource find_data(const xtape::nn::datasets::Options& options) {
  images::DataOptions all(mnist::subject());
  static_cast<xtape::nn::datasets::Options&>(all) = options;
  return images::find_data(all);
}

}  // namespace

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

TEST_CASE("data that were asked for and cannot be found are an error") {
  const User user;
  CHECK_THROWS_AS(find_data(offline("mnist")), xtape::DataError);
  CHECK(contains(message_of([] { find_data(offline("fashion")); }), "Fashion-MNIST was not found"));
}

TEST_CASE("synthetic digits that were asked for come without a notice, and need no folder") {
  const User user;
  user.data_dir.set("/nowhere");
  auto options = offline("synthetic");
  const DataSource source = find_data(options);
  CHECK(source.dataset == "synthetic");
  CHECK(source.notice.empty());
  options.folder = "digits";
  CHECK_THROWS_WITH(find_data(options), "--data digits: synthetic digits need no folder");
}

TEST_CASE("a folder that is named is taken, whatever data are in it") {
  const User user;
  const TemporaryFolder own;
  auto options = offline();
  options.folder = own_data(own);
  const DataSource named = find_data(options);
  CHECK(named.dataset == "mnist");
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
