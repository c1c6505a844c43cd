#include "nn/statistics.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "nn/train/fit.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/operands.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::NoGrad;
using xtape::Shape;
using xtape::Tape;
using xtape::ValueError;

namespace {

nn::Sequential<float> network() {
  xtape::Rng rng{4};
  return nn::Sequential{nn::Linear(3, 4, rng), nn::BatchNorm(4), nn::Tanh{}, nn::Linear(4, 2, rng)};
}

/// The parts of a network as references.
template <class T>
struct Layers {
  Array<T>&w1, &w2;
  nn::BatchNorm<T>& norm;

  static void visit(auto& self, auto&& f) {
    f("w1", self.w1), f("norm", self.norm), f("w2", self.w2);
  }
};

/// Part `index` of an array along its first axis.
template <class T>
Array<T> part(const Array<T>& all, std::size_t index) {
  Array<T> result(Shape(all.shape().begin() + 1, all.shape().end()));
  std::copy_n(all.data() + index * result.size(), result.size(), result.data());
  return result;
}

template <class Model>
const auto& norm_of(const Model& model) {
  return model.template get<nn::BatchNorm<float>>(1);
}

}  // namespace

TEMPLATE_TEST_CASE("A network with BatchNorm trains and evaluates as in PyTorch", "", float,
                   double) {
  using T = TestType;
  using xtape::oracle::array_from;
  const nlohmann::json& trace = xtape::oracle::read("batch_norm.json");
  const auto given = [&](const char* name) {
    return xtape::converted<T>(array_from(trace.at(name)));
  };
  const Array<T> batches = given("batches"), targets = given("targets");
  Array<T> w1 = given("w1"), w2 = given("w2");
  nn::BatchNorm<T> norm(7);
  const auto model = [&](xtape::Variable<T> x) {
    auto& tape = x.tape();
    return matmul(tanh(norm(matmul(x, tape.parameter(w1)))), tape.parameter(w2));
  };
  Layers<T> parts{w1, w2, norm};
  nn::SGD<T> sgd({.learning_rate = 0.1, .momentum = 0.9});
  const double tolerance = sizeof(T) == sizeof(float) ? 1e-6 : 1e-13;
  Tape<T> tape;
  for (std::size_t i = 0; i < 3; ++i) {
    const nlohmann::json& step = trace.at("steps").at(i);
    const auto agrees = [&](const Array<T>& array, const char* name) {
      INFO(name << " after step " << i + 1);
      CHECK(xtape::greatest_difference(array, array_from(step.at(name))) < tolerance);
    };
    tape.rewind();
    const auto loss =
        xtape::mse(model(tape.constant(part(batches, i))), tape.constant(part(targets, i)));
    CHECK(static_cast<double>(loss.item()) == Approx(step.at("loss").get<double>()).epsilon(1e-5));
    tape.backward(loss);
    sgd.step(parts, tape);
    nn::update_statistics(parts, tape, 0.25);
    agrees(norm.running_mean, "running_mean");
    agrees(norm.running_variance, "running_var");
    agrees(norm.weight, "weight");
    agrees(norm.bias, "bias");
    tape.rewind();
    const NoGrad guard(tape);
    agrees(model(tape.constant(part(batches, 0))).value(), "evaluated");
  }
}

TEST_CASE("A forward pass without update_statistics changes nothing, also of copies") {
  auto model = network();
  Tape<float> tape;
  const auto x = some_points(20);
  const auto record = [&](const auto& of) {
    tape.rewind();
    of(tape.constant(nn::Batches(x, 20).begin().operator*().inputs));
  };
  record(std::as_const(model));
  tape.rewind();
  nn::update_statistics(model, tape);
  CHECK(norm_of(model).batches() == 0);
  auto copy = model;
  record(std::as_const(copy));
  nn::update_statistics(model, tape);
  CHECK(norm_of(model).batches() == 0);
  nn::update_statistics(copy, tape);
  CHECK(norm_of(copy).batches() == 1);
  CHECK(norm_of(copy).running_mean(0) != 0);
  const auto trained = copy;
  CHECK((norm_of(trained).running_mean == norm_of(copy).running_mean));
}

TEST_CASE("A layer that is called twice is updated twice") {
  nn::BatchNorm layer(1);
  Tape<float> tape;
  layer(tape.constant(xtape::array_of<float>(Shape{2, 1}, {0, 4})));
  layer(tape.constant(xtape::array_of<float>(Shape{2, 1}, {0, 8})));
  nn::update_statistics(layer, tape, 0.5);
  CHECK(layer.running_mean(0) == 0.5f * 1 + 0.5f * 4);
  CHECK(layer.batches() == 2);
}

