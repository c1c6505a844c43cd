#include "nn/data/csv.hpp"

#include "tests/support/complaints.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
using Names = std::vector<std::string>;
using Floats = std::vector<float>;
using Codes = std::vector<std::int64_t>;

namespace {

nn::CsvData read(const std::string& content, const nn::CsvOptions& options) {
  const TemporaryFolder folder;
  return nn::read_csv(folder.write("table.csv", content), options);
}

const nn::CsvOptions by_kind{.classes = "kind"};

std::string csv_complaint(const std::string& content, const nn::CsvOptions& options = by_kind) {
  return complaint_about_file_of(content, [&](auto path) { nn::read_csv(path, options); });
}

}  // namespace

TEST_CASE("read_csv reads numbers and classes") {
  const nn::CsvData table = read("a,kind,b\n1,cat,-2.5\n+3e1,dog,.5\n 7 , cat ,1e-50\n", by_kind);
  CHECK((table.data.features.shape() == xtape::Shape{2}));
  CHECK(elements_of<float>(table.data.features) == Floats{1, -2.5, 30, 0.5, 7, 0});
  CHECK((table.data.targets.shape() == xtape::Shape{}));
  CHECK(elements_of<std::int64_t>(table.data.targets) == Codes{0, 1, 0});
  CHECK(table.class_names == Names{"cat", "dog"});
  CHECK(table.feature_names == Names{"a", "b"});
}

TEST_CASE("read_csv reads numbers of many digits") {
  const std::string zeros(400, '0');
  const nn::CsvData table = read("kind,a\nx,0." + zeros + "1\n", by_kind);
  CHECK(elements_of<float>(table.data.features) == Floats{0});
  CHECK(csv_complaint("kind,a\nx,1" + zeros + "e-5\n").find("not a number") != std::string::npos);
}

TEST_CASE("read_csv takes the columns it is told, by name or number, in that order") {
  for (const nn::CsvOptions& options :
       {nn::CsvOptions{.features = {"z", "x"}, .targets = {"w", "y"}},
        nn::CsvOptions{.features = {2, 0}, .targets = {3, 1}}}) {
    const nn::CsvData table = read("x,y,z,w\n1,2,3,4\n5,6,7,8\n", options);
    CHECK(elements_of<float>(table.data.features) == Floats{3, 1, 7, 5});
    CHECK(elements_of<float>(table.data.targets) == Floats{4, 2, 8, 6});
    CHECK((table.data.targets.shape() == xtape::Shape{2}));
    CHECK(table.feature_names == Names{"z", "x"});
    CHECK(table.class_names.empty());
  }
  // What is not named is not read.
  CHECK(read("x,y,z\n1,n/a,3\n", {.features = {0}, .targets = {"z"}}).data.size() == 1);
}

TEST_CASE("read_csv reads files without a header, and other separators") {
  const nn::CsvData table =
      read("1;2;no\n3;4;yes", {.classes = 2, .header = false, .separator = ';'});
  CHECK(elements_of<float>(table.data.features) == Floats{1, 2, 3, 4});
  CHECK(table.class_names == Names{"no", "yes"});
  CHECK(table.feature_names == Names{"0", "1"});
}

TEST_CASE("read_csv reads quoted fields as RFC 4180 has them") {
  const nn::CsvData table = read(
      "\"a\",\"the \"\"kind\"\", or\nso\",\"\"\r\n\"1\",\"x,y\",2\r\n3,\"\"\"\",4\r\n"
      "5,\"two\r\nlines\",6",
      {.classes = "the \"kind\", or\nso"});
  CHECK(elements_of<float>(table.data.features) == Floats{1, 2, 3, 4, 5, 6});
  CHECK(table.class_names == Names{"\"", "two\r\nlines", "x,y"});
  CHECK(table.feature_names == Names{"a", ""});
}

