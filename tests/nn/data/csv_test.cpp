#include "nn/data/csv.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using Names = std::vector<std::string>;
using Floats = std::vector<float>;
using Labels = std::vector<std::int64_t>;

namespace {

nn::CsvData read(const std::string& content, const nn::CsvOptions& options) {
  const TemporaryFolder folder;
  return nn::read_csv(folder.write("table.csv", content), options);
}

/// The message that read_csv throws, without the file's name.
std::string complaint(const std::string& content, const nn::CsvOptions& options) {
  const TemporaryFolder folder;
  const auto path = folder.write("table.csv", content);
  CHECK_THROWS_AS(nn::read_csv(path, options), xtape::DataError);
  const std::string message = message_of([&] { nn::read_csv(path, options); });
  const std::string name = path.string() + ": ";
  REQUIRE(message.substr(0, name.size()) == name);
  CHECK(std::count(message.begin(), message.end(), '\n') == 0);
  return message.substr(name.size());
}

template <class E>
std::vector<E> elements(const nn::Samples& samples) {
  const auto all = samples.as<E>();
  return {all.begin(), all.end()};
}

const nn::CsvOptions by_kind{.classes = "kind"};

}  // namespace

TEST_CASE("read_csv reads numbers and classes") {
  const nn::CsvData table = read("a,kind,b\n1,cat,-2.5\n+3e1,dog,.5\n 7 , cat ,1e-50\n", by_kind);
  CHECK((table.data.features.shape() == xtape::Shape{2}));
  CHECK(elements<float>(table.data.features) == Floats{1, -2.5, 30, 0.5, 7, 0});
  CHECK((table.data.targets.shape() == xtape::Shape{}));
  CHECK(elements<std::int64_t>(table.data.targets) == Labels{0, 1, 0});
  CHECK(table.class_names == Names{"cat", "dog"});
  CHECK(table.feature_names == Names{"a", "b"});
}

TEST_CASE("read_csv takes the columns it is told, by name or number, in that order") {
  const std::string content = "x,y,z,w\n1,2,3,4\n5,6,7,8\n";
  const nn::CsvData named = read(content, {.features = {"z", "x"}, .targets = {"w", "y"}});
  CHECK(elements<float>(named.data.features) == Floats{3, 1, 7, 5});
  CHECK(elements<float>(named.data.targets) == Floats{4, 2, 8, 6});
  CHECK((named.data.targets.shape() == xtape::Shape{2}));
  CHECK(named.feature_names == Names{"z", "x"});
  CHECK(named.class_names.empty());
  const nn::CsvData numbered = read(content, {.features = {2, 0}, .targets = {3, 1}});
  CHECK(elements<float>(numbered.data.features) == Floats{3, 1, 7, 5});
  CHECK(elements<float>(numbered.data.targets) == Floats{4, 2, 8, 6});
  // What is not named is not read.
  CHECK(read("x,y,z\n1,n/a,3\n", {.features = {0}, .targets = {"z"}}).data.size() == 1);
}

TEST_CASE("read_csv reads files without a header, and other separators") {
  const nn::CsvData table =
      read("1;2;no\n3;4;yes", {.classes = 2, .header = false, .separator = ';'});
  CHECK(elements<float>(table.data.features) == Floats{1, 2, 3, 4});
  CHECK(table.class_names == Names{"no", "yes"});
  CHECK(table.feature_names == Names{"0", "1"});
}

TEST_CASE("read_csv reads quoted fields as RFC 4180 has them") {
  const nn::CsvData table = read(
      "\"a\",\"the \"\"kind\"\", or\nso\",\"\"\r\n\"1\",\"x,y\",2\r\n3,\"\"\"\",4\r\n"
      "5,\"two\r\nlines\",6",
      {.classes = "the \"kind\", or\nso"});
  CHECK(elements<float>(table.data.features) == Floats{1, 2, 3, 4, 5, 6});
  CHECK(table.class_names == Names{"\"", "two\r\nlines", "x,y"});
  CHECK(table.feature_names == Names{"a", ""});
}

TEST_CASE("read_csv skips empty lines and a byte order mark") {
  const nn::CsvData table = read("\xef\xbb\xbf\na,kind\n\n1,x\r\n\r\n2,y\n\n\n", by_kind);
  CHECK(elements<float>(table.data.features) == Floats{1, 2});
  CHECK(complaint("a,kind\n\n\nz,x\n", by_kind) == "line 4, column 'a': 'z' is no number");
}