TEST_CASE("measure_statistics finds the mean and the variance of the data") {
  nn::BatchNorm layer(3);
  layer.running_mean.fill(std::numeric_limits<float>::quiet_NaN());  // whatever was before
  Tape<float> tape;
  const nn::Dataset data = some_points(700);
  nn::measure_statistics(layer, data, tape, 7);
  std::vector<double> mean(3);
  data.features.visit([&]<class E>(std::span<const E> numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      mean[i % 3] += static_cast<double>(numbers[i]) / 700;
    }
  });
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(layer.running_mean(c) == Approx(mean[c]).margin(1e-6));
    CHECK(layer.running_variance(c) == Approx(1).epsilon(0.2));
  }
  CHECK(layer.batches() == 100);
  nn::measure_statistics(layer, data, tape, 699);  // 350 and 350 samples, not 699 and 1
  CHECK(layer.batches() == 102);
  CHECK(layer.running_mean(1) == Approx(mean[1]).margin(1e-6));
}

TEST_CASE("update_statistics and measure_statistics name what they refuse") {
  auto model = network();
  Tape<float> tape;
  const nn::Dataset data = some_points(8), none = data.slice(0, 0);
  for (const double momentum : {0.0, -1.0, 1.5}) {
    CHECK_FAILS(nn::update_statistics(model, tape, momentum), ValueError,
                fmt::format("update_statistics: expected a momentum above 0 and at most 1, got {}",
                            momentum));
  }
  CHECK_FAILS(nn::measure_statistics(model, none, tape), ValueError,
              "measure_statistics: there are no samples");
  CHECK_FAILS(nn::measure_statistics(model, data, tape, 0), ValueError,
              "measure_statistics: expected a batch_size of at least 1, got 0");
  nn::BatchNorm layer(2);
  layer(tape.constant(Array<float>{{1, 2}, {3, 4}}));
  layer.running_mean = Array<float>{1, 2, 3};
  CHECK_FAILS(nn::update_statistics(layer, tape), xtape::ShapeError,
              "update_statistics: buffer 'running_mean' is (3) now, and 2 values were observed");
  const NoGrad guard(tape);
  CHECK_FAILS(nn::measure_statistics(model, data, tape), ValueError,
              "measure_statistics: under NoGrad, layers do not measure their batches");
}

TEST_CASE("Running statistics are saved with the weights, and read from PyTorch's files") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  auto model = network();
  Tape<float> tape;
  nn::measure_statistics(model, some_points(50), tape);
  nn::save_weights(path, model);
  auto loaded = network();
  nn::load_weights(path, loaded);
  CHECK((norm_of(loaded).running_mean == norm_of(model).running_mean));
  CHECK((norm_of(loaded).running_variance == norm_of(model).running_variance));
  CHECK(norm_of(loaded).batches() == 1);

  nn::BatchNorm<float> layer(1, {.weight = false, .bias = false});
  const float mean = 3, variance = 4;
  const std::int64_t count = 5;
  nn::write_safetensors(
      path,
      {{"running_mean", "F32", Shape{1}, std::as_bytes(std::span(&mean, 1))},
       {"running_var", "F32", Shape{1}, std::as_bytes(std::span(&variance, 1))},
       {"num_batches_tracked", "I64", Shape{}, std::as_bytes(std::span(&count, 1))}},
      {});
  nn::load_weights(path, layer, {.pytorch = true});
  CHECK(layer.batches() == 5);
  CHECK(layer.running_variance(0) == 4);
}

TEST_CASE("fit updates the running statistics") {
  const nn::Dataset data = some_points(64);
  const auto means = [&](double momentum) {
    auto model = network();
    nn::Adam adam({.learning_rate = 0.01});
    nn::Run run{.epochs = 3, .statistics_momentum = momentum, .progress = nn::ProgressStyle::none};
    run.batch_size = 16;
    const nn::Fit fit = nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, data, data, run);
    CHECK(fit.history.epochs().size() == 3);
    CHECK(norm_of(model).batches() == 12);
    return norm_of(model).running_mean;
  };
  CHECK_FALSE((means(0.1) == means(0.5)));
  CHECK_FAILS(means(0), ValueError,
              "Run: expected a statistics_momentum above 0 and at most 1, got 0");
}

TEST_CASE("A steady step with BatchNorm and evaluation between steps allocates nothing") {
  COUNTING_OR_SKIP();
  auto model = network();
  nn::SGD<float> sgd({.learning_rate = 0.1});
  Tape<float> tape;
  const nn::Dataset data = some_points(64);
  nn::Batches batches(data, 16);
  const auto epoch = [&] {
    const std::size_t before = allocation_count();
    for (const nn::Batch& batch : batches) {
      tape.rewind();
      tape.backward(nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets));
      sgd.step(model, tape);
      nn::update_statistics(model, tape);
      tape.rewind();
      const NoGrad guard(tape);
      model(tape.constant(batch.inputs));
    }
    return allocation_count() - before;
  };
  CHECK(epoch() > 0);
  epoch();
  CHECK(epoch() == 0);
}
