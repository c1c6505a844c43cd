#include "nn/losses.hpp"

#include <cstdint>
#include <vector>

#include "autograd/ops/shaping.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

TEST_CASE("nn::SoftmaxCrossEntropy hands its options to the op, for labels, bytes and targets") {
  const nn::SoftmaxCrossEntropy criterion{.reduction = Reduction::sum, .label_smoothing = 0.3};
  Tape<double> tape;
  const auto z = tape.variable(array_of<double>(Shape{2, 3}, {1, 2, 3, 6, 5, 4}));
  const double expected = softmax_cross_entropy(z, {2, 1}, Reduction::sum, 0.3).item();
  CHECK(expected != softmax_cross_entropy(z, {2, 1}, Reduction::sum).item());
  CHECK(criterion(z, {2, 1}).item() == expected);
  const auto targets = tape.constant(array_of<double>(Shape{2, 3}, {0, 0, 1, 0, 1, 0}));
  CHECK(criterion(z, targets).item() == Approx(expected).epsilon(1e-14));
  const nn::Dataset data{nn::Samples(std::vector<float>{0, 0}),
                         nn::Samples(std::vector<std::uint8_t>{2, 1})};
  for (const nn::Batch& batch : nn::Batches(data, 2)) {
    CHECK(criterion(z, batch.targets).item() == expected);
  }
}

TEST_CASE("nn::SoftmaxCrossEntropy hands on class weights and the label to ignore") {
  const nn::SoftmaxCrossEntropy criterion{.class_weights = {1, 0.5, 2}, .ignore_index = 255};
  Tape<double> tape;
  const auto z = tape.variable(array_of<double>(Shape{2, 3}, {1, 2, 3, 6, 5, 4}));
  const auto first = slice(z, 0, 1);
  const double expected = softmax_cross_entropy(first, {2}).item();
  CHECK(criterion(z, {2, 255}).item() == Approx(expected).epsilon(1e-14));
  const nn::Dataset data{nn::Samples(std::vector<float>{0, 0}),
                         nn::Samples(std::vector<std::uint8_t>{2, 255})};
  for (const nn::Batch& batch : nn::Batches(data, 2)) {
    CHECK(criterion(z, batch.targets).item() == Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("nn::SoftmaxCrossEntropy refuses options of labels for probabilities") {
  Tape<double> tape;
  const auto z = tape.variable(array_of<double>(Shape{1, 2}, {1, 2}));
  const auto targets = tape.constant(array_of<double>(Shape{1, 2}, {1, 0}));
  const char* const refused =
      "SoftmaxCrossEntropy: class_weights and ignore_index are for labels, and the targets are "
      "probabilities";
  const nn::SoftmaxCrossEntropy weighted{.class_weights = {1, 10}}, ignoring{.ignore_index = 255};
  CHECK_FAILS(weighted(z, targets), xtape::ValueError, refused);
  CHECK_FAILS(ignoring(z, targets), xtape::ValueError, refused);
}

TEST_CASE("Losses of numbers refuse labels that are bytes, and take pixels") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{2}, {1, 4}));
  const nn::Samples inputs(std::vector<float>{0, 0});
  const std::vector<std::uint8_t> bytes{0, 255, 255, 0};
  const auto refuses = [&](const auto& criterion, const std::string& name) {
    for (const nn::Batch& batch : nn::Batches({inputs, std::vector<std::uint8_t>{0, 1}}, 2)) {
      CHECK_FAILS(criterion(x, batch.targets), xtape::ValueError,
                  name +
                      ": the targets are one byte for each sample, which would become byte / "
                      "255; make them integers or floats");
    }
  };
  refuses(nn::MSE{}, "MSE");
  refuses(nn::L1{}, "L1");
  refuses(nn::Huber{}, "Huber");
  refuses(nn::SigmoidCrossEntropy{}, "SigmoidCrossEntropy");
  refuses(nn::KLDivergence{}, "KLDivergence");
  const auto images = tape.variable(array_of<double>(Shape{2, 2}, {0, 1, 1, 0}));
  for (const nn::Batch& batch : nn::Batches({inputs, nn::Samples(bytes, {2})}, 2)) {
    CHECK(nn::MSE{}(images, batch.targets).item() == Approx(0).margin(1e-15));
  }
}

TEST_CASE("Losses of elements as modules hand their options to the ops, for targets and batches") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{2}, {1, 4}));
  const auto targets = tape.constant(array_of<double>(Shape{2}, {0.5, 0.25}));
  const nn::Dataset data{nn::Samples(std::vector<float>{0, 0}),
                         nn::Samples(std::vector<float>{0.5, 0.25})};
  const auto check = [&](const auto& criterion, double expected) {
    CHECK(criterion(x, targets).item() == expected);
    CHECK(criterion(x, array_of<double>(Shape{2}, {0.5, 0.25})).item() == expected);
    for (const nn::Batch& batch : nn::Batches(data, 2)) {
      CHECK(criterion(x, batch.targets).item() == expected);
    }
  };
  constexpr auto sum = Reduction::sum;
  check(nn::MSE{sum}, mse(x, targets, sum).item());
  check(nn::L1{sum}, l1(x, targets, sum).item());
  check(nn::Huber{sum, 0.5}, huber(x, targets, sum, 0.5).item());
  check(nn::SigmoidCrossEntropy{sum}, sigmoid_cross_entropy(x, targets, sum).item());
  check(nn::KLDivergence{sum}, kl_divergence(x, targets, sum).item());
}