TEST_CASE("read_csv sorts classes, numbers by size, or takes those it is given") {
  const std::string content = "a,kind\n0,10\n0,9\n0,10\n0,-1\n";
  CHECK(read(content, by_kind).class_names == Names{"-1", "9", "10"});
  CHECK(elements<std::int64_t>(read(content, by_kind).data.targets) == Labels{2, 1, 2, 0});
  const nn::CsvOptions given{.classes = "kind", .class_names = {"10", "-1", "7", "9"}};
  const nn::CsvData table = read(content, given);
  CHECK(table.class_names == given.class_names);
  CHECK(elements<std::int64_t>(table.data.targets) == Labels{0, 3, 0, 1});
  CHECK(complaint("a,kind\n1,10\n2,8\n", given) ==
        "line 3, column 'kind': '8' is none of the 4 classes");
}

TEST_CASE("read_csv names line and column of what is missing or no number") {
  CHECK(complaint("a,b,kind\n1,2,x\n1,,x\n", by_kind) ==
        "line 3, column 'b': the number is missing");
  CHECK(complaint("a,kind\n 1,x\n  ,x\n", by_kind) == "line 3, column 'a': the number is missing");
  CHECK(complaint("a,kind\n1,\n", by_kind) == "line 2, column 'kind': the class is missing");
  CHECK(complaint("a,kind\n\"1\n\",x\n", by_kind) == "line 2, column 'a': '1?' is no number");
  for (const std::string text :
       {"NA", "nan", "inf", "-inf", "1e999", "-1e39", "0x10", "1 2", "--1", "+-1", "1.5.", "e"}) {
    CAPTURE(text);
    CHECK(complaint("a,kind\n1,x\n" + text + ",x\n", by_kind) ==
          "line 3, column 'a': '" + text + "' is no number");
  }
  CHECK(complaint("1,x\n2,y\nz,y\n", {.classes = 1, .header = false}) ==
        "line 3, column '0': 'z' is no number");
}

TEST_CASE("read_csv refuses rows of another length and quotes out of place") {
  CHECK(complaint("a,kind\n1,x\n1\n", by_kind) == "line 3: 1 fields, expected 2");
  CHECK(complaint("a,kind\n1,x,\n", by_kind) == "line 2: 3 fields, expected 2");
  CHECK(complaint("a,kind\n1,\"x\n2,y\n", by_kind) == "line 2: a quoted field does not end");
  CHECK(complaint("a,kind\n1,\"x\"y\n", by_kind) ==
        "line 2: text follows the closing quote of a field");
  CHECK(complaint("a,kind\n1,x\"y\"\n", by_kind) ==
        "line 2: a quote within a field that does not begin with one");
}

TEST_CASE("read_csv tells which columns there are") {
  CHECK(complaint("", by_kind) == "holds no rows");
  CHECK(complaint("\n\n", by_kind) == "holds no rows");
  CHECK(complaint("a,kind\n", by_kind) == "holds a header and no rows");
  CHECK(complaint("a,b\n1,2\n", by_kind) == "has no column 'kind', only 'a', 'b'");
  CHECK(complaint("a,kind,kind\n1,2,3\n", by_kind) == "has two columns 'kind'");
  CHECK(complaint("kind\nx\n", by_kind) == "has no columns but the targets");
  CHECK(complaint("a,b\n1,2\n", {.classes = 2}) ==
        "has 2 columns, so there is no number 2 (from 0)");
  CHECK(complaint("a,b\n1,2\n", {.classes = -1}) ==
        "has 2 columns, so there is no number -1 (from 0)");
  const auto misused = [](const nn::CsvOptions& options) {
    CHECK_THROWS_AS(read("a,b\n1,2\n", options), xtape::ValueError);
    return message_of([&] { read("a,b\n1,2\n", options); });
  };
  CHECK(misused({.features = {"a", 0}, .targets = {"b"}}) == "read_csv: column 'a' is named twice");
  CHECK(misused({.features = {"a"}, .classes = "a"}) == "read_csv: column 'a' is named twice");
  CHECK(misused({}) == "read_csv: expected either a column of classes or columns of targets");
  CHECK(misused({.classes = "a", .targets = {"b"}}) ==
        "read_csv: expected either a column of classes or columns of targets");
}

TEST_CASE("read_csv tells what cannot be opened") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(nn::read_csv(folder / "none", by_kind),
                    (folder / "none").string() + ": cannot open: No such file or directory");
  CHECK_THROWS_AS(nn::read_csv(folder.path(), by_kind), xtape::DataError);
}
