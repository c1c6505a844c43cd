#include "nn/layers/standardize.hpp"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Tape;
using xtape::ValueError;

TEMPLATE_TEST_CASE("Standardize takes one mean off all numbers, or one off each channel", "", float,
                   double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.constant(Array<T>{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}});
  const nn::Standardize<T> whole(1, 2), channels({1, 2}, {2, 4});
  CHECK((whole(x).value() == Array<T>{{{0, 0.5}, {1, 1.5}}, {{2, 2.5}, {3, 3.5}}}));
  CHECK((channels(x).value() == Array<T>{{{0, 0}, {1, 0.5}}, {{2, 1}, {3, 1.5}}}));
  CHECK(whole(tape.constant(T(5))).item() == 2);
}

TEST_CASE("The gradient of Standardize is 1 / deviation") {
  xtape::Rng rng;
  auto x = random_normal<double>({3, 4, 2}, rng);
  for (const nn::Standardize<double>& layer :
       {nn::Standardize<double>(0.3, 0.7), nn::Standardize<double>({0.3, -1}, {0.7, 3})}) {
    const auto loss = [&](Tape<double>& tape) {
      const auto y = layer(tape.parameter(x));
      return sum(y * y);
    };
    CHECK(xtape::gradcheck(loss, {&x}).failed == 0);
    Tape<double> tape;
    tape.backward(sum(layer(tape.parameter(x))));
    CHECK(tape.grad(x)(0, 0, 0) == Approx(1 / 0.7));
  }
}

TEST_CASE("Standardize measures tables by feature, images by channel, others as a whole") {
  const std::vector<double> elements{1, 10, 3, 10, 5, 40};
  const nn::Standardize<double> table(nn::Samples(elements, {2}));
  CHECK(table.mean(0) == Approx(3));
  CHECK(table.mean(1) == Approx(20));
  CHECK(table.deviation(0) == Approx(std::sqrt(8. / 3)));
  CHECK(table.deviation(1) == Approx(std::sqrt(200.)));
  const nn::Standardize<double> channels(nn::Samples(elements, {3, 1, 2}));
  CHECK((channels.mean == table.mean));
  const nn::Standardize<double> grey(nn::Samples(elements, {3, 2})), scalars{nn::Samples(elements)};
  CHECK(grey.mean.dimension() == 0);
  CHECK(grey.mean() == Approx(11.5));
  CHECK((grey.deviation == scalars.deviation));
}

TEST_CASE("Standardize makes mean 0 and deviation 1 of what it measured") {
  xtape::Rng rng;
  std::vector<std::uint8_t> bytes(3000);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(rng.below(100));
  }
  const nn::Samples samples(std::move(bytes), {3});
  const nn::Dataset data{samples, std::vector<int>(1000)};
  Tape<double> tape;
  const auto y = nn::Standardize<double>(data)(tape.constant(samples)).value();
  for (std::size_t feature = 0; feature < 3; ++feature) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      sum += y(i, feature), squares += y(i, feature) * y(i, feature);
    }
    CHECK(std::abs(sum / 1000) < 1e-12);
    CHECK(squares / 1000 == Approx(1));
  }
}

TEST_CASE("A feature that never changes keeps its size") {
  const nn::Standardize layer(nn::Samples(std::vector<float>{7, 1, 7, 2}, {2}));
  CHECK(layer.deviation(0) == 1);
  Tape tape;
  CHECK(layer(tape.constant(Array<float>{{7, 1}})).value()(0, 0) == 0);

  // The mean of many of these numbers is rounded.
  const nn::Standardize<double> tenths{nn::Samples(std::vector<double>(1000, 0.1))};
  CHECK(tenths.mean() == 0.1);
  CHECK(tenths.deviation() == 1);
  std::vector<std::uint8_t> pixels(30000, 100);
  pixels[1] = 50;
  const nn::Standardize channels{nn::Samples(pixels, {10, 10, 3})};
  CHECK(channels.deviation(0) == 1);
  CHECK(channels.deviation(1) < 0.1F);
  CHECK(channels.deviation(2) == 1);
  CHECK(channels.mean(2) == Approx(100 / 255.));
}

TEST_CASE("Standardize tells what it cannot work with") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FAILS(nn::Standardize(0.5, 0), ValueError,
              "Standardize: expected a finite mean and a deviation above 0, got 0.5 and 0");
  for (const double bad : {nan, -1., 1e300, 1e-300}) {
    CHECK_THROWS_AS(nn::Standardize(0, bad), ValueError);
  }
  CHECK_THROWS_AS(nn::Standardize(nan, 1), ValueError);
  CHECK_FAILS(nn::Standardize({1, 2}, {1, 2, 3}), ShapeError,
              "Standardize: got 2 means and 3 deviations");
  CHECK_FAILS(nn::Standardize(nn::Samples()), ValueError,
              "Standardize: there are no samples to measure");
  CHECK_FAILS(nn::Standardize(nn::Samples(std::vector{1., nan, 2., 3.}, {2})), ValueError,
              "Standardize: feature 1 has the mean nan and the deviation nan");
  Tape tape;
  const auto x = tape.constant(Array<float>(Shape{5, 4}, 0.F));
  const std::size_t before = tape.size();
  CHECK_FAILS(nn::Standardize({0, 0, 0}, {1, 1, 1})(x), ShapeError,
              "Standardize by 3: expected (batch, ..., 3), got (5, 4)");
  CHECK(tape.size() == before);
}

TEST_CASE("The numbers of Standardize are saved and never trained") {
  xtape::Rng rng;
  nn::Sequential model{nn::Standardize(0.1307, 0.3081), nn::Linear(4, 2, rng)};
  CHECK(nn::parameter_count(model) == 10);
  std::vector<std::string> names;
  nn::for_each_buffer(model, [&](const nn::ParameterName& name, const Array<float>& array) {
    names.push_back(name.str());
    CHECK(array.dimension() == 0);
  });
  CHECK(names == std::vector<std::string>{"0.mean", "0.deviation"});
  CHECK(model[0].describe() == "Standardize 0.1307, 0.3081");
  CHECK(nn::Standardize({0, 1}, {1, 2}).describe() == "Standardize by 2");
}

TEST_CASE("A Standardize that was moved from says so") {
  nn::Sequential<float> assigned{nn::Standardize(0.5, 2), nn::ReLU{}}, constructed = assigned;
  nn::Standardize<float> taker(0, 1);
  taker = std::move(assigned.get<nn::Standardize<float>>(0));
  const nn::Standardize<float> other = std::move(constructed.get<nn::Standardize<float>>(0));
  CHECK(taker.describe() == other.describe());
  Tape tape;
  const auto x = tape.constant(1.F);
  for (const auto* model : {&assigned, &constructed}) {
    CHECK((*model)[0].describe() == "Standardize");
    CHECK_FAILS((*model)(x), ShapeError,
                "layer 0 (Standardize): constant_view: an array of shape () holds 0 elements "
                "instead of 1: was it moved from?");
  }
}

TEST_CASE("Standardize allocates nothing when shapes repeat") {
  const nn::Standardize layer({0, 1}, {1, 2});
  const Array<float> x(Shape{6, 2}, 1.F);
  Tape tape;
  const auto step = [&] {
    tape.rewind();
    layer(tape.constant(x));
  };
  step();
  const std::size_t before = allocation_count();
  step();
  CHECK(allocation_count() == before);
}
