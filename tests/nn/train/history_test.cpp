#include "nn/train/history.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"

namespace nn = xtape::nn;
using nn::Histogram;
using nn::History;

namespace {

/// A layer of 2 x 2 weights, whose gradients are those given.
struct Fixture {
  xtape::Rng rng;
  nn::Sequential<float> network{nn::Linear<float>(2, 2, rng, nn::Normal{0})};
  xtape::Array<float>& weight = network.get<nn::Linear<float>>(0).weight;
  xtape::Tape<float> tape;
  History history;

  /// Observes `gradient` of the weights, and gradients of 1 of the biases.
  void observe(const std::vector<float>& gradient) {
    tape.rewind();
    xtape::Array<float> factors(xtape::Shape{2, 2});
    std::copy(gradient.begin(), gradient.end(), factors.data());
    const auto bias_part =
        sum(network(tape.constant(xtape::Array<float>(xtape::Shape{1, 2}, 0.f))));
    tape.backward(sum(tape.parameter(weight) * tape.constant(factors)) + bias_part);
    history.observe(network, tape);
  }

  /// Ends an epoch and returns the record of the weights.
  nn::ParameterRecord end_epoch() {
    history.end_epoch({.epoch = history.epochs().size() + 1}, network);
    return history.epochs().back().parameters.at(0);
  }
};

std::uint64_t total(const Histogram& histogram) {
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::uint64_t{0});
}

std::uint64_t count_at(const Histogram& histogram, int power) {
  return histogram.counts.at(static_cast<std::size_t>(power - static_cast<int>(histogram.low)));
}

}  // namespace

TEST_CASE("History counts gradients by powers of two, over all steps observed in an epoch") {
  Fixture fixture;
  fixture.observe({0.f, 0.25f, -0.49f, 1e-30f});
  fixture.observe({0.f, 0.f, 5.f, 1e30f});
  const nn::ParameterRecord weights = fixture.end_epoch();
  CHECK(weights.name == "0.weight");
  CHECK(weights.zero_gradients == Approx(3.0 / 8));
  CHECK(total(weights.gradients) == 5);
  CHECK(count_at(weights.gradients, -2) == 2);   // 0.25 and 0.49
  CHECK(count_at(weights.gradients, 2) == 1);    // 5
  CHECK(weights.gradients.counts.front() == 1);  // 1e-30
  CHECK(weights.gradients.counts.back() == 1);   // 1e30
  CHECK(fixture.history.epochs()[0].parameters.at(1).gradient_rms == Approx(1));
}

TEST_CASE("History begins each epoch with no gradients counted") {
  Fixture fixture;
  fixture.observe({2.f, 2.f, 2.f, 2.f});
  CHECK(fixture.end_epoch().gradient_rms == Approx(2));
  const nn::ParameterRecord second = fixture.end_epoch();
  CHECK(second.gradient_rms == 0);
  CHECK(total(second.gradients) == 0);
}

TEST_CASE("History counts weights in equal bins around zero, whatever their size") {
  for (const float size : {1e-42f, 2.f, 3e38f}) {
    CAPTURE(size);
    Fixture fixture;
    const std::vector<float> weights{-size, size, std::nanf(""), 0};
    std::copy(weights.begin(), weights.end(), fixture.weight.data());
    const Histogram histogram = fixture.end_epoch().weights;
    CHECK(histogram.low == -static_cast<double>(size));
    CHECK(histogram.high == static_cast<double>(size));
    CHECK(histogram.counts.front() == 1);
    CHECK(histogram.counts[histogram.counts.size() / 2] == 1);
    CHECK(histogram.counts.back() == 1);
    CHECK(total(histogram) == 3);  // not the NaN
  }
}

TEST_CASE("A history becomes series of numbers, and comes back from them") {
  Fixture fixture;
  for (std::size_t epoch = 1; epoch <= 3; ++epoch) {
    fixture.observe({1.f, 2.f, 0.f, 4.f});
    nn::EpochRecord record{.epoch = epoch,
                           .loss = 1.0 / static_cast<double>(epoch),
                           .seconds = 2,
                           .samples = 3,
                           .learning_rate = 0.5};
    record.metrics = {{"z", nn::higher_is_better(0.25)}, {"a.b", nn::lower_is_better(4)}};
    fixture.history.end_epoch(record, fixture.network);
  }
  const nn::Series series = nn::series_of(fixture.history);
  const History back = nn::history_of(series, 3);
  CHECK(nn::series_of(back).size() == series.size());
  const nn::EpochRecord& epoch = back.epochs().at(1);
  CHECK(epoch.epoch == 2);
  CHECK(epoch.loss == 0.5);
  CHECK(epoch.seconds == 2);
  CHECK(epoch.samples == 3);
  CHECK(epoch.learning_rate == 0.5);
  CHECK(std::isnan(epoch.gradient_norm));
  REQUIRE(epoch.metrics.size() == 2);
  CHECK(epoch.metrics[0].name == "z");
  CHECK(epoch.metrics[0].score.better == nn::Better::higher);
  CHECK(epoch.metrics[1].name == "a.b");
  CHECK(epoch.metrics[1].score.better == nn::Better::lower);
  CHECK(epoch.parameters.at(0).zero_gradients == 0.25);
  CHECK(epoch.parameters == fixture.history.epochs()[1].parameters);
}

