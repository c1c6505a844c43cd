#include "nn/report/report.hpp"

#include <fstream>
#include <sstream>

#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/read_text.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Shape;
using xtape::ValueError;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

/// Images of `shape` with these labels.
nn::Dataset images(const std::vector<int>& labels, const Shape& shape) {
  std::size_t pixels = labels.size();
  for (const std::size_t extent : shape) {
    pixels *= extent;
  }
  return {nn::Samples(std::vector<std::uint8_t>(pixels, 200), shape), nn::Samples(labels)};
}

const std::vector<std::string> names{"cat", "<dog>"};

}  // namespace

TEST_CASE("A report is one page without scripts or links to elsewhere") {
  nn::ConfusionMatrix matrix(2);
  matrix.add(xtape::Array<float>{{1, 0}, {1, 0}}, std::vector<int>{0, 1});
  nn::Report page("A <test>", "of \"this\" & that");
  page.fact("accuracy", "< 50 %");
  page.add(nn::confusion(matrix, names));
  page.add(nn::table({"sort", "weight"}, {{"a & b", "1.5"}}).titled("Of <one's> own"));
  const TemporaryFolder folder;
  page.write(folder / "deep/er");
  const std::string html = read_text(folder / "deep/er/index.html");
  CHECK(html == page.html());
  CHECK(contains(html, "<title>A &lt;test&gt;</title>"));
  CHECK(contains(html, "<h1>A &lt;test&gt;</h1>\n<p>of &quot;this&quot; &amp; that</p>"));
  CHECK(contains(html, "<dt>accuracy</dt><dd>&lt; 50 %</dd>"));
  CHECK(contains(html, "<section id=\"confusion\" aria-labelledby=\"confusion-title\">"));
  CHECK(contains(html, "<a href=\"#table\">Of &lt;one&#39;s&gt; own</a>"));
  CHECK(contains(html, "default-src 'none'"));
  for (const char* fault : {"<script", "http://", "https://", "<test>", "<dog>", "metrics.csv"}) {
    CHECK_FALSE(contains(html, fault));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "deep/er/metrics.csv"));
}

TEST_CASE("A report without figures is a page, and an empty figure has no part in one") {
  nn::Report page("Nothing");
  const std::string before = page.html();
  page.add({"empty", "Empty", "text", ""});
  page.add(nn::side_by_side({}));
  page.add(nn::images(nn::Samples()));
  CHECK(page.html() == before);
  CHECK_FALSE(contains(before, "<nav"));
}

TEST_CASE("Figures of one id are told apart") {
  nn::Report page("Twice");
  for (int i = 0; i < 3; ++i) {
    page.add(nn::table({"x"}, {{"1"}}).titled("X"));
  }
  for (const char* id : {"table", "table-2", "table-3"}) {
    CHECK(count(page.html(), fmt::format("<section id=\"{}\"", id)) == 1);
    CHECK(count(page.html(), fmt::format("href=\"#{}\"", id)) == 1);
  }
}

TEST_CASE("A report says beforehand that its folder cannot be written to") {
  const TemporaryFolder folder;
  folder.write("file", std::string("x"));
  CHECK_THROWS_AS(nn::Report("x").write(folder / "file"), xtape::DataError);
  CHECK_THROWS_AS(nn::Report::require_writable(folder / "file"), xtape::DataError);
  CHECK_NOTHROW(nn::Report::require_writable(folder / "new"));
  CHECK(std::filesystem::is_empty(folder / "new"));
}

TEST_CASE("A report replaces an earlier report, and no other file") {
  const TemporaryFolder folder;
  const auto refusal = [&](const char* name, const std::string& content) {
    const auto path = folder.write(name, content);
    const std::string message = message_of([&] { nn::Report::require_writable(folder.path()); });
    if (message != "(nothing thrown)") {
      CHECK(message_of([&] { nn::Report("x").write(folder.path()); }) == message);
    }
    CHECK(read_text(path) == content);
    std::filesystem::remove(path);
    return message.starts_with(path.string() + ' ') ? message.substr(path.string().size() + 1)
                                                    : message;
  };
  const std::string none = "(nothing thrown)", page = nn::Report("x").html(),
                    no_report = "exists and holds no report: remove it, or name another file",
                    no_numbers =
                        "exists and holds no numbers of a report: remove it, or name "
                        "another file";
  CHECK(refusal("index.html", page) == none);
  CHECK(refusal("index.html", "") == none);
  CHECK(refusal("index.html", "<!DOCTYPE html>\n<p>Mine</p>") == no_report);
  CHECK(refusal("index.html", "> " + page) == no_report);
  CHECK(refusal("index.html", page + std::string(600, ' ')) == no_report);
  CHECK(refusal("metrics.csv", "epoch,loss,accuracy\n1,0.5,0.9\n") == none);
  CHECK(refusal("metrics.csv", "epoch,l") == no_numbers);
  CHECK(refusal("metrics.csv", "volts,epoch,loss\n") == no_numbers);
  CHECK(refusal("other.csv", "volts\n") == none);
}

