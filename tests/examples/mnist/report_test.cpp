#include "examples/images/report.hpp"

#include <fstream>
#include <sstream>

#include "examples/mnist/subject.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/read_text.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::nn::History;

namespace {

nn::Dataset dataset(const std::vector<std::uint8_t>& labels) {
  std::vector<std::uint8_t> pixels(4 * labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    pixels[4 * i] = static_cast<std::uint8_t>(100 * labels[i]);
  }
  return {nn::Samples(std::move(pixels), {2, 2}), nn::Samples(labels)};
}

}  // namespace

TEST_CASE("write_report writes a page without scripts or links to elsewhere, and the numbers") {
  xtape::Rng rng{1};
  const nn::Sequential<float> network{nn::Linear(4, 3, rng), nn::Sigmoid{}, nn::Linear(3, 2, rng)};
  images::DataSource source;
  source.title = "A <test>";
  source.data = {dataset({0, 1, 1}), dataset({0, 1})};
  source.class_names = {"zero", "one"};
  History history;
  history.end_epoch({.epoch = 1, .loss = 0.5, .seconds = 2, .metrics = {{"test accuracy", 0.25}}},
                    network);
  history.end_epoch({.epoch = 2,
                     .loss = 0.25,
                     .metrics = {{"test accuracy", 0.75}, {"validation accuracy", 0.5}}},
                    network);
  mnist::Recipe recipe;
  recipe.activation = "sigmoid & more";
  recipe.hidden = {3};
  const images::Course course = mnist::course_of(recipe);
  const auto write = [&](const std::filesystem::path& to,
                         std::vector<by_hand::GradientComparison> gradients) {
    images::write_report(to, {.subject = mnist::subject(),
                              .source = source,
                              .network = network,
                              .history = history,
                              .gradients = std::move(gradients),
                              .course = course,
                              .seed = 7});
  };
  const TemporaryFolder folder;
  const auto out = folder / "deep/er";
  write(out, {{.name = "dW1", .shape = xtape::Shape{4, 3}, .by_hand = 1e-16}});

  const std::string page = read_text(out / "index.html");
  CHECK(contains(page, "<h1>A &lt;test&gt;"));
  CHECK_FALSE(contains(page, "<test>"));
  CHECK(contains(page, "sigmoid &amp; more"));
  CHECK(contains(page, "DISAGREES"));
  for (const char* row :
       {">batch size</th><td>64</td>", ">hidden</th><td>3</td>", ">augment</th><td>none</td>",
        ">initial deviation</th><td>Glorot&#39;s</td>", ">seed</th><td>7</td>", ">compiler</th>"}) {
    CAPTURE(row);
    CHECK(contains(page, row));
  }
  CHECK_FALSE(contains(page, "<script"));
  CHECK_FALSE(contains(page, "http://"));
  CHECK_FALSE(contains(page, "https://"));
  for (const char* id : {"data", "curves", "confusion", "units", "gradients", "weights", "check"}) {
    CHECK(contains(page, std::string("<section id=\"") + id + '"'));
  }
  CHECK(read_text(out / "metrics.csv")
            .rfind("epoch,loss,test_accuracy,validation_accuracy,seconds,"
                   "learning_rate,0.weight.rms,0.weight.gradient_rms,",
                   0) == 0);
  CHECK(contains(read_text(out / "metrics.csv"), "\n1,0.5,0.25,,2,0,"));
  CHECK(contains(read_text(out / "metrics.csv"), "\n2,0.25,0.75,0.5,0,0,"));

  folder.write("file", std::string("x"));
  CHECK_THROWS_AS(write(folder / "file", {}), xtape::DataError);
}
