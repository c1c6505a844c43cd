#include "nn/train/history.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::nn::Histogram;
using xtape::nn::History;

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

  const xtape::nn::ParameterRecord& weights = history.epochs().at(0).parameters.at(0);
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
