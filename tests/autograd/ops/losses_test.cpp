#include "autograd/ops/losses.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "tests/ops/evaluate.hpp"

using namespace xtape;

namespace {

/// Returns the loss of one row of logits, with a label or with equivalent targets.
template <class T>
Evaluated<T> by_label(const std::vector<double>& logits, int label) {
  return evaluate([=](auto z) { return softmax_cross_entropy(z, {label}); },
                  array_of<T>(Shape{1, logits.size()}, logits));
}

template <class T>
Evaluated<T> by_targets(const std::vector<double>& logits, int label) {
  Array<T> targets(Shape{1, logits.size()}, T(0));
  targets.data()[label] = T(1);
  return evaluate([&](auto z) { return softmax_cross_entropy(z, z.tape().constant(targets)); },
                  array_of<T>(Shape{1, logits.size()}, logits));
}

}  // namespace

TEMPLATE_TEST_CASE("softmax_cross_entropy agrees with its formula at every size", "", float,
                   double) {
  Rng rng(5);
  for (const std::size_t classes : ragged_lengths) {
    const std::size_t batch = 5;
    const Array<double> z = anywhere(Shape{batch, classes}, rng);
    std::vector<std::uint8_t> labels(batch);
    Array<double> slopes(z.shape());
    double loss = 0;
    for (std::size_t i = 0; i < batch; ++i) {
      labels[i] = static_cast<std::uint8_t>(rng.below(classes));
      double total = 0;
      for (std::size_t j = 0; j < classes; ++j) {
        total += std::exp(z(i, j));
      }
      loss -= std::log(std::exp(z(i, labels[i])) / total);
      for (std::size_t j = 0; j < classes; ++j) {
        slopes(i, j) = std::exp(z(i, j)) / total - (j == labels[i] ? 1 : 0);
      }
    }
    const auto added =
        evaluate([&](auto x) { return softmax_cross_entropy(x, labels, Reduction::sum); },
                 converted<TestType>(z));
    const auto averaged =
        evaluate([&](auto x) { return softmax_cross_entropy(x, labels); }, converted<TestType>(z));
    INFO(classes << " classes");
    CHECK(greatest_difference(added.value, array_of<double>(Shape{}, {loss})) < rounding<TestType>);
    CHECK(greatest_difference(averaged.value, array_of<double>(Shape{}, {loss / 5})) <
          rounding<TestType>);
    CHECK(greatest_difference(added.grad, slopes) < rounding<TestType>);
    CHECK(greatest_difference(averaged.grad, Array<double>(slopes / 5.0)) < rounding<TestType>);
  }
}

TEMPLATE_TEST_CASE("softmax_cross_entropy is right for logits of any size", "", float, double) {
  using T = TestType;
  for (const double big : {1e4, 1e30}) {
    for (const auto& loss : {by_label<T>, by_targets<T>}) {
      INFO("logits of " << big);
      const auto sure = loss({big, -big, 0}, 0);
      CHECK((sure.value == array_of<T>(Shape{}, {0})));
      CHECK((sure.grad == array_of<T>(Shape{1, 3}, {0, 0, 0})));
      const auto wrong = loss({big, -big, 0}, 1);
      CHECK((wrong.value == array_of<T>(Shape{}, {2 * big})));
      CHECK((wrong.grad == array_of<T>(Shape{1, 3}, {1, -1, 0})));
      const auto far = loss({0, -big, -big}, 2);
      CHECK((far.value == array_of<T>(Shape{}, {big})));
      CHECK((far.grad == array_of<T>(Shape{1, 3}, {1, 0, -1})));
      for (const double sign : {-1.0, 1.0}) {
        const auto even = loss({sign * big, sign * big}, 1);
        CHECK(static_cast<double>(even.value()) == Approx(std::log(2)).epsilon(rounding<T>));
        CHECK((even.grad == array_of<T>(Shape{1, 2}, {0.5, -0.5})));
      }
    }
  }
}

TEMPLATE_TEST_CASE("softmax_cross_entropy of a small probability keeps its digits", "", float,
                   double) {
  // ln p of the label, where p itself underflows.
  CHECK(static_cast<double>(by_label<TestType>({0, 1000}, 0).value()) == 1000);
  // 1 - p is below the rounding error of p.
  const auto sure = by_label<TestType>({40, 0}, 0);
  CHECK(sure.grad(0, 1) == Approx(std::exp(-40)).epsilon(1e-5));
}

