#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn/layers/linear.hpp"
#include "nn/report/confusion.hpp"
#include "nn/report/curves.hpp"
#include "nn/report/figures.hpp"
#include "nn/report/learning.hpp"
#include "nn/report/metrics.hpp"
#include "nn/report/predictions.hpp"
#include "nn/report/ridges.hpp"
#include "nn/report/scale.hpp"
#include "nn/report/text.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
namespace report = nn::report;

namespace {

std::vector<std::string> labels_of(const std::vector<report::Tick>& ticks) {
  std::vector<std::string> labels;
  for (const report::Tick& tick : ticks) {
    labels.push_back(tick.label);
  }
  return labels;
}

using Labels = std::vector<std::string>;

nn::Dataset dataset(const std::vector<std::uint8_t>& labels) {
  std::vector<std::uint8_t> pixels(4 * labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    pixels[4 * i] = static_cast<std::uint8_t>(100 * labels[i]);
  }
  return {nn::Samples(std::move(pixels), {2, 2}), nn::Samples(labels)};
}

}  // namespace

TEST_CASE("escaped leaves no markup in a text") {
  CHECK(report::escaped("<b a=\"1\" c='2'>&amp;") ==
        "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
}

TEST_CASE("Numbers are written as people read them") {
  CHECK(report::thousands(0) == "0");
  CHECK(report::thousands(999) == "999");
  CHECK(report::thousands(1234567) == "1,234,567");
  CHECK(report::power_of_ten(-12) == "10⁻¹²");
  CHECK(report::power_of_ten(0) == "1");
  CHECK(report::power_of_ten(3) == "10³");
}

TEST_CASE("A scale maps its ends to its ends and clamps what lies beyond") {
  const report::Scale linear{0, 10, 100, 0};
  CHECK(linear(0) == 100);
  CHECK(linear(5) == 50);
  CHECK(linear(99) == 0);
  const report::Scale logarithmic{0.01, 100, 0, 40, true};
  CHECK(logarithmic(1) == Approx(20));
  CHECK(logarithmic(0.0001) == Approx(0));
  CHECK(report::Scale{3, 3, 0, 40}(3) == 20);
  const double most = std::numeric_limits<double>::max();
  CHECK(report::Scale{-most, most, 0, 40}(0) == 20);
}

TEST_CASE("Ticks are round numbers within the axis") {
  CHECK(labels_of(report::linear_ticks(96.1, 98.2, 5, " %")) ==
        Labels{"96.5 %", "97.0 %", "97.5 %", "98.0 %"});
  CHECK(labels_of(report::linear_ticks(0, 1, 5)) ==
        Labels{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(labels_of(report::linear_ticks(-30, 30, 3)) == Labels{"-20", "0", "20"});
  CHECK(labels_of(report::linear_ticks(7, 7, 5)) == Labels{"7"});
  CHECK(labels_of(report::linear_ticks(0, 8.2e8, 4)) == Labels{"0", "5e8"});
  CHECK(labels_of(report::linear_ticks(1e-6, 4e-6, 3)) == Labels{"1e-6", "2e-6", "3e-6", "4e-6"});
  CHECK(labels_of(report::linear_ticks(900000, 1300000, 2)) == Labels{"1000000", "1200000"});
  CHECK(labels_of(report::linear_ticks(-1e6, 1e6, 4)) == Labels{"-1e6", "-5e5", "0", "5e5", "1e6"});
  CHECK(labels_of(report::linear_ticks(8e8, 8e8, 4)) == Labels{"8e8"});
  CHECK(report::linear_ticks(1, 1 + 2.3e-16, 6).size() <= 9);  // steps that 1 does not feel
  const double most = std::numeric_limits<double>::max();
  CHECK(labels_of(report::linear_ticks(-most, most, 5)) == Labels{"-1e308", "0", "1e308"});
  CHECK(labels_of(report::linear_ticks(0, most, 5)) == Labels{"0", "5e307", "1e308", "1.5e308"});
  CHECK(labels_of(report::linear_ticks(0, 5e-324, 5)) == Labels{"0"});
  CHECK(labels_of(report::power_ticks(1e-3, 10, 6)) == Labels{"10⁻³", "10⁻²", "10⁻¹", "1", "10¹"});
  CHECK(report::power_ticks(1e-30, 1, 6).size() <= 6);
}

TEST_CASE("A chart leaves out numbers that it cannot draw, and names its lines when it has many") {
  report::Curves curves{.title = "a < b",
                        .description = "",
                        .note = "",
                        .unit = "",
                        .epochs = {1, 2, 3},
                        .series = {{"one", {1.0, 0.0, 0.1}}},
                        .logarithmic = true};
  const std::string single = draw(curves);
  CHECK(contains(single, "<title>a &lt; b</title>"));
  CHECK(std::count(single.begin(), single.end(), 'L') == 0);  // the zero breaks the line
  CHECK_FALSE(contains(single, "nan"));
  CHECK_FALSE(contains(single, "class=\"legend\""));
  CHECK(contains(single, ">2</text>"));  // an epoch is a whole number
  CHECK_FALSE(contains(single, ">2.0</text>"));
  curves.series.push_back({"two", {1.0, 1.0, 1.0}});
  CHECK(contains(draw(curves), "<li class=\"s1\">two</li>"));
}

TEST_CASE("A line that is flat but for rounding errors is drawn flat") {
  const report::Curves curves{.title = "",
                              .description = "",
                              .note = "",
                              .unit = "",
                              .epochs = {1, 2},
                              .series = {{"rate", {0.1, std::nextafter(0.1, 1)}}}};
  CHECK(contains(draw(curves), ">0.100</text>"));
}

TEST_CASE("A chart of no numbers says so, and a small number fills its chart") {
  report::Curves curves{.title = "",
                        .description = "",
                        .note = "",
                        .unit = "",
                        .epochs = {1, 2},
                        .series = {{"", {NAN, NAN}}}};
  CHECK(contains(draw(curves), ">no numbers</text>"));
  CHECK_FALSE(contains(draw(curves), "class=\"tick"));
  curves.series[0].values = {1e-3, 1e-3};
  CHECK_FALSE(contains(draw(curves), "no numbers"));
  CHECK(contains(draw(curves), ">0.00105</text>"));
  CHECK_FALSE(contains(draw(curves), ">0.10</text>"));
}

TEST_CASE("Histograms have a part in a report if the run recorded them") {
  nn::History history;
  history.end_epoch({.epoch = 1, .loss = 1e-7, .metrics = {{"error", 2e9}}});
  CHECK(nn::gradient_histograms(history).html.empty());
  CHECK(nn::weight_histograms(history).html.empty());
  CHECK(contains(nn::curves(history).html, "1e-07 in the last epoch"));
  CHECK(contains(nn::curves(history).html, "2e+09 in the last epoch"));
  history.end_epoch({.epoch = 2, .loss = 1, .metrics = {{"error", std::nan("")}}});
  CHECK(contains(nn::curves(history).html, "no number in the last epoch"));
}

TEST_CASE("A metric whose name ends like another one has a chart of its own") {
  nn::History history;
  history.end_epoch({.epoch = 1, .loss = 1, .metrics = {{"recall", 0.5}, {"macro recall", 0.25}}});
  const std::string curves = report::draw_curves(history);
  CHECK(contains(curves, "macro recall"));
  CHECK_FALSE(contains(curves, "<li class=\"s1\">"));  // each chart has one line
}

TEST_CASE("Charts and tables have what only some epochs recorded") {
  xtape::Rng rng;
  nn::Linear<float> layer(1, 2, rng);
  layer.weight = xtape::Array<float>{{1, 2}};
  layer.bias = xtape::Array<float>{0, 0};
  nn::History history;
  history.end_epoch({.epoch = 1, .loss = std::nan(""), .metrics = {{"cost", 5}}});
  history.end_epoch({.epoch = 2, .loss = 0.5}, layer);
  history.end_epoch({.epoch = 3, .loss = 0.25, .metrics = {{"accuracy", 0.75}}});
  const std::string curves = report::draw_curves(history);
  CHECK(contains(curves, "training: from 0.5 to 0.25."));
  CHECK(contains(curves, "cost: from 5 to 5."));
  CHECK(contains(curves, "accuracy: from 75 % to 75 %."));
  for (const std::string& html : {report::draw_gradients(history), report::draw_weights(history)}) {
    CHECK(contains(html, "<figcaption>weight "));
    CHECK_FALSE(contains(html, "nan"));
  }
  CHECK(report::metrics_csv(history) ==
        "epoch,loss,cost,accuracy,seconds,learning_rate,"
        "weight.rms,weight.gradient_rms,bias.rms,bias.gradient_rms\n"
        "1,,5,,0,0,,,,\n"
        "2,0.5,,,0,0,1.5811388300841898,0,0,0\n"
        "3,0.25,,0.75,0,0,,,,\n");
}

TEST_CASE("A run without losses has no chart of them") {
  nn::History history;
  history.end_epoch({.epoch = 1, .loss = std::nan("")});
  CHECK_FALSE(contains(report::draw_curves(history), "<figcaption>Loss"));
}

TEST_CASE("spread chooses evenly, with the first and the last") {
  using Numbers = std::vector<std::size_t>;
  CHECK(report::spread(0, 3).empty());
  CHECK(report::spread(3, 5) == Numbers{0, 1, 2});
  CHECK(report::spread(9, 3) == Numbers{0, 4, 8});
  CHECK(report::spread(9, 1) == Numbers{8});
}

TEST_CASE("The heat map says each count and the share that was recognised") {
  nn::ConfusionMatrix matrix(2);
  xtape::Array<float> logits(xtape::Shape{3, 2}, 0.f);
  logits(0, 0) = logits(1, 1) = logits(2, 1) = 1.f;
  matrix.add(logits, std::vector<int>{0, 0, 1});
  const std::string html = report::draw(matrix, {"cat", "<dog>"});
  CHECK(contains(html, "1 of 2 samples of cat taken for &lt;dog&gt;"));
  CHECK(contains(html, "1 of 1 samples of &lt;dog&gt; taken for &lt;dog&gt;"));
  CHECK(contains(html, "50.0 %"));
  CHECK(contains(html, "100.0 %"));
}

TEST_CASE("The heat map of many classes leaves out the cells without a mistake") {
  nn::ConfusionMatrix matrix(300);
  xtape::Array<float> logits(xtape::Shape{2, 300}, 0.f);
  logits(0, 7) = logits(1, 8) = 1.f;
  matrix.add(logits, std::vector<int>{7, 7});
  const std::string html = report::draw(matrix, std::vector<std::string>(300, "a class"));
  CHECK(contains(html, "1 of 2 samples of a class taken for a class"));
  CHECK(html.size() < 200'000);  // all cells have 20 million characters
}

TEST_CASE("The worst mistakes come first, and what is right does not come") {
  const nn::Dataset data = dataset({0, 0, 1, 1});
  report::Predictions predictions;
  predictions.probabilities = xtape::Array<float>(xtape::Shape{4, 2});
  const float ofzero[] = {0.4f, 0.9f, 0.99f, 0.8f};
  for (std::size_t i = 0; i < 4; ++i) {
    predictions.probabilities(i, 0) = ofzero[i];
    predictions.probabilities(i, 1) = 1 - ofzero[i];
  }
  CHECK(report::worst(predictions, data, 9) == std::vector<std::size_t>{2, 3, 0});
  CHECK(report::worst(predictions, data, 1) == std::vector<std::size_t>{2});
}
