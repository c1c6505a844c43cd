#include "nn/layers/batch_norm.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/checkpoint.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Dual;
using xtape::NoGrad;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Tape;
using xtape::ValueError;

namespace {

/// The output of a layer in evaluation.
template <class T>
Array<T> evaluated(const nn::BatchNorm<T>& layer, const Array<T>& x) {
  Tape<T> tape;
  const NoGrad guard(tape);
  return layer(tape.constant(x)).value();
}

}  // namespace

TEST_CASE("BatchNorm normalises by the batch in training, by running averages in evaluation") {
  nn::BatchNorm layer(2);
  layer.weight = Array<float>{2, 1};
  layer.bias = Array<float>{0, 10};
  Tape<float> tape;
  const Array<float> x{{1, 2}, {3, 6}};
  const auto y = layer(tape.constant(x));
  CHECK(y.value()(0, 0) == Approx(-2).epsilon(1e-4));
  CHECK(y.value()(1, 1) == Approx(11).epsilon(1e-4));
  CHECK(layer.running_mean(0) == 0);
  nn::update_statistics(layer, tape, 0.25);
  CHECK(layer.running_mean(0) == Approx(0.5));
  CHECK(layer.running_mean(1) == Approx(1));
  CHECK(layer.running_variance(0) == Approx(0.75 + 0.25 * 2));  // 2 is the unbiased variance
  CHECK(layer.running_variance(1) == Approx(0.75 + 0.25 * 8));
  CHECK(layer.batches() == 1);
  const auto z = evaluated(layer, x);
  CHECK(z(1, 0) == Approx(2 * (3 - 0.5) / std::sqrt(1.25)).epsilon(1e-4));
  CHECK(z(0, 1) == Approx(10 + (2 - 1) / std::sqrt(2.75)).epsilon(1e-4));
}

TEST_CASE("BatchNorm with fixed statistics is what it is in evaluation, with gradients") {
  xtape::Rng rng{2};
  for (const nn::BatchNormOptions& options :
       {nn::BatchNormOptions{}, nn::BatchNormOptions{.weight = false},
        nn::BatchNormOptions{.weight = false, .bias = false}}) {
    nn::BatchNorm<double> layer(3, options);
    layer.fixed = true;
    Array<double> x = random_normal<double>({2, 2, 2, 3}, rng);
    Tape<double> none;
    CHECK_THROWS_AS(layer(none.constant(x)), ValueError);  // no statistics yet
    layer.running_mean = {1, -2, 0.5};
    layer.running_variance = {4, 0.25, 1};
    layer.batches.fill(3);
    if (options.weight) {
      layer.weight = {2, -1, 3};
    }
    if (options.bias) {
      layer.bias = {5, 6, 7};
    }
    Tape<double> tape;
    const auto y = layer(tape.variable(x));
    const Array<double> expected = evaluated(layer, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(y.value().data()[i] == Approx(expected.data()[i]).epsilon(1e-14));
    }
    CHECK(tape.observations().empty());
    const auto loss = [&](Tape<double>& other) {
      const auto z = layer(other.parameter(x));
      return sum(z * z * z);
    };
    CHECK(xtape::gradcheck(loss, {&x}).failed == 0);
    if (options.weight) {
      CHECK(xtape::gradcheck(loss, {&layer.weight, &layer.bias}).failed == 0);
    }
  }
}

TEST_CASE("BatchNorm takes images, and learns only what it is to learn") {
  const nn::BatchNorm<float> plain(3, {.weight = false, .bias = false}), bias(3, {.weight = false});
  CHECK(parameter_names_of(plain).empty());
  CHECK(parameter_names_of(bias) == std::vector<std::string>{"bias"});
  CHECK(parameter_names_of(nn::BatchNorm(3)) == std::vector<std::string>{"weight", "bias"});
  std::vector<std::string> buffers;
  nn::for_each_buffer(
      plain, [&](const nn::ParameterName& name, const auto&) { buffers.push_back(name.str()); });
  CHECK(buffers == std::vector<std::string>{"running_mean", "running_var", "num_batches_tracked"});
  xtape::Rng rng;
  for (const nn::BatchNorm<float>& layer : {plain, bias, nn::BatchNorm(3)}) {
    nn::BatchNorm trained = layer;
    Tape<float> tape;
    const auto x = tape.constant(random_normal<float>({4, 5, 5, 3}, rng));
    CHECK((trained(x).value() == batch_norm(x).value()));
    nn::update_statistics(trained, tape, 1);
    const auto z = evaluated(trained, x.value());
    const auto factor = std::sqrt(99. / 100);  // of the unbiased variance
    CHECK(z(3, 4, 2, 1) == Approx(factor * trained(x).value()(3, 4, 2, 1)).margin(1e-4));
  }
}