TEST_CASE("read_csv skips empty lines and a byte order mark") {
  const nn::CsvData table = read("\xef\xbb\xbf\na,kind\n\n1,x\r\n\r\n2,y\n\n\n", by_kind);
  CHECK(elements_of<float>(table.data.features) == Floats{1, 2});
  CHECK(csv_complaint("a,kind\n\n\nz,x\n") == "line 4, column 'a': 'z' is not a number");
}

TEST_CASE("read_csv sorts classes, numbers by size, or takes those it is given") {
  const std::string content = "a,kind\n0,10\n0,9\n0,10\n0,-1\n";
  CHECK(read(content, by_kind).class_names == Names{"-1", "9", "10"});
  CHECK(elements_of<std::int64_t>(read(content, by_kind).data.targets) == Codes{2, 1, 2, 0});
  const nn::CsvOptions given{.classes = "kind", .class_names = {"10", "-1", "7", "9"}};
  const nn::CsvData table = read(content, given);
  CHECK(table.class_names == given.class_names);
  CHECK(elements_of<std::int64_t>(table.data.targets) == Codes{0, 3, 0, 1});
  CHECK(csv_complaint("a,kind\n1,10\n2,8\n", given) ==
        "line 3, column 'kind': '8' is none of the 4 classes");
}

TEST_CASE("read_csv sorts classes by size if they are large, small or close numbers") {
  for (const Names& names :
       {Names{"99999999", "100000001"}, Names{"16777216", "16777217", "100000000"},
        Names{"9", "1e39"}, Names{"2e-50", "1e-49"}, Names{"9007199254740992", "9007199254740993"},
        Names{"-1e300", "-9", "9", "1e300"}}) {
    std::string content = "a,kind\n";
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      content += "0," + *name + "\n";
    }
    CHECK(read(content, by_kind).class_names == names);
  }
  // An infinite number is a text, and texts sort as such.
  CHECK(read("a,kind\n0,inf\n0,9\n0,10\n", by_kind).class_names == Names{"10", "9", "inf"});
}

TEST_CASE("read_csv refuses a list of classes with one of them twice") {
  const nn::CsvOptions twice{.classes = "kind", .class_names = {"a", "b", "a\n", "c", "a\n"}};
  CHECK_FAILS(read("a,kind\n1,c\n", twice), xtape::ValueError,
              "read_csv: the class 'a?' is in class_names twice");
}

TEST_CASE("read_csv refuses a CR without LF, so that no class ends with one") {
  const std::string message = ": a CR that no LF follows";
  CHECK(csv_complaint("a,kind\r\n1,x\r\n2,x\r") == "line 3" + message);  // cut within CR LF
  CHECK(csv_complaint("a,kind\n1,x\r\r\n2,x\r\n") == "line 2" + message);
  CHECK(csv_complaint("a,kind\r1,x\r2,x\r") == "line 1" + message);
  CHECK(csv_complaint("a,kind\n1,x\ry\n") == "line 2" + message);
  CHECK(csv_complaint("a,kind\n1,\"x\"\r") == "line 2" + message);
  CHECK(csv_complaint("a,kind\n1\r,x\n") == "line 2" + message);
  CHECK(csv_complaint("a,kind\n1,\rx\n") == "line 2" + message);
  CHECK(csv_complaint("a,kind\n1,x\n\r") == "line 3" + message);
  CHECK(csv_complaint("\r") == "line 1" + message);
  CHECK(read("a,kind\n1,\"x\r\"\r\n", by_kind).class_names == Names{"x\r"});
}

