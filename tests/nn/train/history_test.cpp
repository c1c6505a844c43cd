#include "nn/train/history.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using nn::Histogram;
using nn::History;

namespace {

/// One layer of 2 x 2 weights, whose gradients are those given.
struct Fixture {
  nn::Sequential<float> network;
  const xtape::Array<float>* weight = nullptr;
  xtape::Tape<float> tape;

  Fixture() {
    xtape::Rng rng;
    network.push_back(nn::Linear<float>(2, 2, rng, nn::Normal{0}));
    nn::for_each_parameter(network, [&](const nn::ParameterName&, xtape::Array<float>& array) {
      weight = weight == nullptr ? &array : weight;
    });
  }

  /// After this the gradient of the weights is `gradient`, and that of the biases 1.
  void differentiate(const std::vector<float>& gradient) {
    tape.rewind();
    xtape::Array<float> factors(xtape::Shape{2, 2});
    std::copy(gradient.begin(), gradient.end(), factors.data());
    const auto bias_part =
        sum(network(tape.constant(xtape::Array<float>(xtape::Shape{1, 2}, 0.f))));
    tape.backward(sum(tape.parameter(*weight) * tape.constant(factors)) + bias_part);
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
  History history;
  fixture.differentiate({0.f, 0.25f, -0.49f, 1e-30f});
  history.observe(fixture.network, fixture.tape);
  fixture.differentiate({0.f, 0.f, 5.f, 1e30f});
  history.observe(fixture.network, fixture.tape);
  history.end_epoch({.epoch = 1}, fixture.network);

  const nn::ParameterRecord& weights = history.epochs().at(0).parameters.at(0);
  CHECK(weights.name == "0.weight");
  CHECK(weights.zero_gradients == Approx(3.0 / 8));
  CHECK(total(weights.gradients) == 5);
  CHECK(count_at(weights.gradients, -2) == 2);   // 0.25 and 0.49
  CHECK(count_at(weights.gradients, 2) == 1);    // 5
  CHECK(weights.gradients.counts.front() == 1);  // 1e-30
  CHECK(weights.gradients.counts.back() == 1);   // 1e30
  CHECK(history.epochs()[0].parameters.at(1).gradient_rms == Approx(1));
}

TEST_CASE("History begins each epoch with no gradients counted") {
  Fixture fixture;
  History history;
  fixture.differentiate({2.f, 2.f, 2.f, 2.f});
  history.observe(fixture.network, fixture.tape);
  history.end_epoch({.epoch = 1}, fixture.network);
  history.end_epoch({.epoch = 2}, fixture.network);
  CHECK(history.epochs()[0].parameters[0].gradient_rms == Approx(2));
  CHECK(history.epochs()[1].parameters[0].gradient_rms == 0);
  CHECK(total(history.epochs()[1].parameters[0].gradients) == 0);
}

TEST_CASE("History counts weights in equal bins around zero") {
  Fixture fixture;
  auto& weight = const_cast<xtape::Array<float>&>(*fixture.weight);
  weight.data()[0] = -2.f;
  weight.data()[1] = 2.f;
  weight.data()[2] = std::numeric_limits<float>::quiet_NaN();
  History history;
  history.end_epoch({.epoch = 1}, fixture.network);
  const Histogram& histogram = history.epochs()[0].parameters[0].weights;
  CHECK(histogram.low == -2);
  CHECK(histogram.high == 2);
  CHECK(histogram.counts.front() == 1);
  CHECK(histogram.counts.back() == 1);
  CHECK(total(histogram) == 3);  // and the zero, not the NaN
}

TEST_CASE("A history becomes series of numbers, and comes back from them") {
  Fixture fixture;
  History history;
  for (std::size_t epoch = 1; epoch <= 3; ++epoch) {
    fixture.differentiate({1.f, 2.f, 0.f, 4.f});
    history.observe(fixture.network, fixture.tape);
    nn::EpochRecord record{.epoch = epoch, .loss = 1.0 / static_cast<double>(epoch)};
    record.seconds = 2;
    record.samples = 3;
    record.learning_rate = 0.5;
    record.metrics = {{"z", nn::higher_is_better(0.25)}, {"a.b", nn::lower_is_better(4)}};
    if (epoch == 2) record.metrics.push_back({"rare", 7});
    history.end_epoch(record, fixture.network);
  }
  const nn::Series series = nn::series_of(history);
  const History back = nn::history_of(series, 3);
  CHECK(fmt::format("{}", nn::series_of(back).size()) == fmt::format("{}", series.size()));
  const nn::EpochRecord& epoch = back.epochs().at(1);
  CHECK(epoch.epoch == 2);
  CHECK(epoch.loss == 0.5);
  CHECK(epoch.seconds == 2);
  CHECK(epoch.samples == 3);
  CHECK(epoch.learning_rate == 0.5);
  CHECK(std::isnan(epoch.gradient_norm));
  REQUIRE(epoch.metrics.size() == 3);
  CHECK(epoch.metrics[0].name == "z");
  CHECK(epoch.metrics[0].score.better == nn::Better::higher);
  CHECK(epoch.metrics[1].name == "a.b");
  CHECK(epoch.metrics[1].score.better == nn::Better::lower);
  CHECK(epoch.metric("rare") == 7);
  CHECK(std::isnan(back.epochs()[2].metric("rare")));
  REQUIRE(epoch.parameters.size() == 2);
  CHECK(epoch.parameters[0].name == "0.weight");
  CHECK(epoch.parameters[0].zero_gradients == 0.25);
  CHECK(epoch.parameters[0].gradients.counts == history.epochs()[1].parameters[0].gradients.counts);
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
  const nn::Series loss{{"history.loss", {1, 2}}};
  const auto with = [&](const char* key, const std::vector<double>& column) {
    nn::Series series = loss;
    series.emplace(key, column);
    return refusal(series, 2);
  };
  CHECK(with("history.seconds", {1}) == "its series.history.seconds ends too soon");
  CHECK(with("history.unknown", {1, 2}) == "its series.history.unknown is unknown");
  CHECK(with("metric.000000.accuracy", {1, 2}) == "its metric 'accuracy' has no sense");
  CHECK(with("parameter.000000.w", {1, 2, 3, 1e300}) ==
        "its series.parameter.000000.w has 1e+300 where a count is");
  CHECK(with("parameter.000000.w", {1, 2, 3, 1000}) ==
        "its series.parameter.000000.w ends too soon");
  CHECK(with("parameter.000000.w", {1, 2, 3, 1, 0, 1, 0.5}) ==
        "its series.parameter.000000.w has 0.5 where a count is");
}