TEMPLATE_TEST_CASE("softmax_cross_entropy takes NaN into the loss", "", float, double) {
  CHECK(std::isnan(by_label<TestType>({0, not_a_number}, 0).value()));
  CHECK(std::isnan(by_label<TestType>({0, not_a_number}, 1).value()));
  CHECK(std::isnan(by_targets<TestType>({0, not_a_number}, 0).value()));
}

TEST_CASE("softmax_cross_entropy takes any range of integers as labels") {
  Tape<float> tape;
  const auto z = tape.variable(array_of<float>(Shape{2, 3}, {1, 2, 3, 6, 5, 4}));
  const float expected = softmax_cross_entropy(z, {1, 0}).item();
  CHECK(expected == Approx(0.5 * (2 * std::log(std::exp(1) + std::exp(2) + std::exp(3)) - 2 - 3)));
  const std::vector<std::uint8_t> bytes{1, 0};
  const short plain[] = {1, 0};
  CHECK(softmax_cross_entropy(z, bytes).item() == expected);
  CHECK(softmax_cross_entropy(z, std::span(bytes)).item() == expected);
  CHECK(softmax_cross_entropy(z, std::vector<int>{1, 0}).item() == expected);
  CHECK(softmax_cross_entropy(z, std::vector<std::int64_t>{1, 0}).item() == expected);
  CHECK(softmax_cross_entropy(z, std::vector<std::size_t>{1, 0}).item() == expected);
  CHECK(softmax_cross_entropy(z, std::array<int, 2>{1, 0}).item() == expected);
  CHECK(softmax_cross_entropy(z, plain).item() == expected);
}

TEST_CASE("softmax_cross_entropy takes labels in braces that begin with 0") {
  Tape<float> tape;
  const auto z = tape.variable(array_of<float>(Shape{2, 2}, {0, 0, 0, 0}));
  CHECK(softmax_cross_entropy(z, {0, 1}).item() == Approx(std::log(2)));
  CHECK(softmax_cross_entropy(z, {0, 0}).item() == Approx(std::log(2)));
}

TEST_CASE("softmax_cross_entropy keeps the labels until backward") {
  Tape<float> tape;
  const auto z = tape.variable(array_of<float>(Shape{2, 2}, {0, 0, 0, 0}));
  std::vector<int> labels{0, 1};
  const auto loss = softmax_cross_entropy(z, labels, Reduction::sum);
  labels = {1, 0};
  tape.backward(loss);
  CHECK((z.grad() == array_of<float>(Shape{2, 2}, {-0.5, 0.5, 0.5, -0.5})));
}

TEMPLATE_TEST_CASE("softmax_cross_entropy takes probabilities as targets", "", float, double) {
  using T = TestType;
  const auto logits = array_of<T>(Shape{2, 2}, {0, 0, 0, std::log(3)});
  const auto targets = array_of<T>(Shape{2, 2}, {0.25, 0.75, 0.5, 0.5});
  const double first = std::log(2), second = 0.5 * std::log(4) + 0.5 * std::log(4.0 / 3);
  for (const Reduction reduction : {Reduction::mean, Reduction::sum}) {
    const double scale = reduction == Reduction::mean ? 0.5 : 1;
    Tape<T> tape;
    const auto z = tape.variable(logits), t = tape.variable(targets);
    const auto loss = softmax_cross_entropy(z, t, reduction);
    CHECK(static_cast<double>(loss.item()) ==
          Approx(scale * (first + second)).epsilon(rounding<T>));
    tape.backward(loss);
    CHECK(greatest_difference(
              z.grad(), array_of<double>(Shape{2, 2}, {scale * 0.25, scale * -0.25, scale * -0.25,
                                                       scale * 0.25})) < rounding<T>);
    CHECK(greatest_difference(
              t.grad(), array_of<double>(Shape{2, 2}, {scale * std::log(2), scale * std::log(2),
                                                       scale * std::log(4),
                                                       scale * std::log(4.0 / 3)})) < rounding<T>);
  }
}