TEST_CASE("read_csv names line and column of what is missing, no number or out of place") {
  CHECK(csv_complaint("a,b,kind\n1,2,x\n1,,x\n") == "line 3, column 'b': the number is missing");
  CHECK(csv_complaint("a,kind\n 1,x\n  ,x\n") == "line 3, column 'a': the number is missing");
  CHECK(csv_complaint("a,kind\n1,\n") == "line 2, column 'kind': the class is missing");
  CHECK(csv_complaint("a,kind\n\"1\n\",x\n") == "line 2, column 'a': '1?' is not a number");
  for (const std::string text :
       {"NA", "nan", "inf", "-inf", "1e999", "-1e39", "0x10", "1 2", "--1", "+-1", "1.5.", "e"}) {
    CHECK(csv_complaint("a,kind\n1,x\n" + text + ",x\n") ==
          "line 3, column 'a': '" + text + "' is not a number");
  }
  CHECK(csv_complaint("1,x\n2,y\nz,y\n", {.classes = 1, .header = false}) ==
        "line 3, column '0': 'z' is not a number");
  CHECK(csv_complaint("a,kind\n1,x\n1\n") == "line 3: 1 fields, expected 2");
  CHECK(csv_complaint("a,b,kind\n1,x\n") == "line 2: 2 fields, expected 3");
  CHECK(csv_complaint("a,kind,b\n1,\n") == "line 2: 2 fields, expected 3");
  CHECK(csv_complaint("a,kind,b\n1,\"z\"\n", {.classes = "kind", .class_names = {"x", "y"}}) ==
        "line 2: 2 fields, expected 3");
  CHECK(csv_complaint("a;kind\n1;x\n") ==
        "has no column 'kind', only 'a;kind' (does the file use another separator?)");
  CHECK(csv_complaint("a,b,kind\n1,\n") == "line 2: 2 fields, expected 3");
  CHECK(csv_complaint("a,b,kind\n\"x\",\"1\",2,3\n") == "line 2: 4 fields, expected 3");
  CHECK(csv_complaint("a,kind\n1,x,\n") == "line 2: 3 fields, expected 2");
  CHECK(csv_complaint("a,kind\n1,\"x\n2,y\n") == "line 2: a quoted field does not end");
  CHECK(csv_complaint("a,kind\n1,\"x\"y\n") == "line 2: text follows the closing quote of a field");
  CHECK(csv_complaint("a,kind\n1,x\"y\"\n") ==
        "line 2: a quote within a field that does not begin with one");
}

TEST_CASE("read_csv tells which columns there are") {
  const std::string numbers = "a,b\n1,2\n";
  CHECK(csv_complaint("") == "holds no rows");
  CHECK(csv_complaint("\n\n") == "holds no rows");
  CHECK(csv_complaint("a,kind\n") == "holds a header and no rows");
  CHECK(csv_complaint(numbers) == "has no column 'kind', only 'a', 'b'");
  CHECK(csv_complaint("a,kind,kind\n1,2,3\n") == "has two columns 'kind'");
  CHECK(csv_complaint("kind\nx\n") == "has no columns but the targets");
  CHECK(csv_complaint(numbers, {.classes = 2}) ==
        "has 2 columns, so there is no number 2 (from 0)");
  CHECK(csv_complaint(numbers, {.classes = -1}) ==
        "has 2 columns, so there is no number -1 (from 0)");
  const auto misused = [&](const nn::CsvOptions& options, const std::string& message) {
    CHECK_FAILS(read(numbers, options), xtape::ValueError, "read_csv: " + message);
  };
  misused({.features = {"a", 0}, .targets = {"b"}}, "column 'a' is named twice");
  misused({.features = {"a"}, .classes = "a"}, "column 'a' is named twice");
  misused({}, "expected either a column of classes or columns of targets");
  misused({.classes = "a", .targets = {"b"}},
          "expected either a column of classes or columns of targets");
}

TEST_CASE("read_csv tells what cannot be opened") {
  const TemporaryFolder folder;
  const auto read_it = [](const auto& path) { nn::read_csv(path, by_kind); };
  CHECK(complaint_about(folder / "none", read_it) == "cannot open: No such file or directory");
  CHECK(complaint_about(folder.path(), read_it) == "is a folder, expected a file");
}