TEST_CASE("BatchNorm has the right gradients, and so have its parameters") {
  xtape::Rng rng;
  nn::BatchNorm<double> layer(3);
  auto x = random_normal<double>({4, 2, 2, 3}, rng);
  const auto by = random_normal<double>({4, 2, 2, 3}, rng);
  const auto loss = [&](Tape<double>& tape) {
    return sum(layer(tape.parameter(x)) * tape.constant(by));
  };
  CHECK(xtape::gradcheck(loss, {&x, &layer.weight, &layer.bias}).failed == 0);
}

TEST_CASE("BatchNorm refuses to evaluate without statistics") {
  const nn::Sequential<float> model{nn::BatchNorm(2)};
  Tape<float> tape;
  const NoGrad guard(tape);
  CHECK_FAILS(model(tape.constant(Array<float>{{1, 2}})), ValueError,
              "BatchNorm 2: no statistics yet: call nn::update_statistics(model, tape) after each "
              "step, or nn::measure_statistics(model, data, tape)");
}

TEST_CASE("BatchNorm names what it expected") {
  CHECK_FAILS(nn::BatchNorm(0), ValueError, "BatchNorm: expected at least one channel, got 0");
  CHECK_FAILS(nn::BatchNorm(1, {.epsilon = -1}), ValueError,
              "BatchNorm: expected an epsilon of at least 0, got -1");
  const nn::BatchNorm<float> layer(2);
  Tape<float> tape;
  CHECK_FAILS(layer(tape.constant(Array<float>{{1, 2, 3}})), ShapeError,
              "BatchNorm 2: expected (batch, ..., 2), got (1, 3)");
  CHECK_FAILS(layer(tape.constant(Array<float>{1, 2})), ShapeError,
              "BatchNorm 2: expected (batch, ..., 2), got (2)");
  CHECK_FAILS(layer(tape.constant(Array<float>{{1, 2}})), ShapeError,
              "batch_norm: expected at least 2 values for each channel, got 1 in (1, 2)");
  CHECK(tape.observations().empty());
}

TEMPLATE_TEST_CASE(
    "BatchNorm on a tape of Dual numbers has the values and the statistics of a plain one", "",
    float, double) {
  using T = TestType;
  xtape::Rng rng;
  const auto x = random_normal<T>({4, 3, 3, 2}, rng), v = random_normal<T>({4, 3, 3, 2}, rng);
  const auto moving = random_normal<T>({2}, rng);
  nn::BatchNorm<T> once(2), twice(2);
  Tape<T> tape;
  Tape<Dual<T>> dual;
  for (int round = 0; round < 2; ++round) {
    tape.rewind(), dual.rewind();
    const auto y = once(tape.variable(x));
    dual.seed(twice.weight, moving);
    const auto moved = dual.variable(x);
    dual.seed(moved, v);
    const auto z = twice(moved);
    CHECK(std::equal(y.value().data(), y.value().data() + y.value().size(),
                     z.value().storage().values()));
    nn::update_statistics(once, tape);
    nn::update_statistics(twice, dual);
    CHECK((once.running_mean == twice.running_mean));
    CHECK((once.running_variance == twice.running_variance));
    CHECK((twice.batches == once.batches));
  }
  Tape<Dual<T>> other;
  const NoGrad guard(other);
  const auto z = twice(other.constant(x));
  const Array<T> expected = evaluated(once, x);
  CHECK(
      std::equal(expected.data(), expected.data() + expected.size(), z.value().storage().values()));
  CHECK(z.value().storage().is_constant());
}

TEST_CASE("checkpoint() passes the statistics of a batch of Dual numbers on") {
  const nn::BatchNorm<double> layer(2);
  Tape<Dual<double>> tape;
  const auto x = tape.variable(Array<double>{{1, 2}, {3, 6}});
  tape.seed(x, Array<double>{{1, 0}, {0, 0}});
  checkpoint(layer, x);
  REQUIRE(tape.observations().size() == 3);
  CHECK(tape.observations()[0].buffer == &layer.running_mean);
  CHECK(tape.observations()[0].values[1] == 4);
  CHECK(tape.observations()[1].values[1] == 8);
  CHECK(tape.observations()[2].values[0] == 1);
}

TEST_CASE("BatchNorm is a row of tables, which need no statistics") {
  xtape::Rng rng;
  const nn::Sequential<float> model{nn::Linear(3, 4, rng), nn::BatchNorm(4)};
  const std::string table = model.table(Shape{3});
  CHECK(table.find("BatchNorm 4") != std::string::npos);
  CHECK(table.find("running_var") != std::string::npos);
  CHECK(table.find("(batch, 4)") != std::string::npos);
}