TEST_CASE("softmax_cross_entropy refuses labels that are no classes") {
  Tape<float> tape;
  const auto z = tape.variable(Array<float>(Shape{2, 3}, 0.f));
  CHECK_THROWS_AS(softmax_cross_entropy(z, {1, 3}), ValueError);
  CHECK(failure_of(tape, [&] {
          softmax_cross_entropy(z, {1, 3});
        }) == "softmax_cross_entropy: label 3 of row 1 is not one of the 3 classes");
  CHECK(failure_of(tape, [&] {
          softmax_cross_entropy(z, {-1, 0});
        }) == "softmax_cross_entropy: label -1 of row 0 is not one of the 3 classes");
  const std::vector<std::int64_t> wrapping{std::int64_t{1} << 32, 0};
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(z, wrapping); }) ==
        "softmax_cross_entropy: label 4294967296 of row 0 is not one of the 3 classes");
}

TEST_CASE("softmax_cross_entropy refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.variable(Array<float>(shape, 0.f)); };
  const auto z = of({2, 3}), row = of({3}), no_rows = of({0, 3}), no_classes = of({2, 0}),
             turned = of({3, 2});
  const auto elsewhere = other.constant(Array<float>(Shape{2, 3}, 0.f));
  const std::vector<int> none, three{0, 0, 0};
  CHECK_THROWS_AS(softmax_cross_entropy(z, three), ShapeError);
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(z, three); }) ==
        "softmax_cross_entropy: got 3 labels for logits (2, 3)");
  CHECK_THROWS_AS(softmax_cross_entropy(row, three), ShapeError);
  const std::string wanted =
      "softmax_cross_entropy: expected logits (batch, classes) with at least one row and one "
      "class, got ";
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(row, three); }) == wanted + "(3)");
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(no_rows, none); }) == wanted + "(0, 3)");
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(no_classes, three); }) == wanted + "(2, 0)");
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(row, row); }) == wanted + "(3)");
  CHECK_THROWS_AS(softmax_cross_entropy(z, turned), ShapeError);
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(z, turned); }) ==
        "softmax_cross_entropy: the targets (3, 2) do not fit the logits (2, 3)");
  CHECK_THROWS_AS(softmax_cross_entropy(z, elsewhere), TapeError);
  CHECK(failure_of(tape, [&] { softmax_cross_entropy(z, elsewhere); }) ==
        "softmax_cross_entropy: the operands live on different tapes");
}

TEMPLATE_TEST_CASE("mse averages the squared errors", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto prediction = tape.variable(array_of<T>(Shape{2, 2}, {1, 2, 3, 4}));
  const auto target = tape.variable(array_of<T>(Shape{2, 2}, {1, 0, 5, 1}));
  CHECK(mse(prediction, target, Reduction::sum).item() == 17);
  const auto loss = mse(prediction, target);
  CHECK(loss.item() == 4.25);
  CHECK(loss.shape() == Shape{});
  tape.backward(loss);
  CHECK((prediction.grad() == array_of<T>(Shape{2, 2}, {0, 1, -1, 1.5})));
  CHECK((target.grad() == array_of<T>(Shape{2, 2}, {0, -1, 1, -1.5})));
}

TEST_CASE("mse refuses shapes that differ, even where they broadcast") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.variable(Array<float>(shape, 0.f)); };
  const auto column = of({3, 1}), row = of({3}), empty = of({0});
  CHECK_THROWS_AS(mse(column, row), ShapeError);
  CHECK(failure_of(tape, [&] { mse(column, row); }) ==
        "mse: the prediction (3, 1) and the target (3) have different shapes");
  CHECK_THROWS_AS(mse(empty, empty), ShapeError);
  CHECK(failure_of(tape, [&] { mse(empty, empty); }) == "mse: (0) has no elements to average");
  CHECK(mse(empty, empty, Reduction::sum).item() == 0);
  const auto elsewhere = other.constant(Array<float>(Shape{3}, 0.f));
  CHECK_THROWS_AS(mse(row, elsewhere), TapeError);
  CHECK(failure_of(tape, [&] { mse(row, elsewhere); }) ==
        "mse: the operands live on different tapes");
}