TEST_CASE("Metrics that not all epochs have come back from series") {
  History history;
  history.end_epoch(
      {.epoch = 1, .metrics = {{"a", nn::higher_is_better(1)}, {"b", nn::lower_is_better(2)}}});
  history.end_epoch({.epoch = 2, .metrics = {{"b", nn::lower_is_better(3)}, {"b", 7}}});
  history.end_epoch({.epoch = 3, .metrics = {{"c", 4}, {"a", nn::higher_is_better(5)}}});
  CHECK(nn::names_of(history, &nn::EpochRecord::metrics) ==
        std::vector<std::string>{"a", "b", "c"});
  const nn::Series series = nn::series_of(history);
  const History back = nn::history_of(series, 3);
  for (const History* each : {&std::as_const(history), &back}) {
    const auto& epochs = each->epochs();
    CHECK(epochs[0].metric("a") == 1);
    CHECK(epochs[0].metric("b") == 2);
    CHECK(std::isnan(epochs[1].metric("a")));
    CHECK(epochs[1].metric("b") == 3);
    CHECK(epochs[2].metric("c") == 4);
    CHECK(epochs[2].metric("a") == 5);
  }
  CHECK(back.epochs()[0].metrics.size() == 3);
  CHECK(nn::series_of(back).size() == series.size());
}

TEST_CASE("Series that are no history are refused") {
  CHECK(nn::history_of({}, 0).epochs().empty());
  const auto refusal = [](const nn::Series& series, std::size_t epochs) {
    return message_of([&] { nn::history_of(series, epochs); });
  };
  CHECK(refusal({}, 2) == "its history is of 0 epochs, expected 2");
  CHECK(refusal({{"history.loss", {1, 2, 3}}}, 2) == "its history is of 3 epochs, expected 2");
  CHECK(refusal({{"history.loss", {1, 2}}}, 0) ==
        "its series.history.loss has 2 numbers, expected 0");
  struct Case {
    std::string key;
    std::vector<double> column;
    std::string refusal;
  };
  const std::string w = "parameter.000000.w", its_w = "its series." + w;
  const std::vector<Case> cases{
      {"history.seconds", {1}, "its series.history.seconds ends too soon"},
      {"history.unknown", {1, 2}, "its series.history.unknown is unknown"},
      {"metric.000000.accuracy",
       {1, 2},
       "its metric 'accuracy' is neither higher. nor lower. nor number."},
      {w, {-1, 2, 1}, its_w + " has -1 where a root mean square is"},
      {w, {1, -2, 1}, its_w + " has -2 where a root mean square is"},
      {w, {1, 2, 1.5}, its_w + " has 1.5 where a share is"},
      {w, {1, 2, -1}, its_w + " has -1 where a share is"},
      {w, {1, 2, not_a_number}, its_w + " has nan where a share is"},
      {w, {1, 2, 1, 1e300}, its_w + " has 1e+300 where a count is"},
      {w, {1, 2, 1, 1000}, its_w + " ends too soon"},
      {w, {1, 2, 1, 1, 0, 1, 0.5}, its_w + " has 0.5 where a count is"},
      {w, {1, 2, 1, 0, 1, 0}, its_w + " has a histogram from 1 to 0"},
      {w, {1, 2, 1, 0, -infinity, 0}, its_w + " has a histogram from -inf to 0"},
      {w, {1, 2, 1, 0, 0, not_a_number}, its_w + " has a histogram from 0 to nan"},
      {w, {1, 2, 1, 0, -1e300, 1e300, 0, 0, 1e9}, its_w + " has a histogram from 0 to 1000000000"}};
  for (const auto& [key, column, expected] : cases) {
    CHECK(refusal({{"history.loss", {1, 2}}, {key, column}}, 2) == expected);
  }
}