TEST_CASE("A table aligns numbers and spans its last heading") {
  const std::string html =
      nn::table({"name", "value", "note"}, {{"a", "-1.5e-05", "7 x"}, {"b", "97 %", "none"}}).html;
  CHECK(contains(html, "<th scope=\"col\" class=\"number\">value</th>"));
  CHECK(contains(html, "<td class=\"number\">-1.5e-05</td>"));
  CHECK(contains(html, "<td>7 x</td>"));  // for "none" is not a number
  CHECK(contains(nn::table({"facts"}, {{"a", "b"}}).html, "<th scope=\"col\" colspan=\"2\">facts"));
  CHECK(contains(nn::table({"x", "y"}, {}).html, "<th scope=\"col\">y</th>"));
  CHECK_FAILS(nn::table({"x", "y"}, {{"1", "2"}, {"3"}}), ValueError,
              "table: row 1 has 1 cells, expected 2");
  CHECK_FAILS(nn::table({"x", "y"}, {{"1"}}), ValueError, "table: row 0 has 1 cells, expected 2");
}

TEST_CASE("Figures of classes want a name for each class") {
  CHECK_FAILS(nn::confusion(nn::ConfusionMatrix(3), names), ValueError,
              "confusion: 3 classes, but 2 names");
  CHECK_FAILS(nn::class_samples(images({0, 2}, {2, 2}), names), ValueError,
              "class_samples: 3 classes, but 2 names");
  CHECK_FAILS(nn::class_samples(images({0, -1}, {2, 2}), names), ValueError,
              "label -1 of sample 1 is not a class");
}

TEST_CASE("Images are grey or have three colours") {
  CHECK(count(nn::images(images({0, 1, 0}, {2, 3}).features, 2).html, "class=\"ink\"") == 2);
  CHECK(count(nn::images(images({0}, {2, 3, 1}).features).html, "class=\"ink\"") == 1);
  CHECK(count(nn::images(images({0, 1}, {2, 3, 3}).features).html,
              "class=\"photo\" width=\"3\" height=\"2\"") == 2);
  CHECK(count(nn::class_samples(images({0, 1, 1}, {4, 4, 3}), names).html, "<img") == 3);
  CHECK_THROWS_AS(nn::images(images({0}, {6}).features), xtape::ShapeError);
  CHECK_THROWS_AS(nn::images(images({0}, {2, 2, 4}).features), xtape::ShapeError);
  CHECK_THROWS_AS(nn::images(nn::Samples(std::vector<float>(4), {2, 2})), ValueError);
}

TEST_CASE("Mistakes are those of a model's predictions, and none without one") {
  const nn::Dataset data = images({0, 1, 0}, {1, 2});
  const auto first_class = [](xtape::Variable<float> x) {
    return x.tape().constant(xtape::Array<float>{{2, 0}, {2, 0}, {2, 0}});
  };
  const nn::Predictions predictions = nn::classify(first_class, data);
  CHECK(predictions.confusion.count(1, 0) == 1);
  const nn::Figure figure = nn::mistakes(data, predictions, names);
  CHECK(count(figure.html, "class=\"card miss\"") == 1);
  CHECK(contains(figure.html,
                 "<b class=\"actual\">&lt;dog&gt;</b> taken for <b class=\"taken\">cat"));
  CHECK(nn::mistakes(images({0, 0, 0}, {1, 2}), predictions, names).html.empty());
  CHECK_THROWS_AS(nn::mistakes(images({0}, {1, 2}), predictions, names), ValueError);
  CHECK_FAILS(nn::mistakes(images({0, 2, 0}, {1, 2}), predictions, {"cat", "dog", "owl"}),
              ValueError, "mistakes: labels of 3 classes, but predictions of 2");
}

TEST_CASE("Filters are those of a Linear over the pixels") {
  xtape::Rng rng{1};
  const nn::Sequential<float> network{nn::Linear(6, 3, rng), nn::Sigmoid{}, nn::Linear(3, 2, rng)};
  CHECK(count(nn::filters(network, 2, 3).html, "class=\"weights\"") == 3);
  CHECK(count(nn::filters(network, 2, 3, 1).html, "class=\"weights\"") == 1);
  CHECK(nn::filters(network, 4, 4).html.empty());
}
