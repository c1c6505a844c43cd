#include "autograd/ops/losses.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "tests/support/evaluate.hpp"

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

TEMPLATE_TEST_CASE("softmax_cross_entropy is right for logits of any size", "", float, double) {
  using T = TestType;
  for (const double big : {1e4, 1e30}) {
    for (const auto& loss : {by_label<T>, by_targets<T>}) {
      INFO("logits of " << big);
      const auto sure = loss({big, -big, 0}, 0);
      CHECK((sure.value == array_of<T>(Shape{}, {0})));
      CHECK((sure.grad == array_of<T>(Shape{1, 3}, {0, 0, 0})));
      const auto wrong = loss({big, -big, 0}, 1);
      CHECK((wrong.value == array_of<T>(Shape{}, {static_cast<T>(2 * big)})));
      CHECK((wrong.grad == array_of<T>(Shape{1, 3}, {1, -1, 0})));
      const auto far = loss({0, -big, -big}, 2);
      CHECK((far.value == array_of<T>(Shape{}, {static_cast<T>(big)})));
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

TEST_CASE("softmax_cross_entropy takes any range of integers as labels, and braces") {
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
  const auto even = tape.variable(Array<float>(Shape{2, 2}, 0.f));
  CHECK(softmax_cross_entropy(even, {0, 1}).item() == Approx(std::log(2)));  // 0 is no pointer
  CHECK(softmax_cross_entropy(even, {0, 0}).item() == Approx(std::log(2)));
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

TEST_CASE("softmax_cross_entropy refuses labels that are no classes") {
  Tape<float> tape;
  const auto z = tape.variable(Array<float>(Shape{2, 3}, 0.f));
  const std::vector<std::int64_t> wrapping{std::int64_t{1} << 32, 0};
  const std::vector<std::size_t> greatest{0, std::numeric_limits<std::size_t>::max()};
  const auto message = [](const char* label, int row) {
    return fmt::format("softmax_cross_entropy: label {} of row {} is not one of the 3 classes",
                       label, row);
  };
  CHECK_REFUSED(tape, softmax_cross_entropy(z, {1, 3}), ValueError, message("3", 1));
  CHECK_REFUSED(tape, softmax_cross_entropy(z, {-1, 0}), ValueError, message("-1", 0));
  CHECK_REFUSED(tape, softmax_cross_entropy(z, wrapping), ValueError, message("4294967296", 0));
  CHECK_REFUSED(tape, softmax_cross_entropy(z, greatest), ValueError,
                message("18446744073709551615", 1));
}

TEMPLATE_TEST_CASE("softmax_cross_entropy smooths labels as it smooths their targets", "", float,
                   double) {
  using T = TestType;
  const auto logits = array_of<T>(Shape{2, 4}, {1, -2, 0.5, 3, 0, 0.25, -1, 2});
  const auto targets = array_of<T>(Shape{2, 4}, {0, 0, 1, 0, 0, 1, 0, 0});
  const Array<T> smooth =
      xt::cast<T>(array_of<double>(Shape{2, 4}, {0.05, 0.05, 0.85, 0.05, 0.05, 0.85, 0.05, 0.05}));
  const auto by_labels = evaluate(
      [](auto z) {
        return softmax_cross_entropy(z, {2, 1}, Reduction::mean, 0.2);
      },
      logits);
  const auto by_targets = evaluate(
      [&](auto z) { return softmax_cross_entropy(z, targets, Reduction::mean, 0.2); }, logits);
  const auto smoothed = evaluate([&](auto z) { return softmax_cross_entropy(z, smooth); }, logits);
  for (const auto& each : {by_labels, by_targets}) {
    CHECK(static_cast<double>(each.value()) == Approx(smoothed.value()).epsilon(rounding<T>));
    for (std::size_t i = 0; i < 8; ++i) {
      CHECK(static_cast<double>(each.grad.data()[i]) ==
            Approx(smoothed.grad.data()[i]).epsilon(10 * rounding<T>));
    }
  }
}

TEST_CASE("softmax_cross_entropy refuses a label_smoothing outside of [0, 1)") {
  Tape<float> tape;
  const auto z = tape.variable(Array<float>(Shape{2, 3}, 0.f));
  for (const double smoothing : {-0.1, 1.0, not_a_number}) {
    const auto message = fmt::format(
        "softmax_cross_entropy: expected a label_smoothing in [0, 1), got {}", smoothing);
    CHECK_REFUSED(tape, softmax_cross_entropy(z, {0, 1}, Reduction::mean, smoothing), ValueError,
                  message);
    CHECK_REFUSED(tape, softmax_cross_entropy(z, z, Reduction::mean, smoothing), ValueError,
                  message);
  }
}

TEST_CASE("softmax_cross_entropy refuses shapes that do not fit") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.variable(Array<float>(shape, 0.f)); };
  const auto z = of({2, 3}), row = of({3}), no_rows = of({0, 3}), no_classes = of({2, 0}),
             turned = of({3, 2});
  const auto elsewhere = other.constant(Array<float>(Shape{2, 3}, 0.f));
  const std::vector<int> none, three{0, 0, 0};
  const std::string op = "softmax_cross_entropy: ";
  const std::string wanted =
      op + "expected logits (batch, classes) with at least one row and one class, got ";
  CHECK_REFUSED(tape, softmax_cross_entropy(z, three), ShapeError,
                op + "got 3 labels for logits (2, 3)");
  CHECK_REFUSED(tape, softmax_cross_entropy(row, three), ShapeError, wanted + "(3)");
  CHECK_REFUSED(tape, softmax_cross_entropy(no_rows, none), ShapeError, wanted + "(0, 3)");
  CHECK_REFUSED(tape, softmax_cross_entropy(no_classes, three), ShapeError, wanted + "(2, 0)");
  CHECK_REFUSED(tape, softmax_cross_entropy(row, row), ShapeError, wanted + "(3)");
  CHECK_REFUSED(tape, softmax_cross_entropy(z, turned), ShapeError,
                op + "the targets (3, 2) do not fit the logits (2, 3)");
  CHECK_REFUSED(tape, softmax_cross_entropy(z, elsewhere), TapeError,
                op + "the operands live on different tapes");
}

TEST_CASE("mse refuses shapes that differ, even where they broadcast") {
  Tape<float> tape, other;
  const auto of = [&](const Shape& shape) { return tape.variable(Array<float>(shape, 0.f)); };
  const auto column = of({3, 1}), row = of({3}), empty = of({0});
  const auto elsewhere = other.constant(Array<float>(Shape{3}, 0.f));
  CHECK_REFUSED(tape, mse(column, row), ShapeError,
                "mse: the prediction (3, 1) and the target (3) have different shapes");
  CHECK_REFUSED(tape, mse(empty, empty), ShapeError, "mse: (0) has no elements to average");
  CHECK_REFUSED(tape, mse(row, elsewhere), TapeError, "mse: the operands live on different tapes");
  CHECK(mse(empty, empty, Reduction::sum).item() == 0);
}

TEST_CASE("softmax_cross_entropy ignores rows, whatever they hold") {
  const auto logits = array_of<double>(Shape{3, 2}, {1, 2, 1e30, -7, 0, 3});
  const auto all = evaluate(
      [](auto z) {
        return softmax_cross_entropy(z, {0, 255, 1}, Reduction::mean, 0.1, {}, 255);
      },
      logits);
  const auto two = evaluate(
      [](auto z) {
        return softmax_cross_entropy(z, {0, 1}, Reduction::mean, 0.1);
      },
      array_of<double>(Shape{2, 2}, {1, 2, 0, 3}));
  CHECK(all.value() == Approx(two.value()).epsilon(1e-14));
  for (const std::size_t j : {0UL, 1UL}) {
    CHECK(all.grad(0, j) == Approx(two.grad(0, j)).epsilon(1e-14));
    CHECK(all.grad(1, j) == 0);
    CHECK(all.grad(2, j) == Approx(two.grad(1, j)).epsilon(1e-14));
  }
}

TEST_CASE("softmax_cross_entropy refuses weights that do not fit, and a mean of nothing") {
  Tape<float> tape;
  const auto z = tape.variable(Array<float>(Shape{2, 3}, 0.f));
  const auto loss = [&](const std::vector<double>& weights, Reduction reduction = Reduction::mean) {
    return softmax_cross_entropy(z, {1, 1}, reduction, 0, weights, 1);
  };
  CHECK_REFUSED(tape, loss({1, 2}), ShapeError,
                "softmax_cross_entropy: got 2 class weights for 3 classes");
  CHECK_REFUSED(tape, loss({1, 2, -1}), ValueError,
                "softmax_cross_entropy: expected class weights of at least 0, got -1");
  CHECK_REFUSED(tape, loss({1, infinity, 1}), ValueError,
                "softmax_cross_entropy: expected class weights of at least 0, got inf");
  const std::string nothing =
      "softmax_cross_entropy: the weights of the labels add up to 0, so that the loss has no mean";
  CHECK_REFUSED(tape, loss({}), ValueError, nothing);
  CHECK(loss({}, Reduction::sum).item() == 0);
  CHECK_REFUSED(tape,
                softmax_cross_entropy(z, {0, 1}, Reduction::mean, 0, std::vector{0.0, 0.0, 1.0}),
                ValueError, nothing);
  CHECK_REFUSED(tape, softmax_cross_entropy(z, {0, -2}, Reduction::mean, 0, {}, -1), ValueError,
                "softmax_cross_entropy: label -2 of row 1 is not one of the 3 classes");
}

TEST_CASE("losses of elements refuse shapes that differ, and means of nothing") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>({1, 2})), y = tape.variable(array_of<double>({1}));
  const auto none = tape.variable(Array<double>(Shape{0}));
  CHECK_REFUSED(tape, l1(x, y), ShapeError,
                "l1: the prediction (2) and the target (1) have different shapes");
  CHECK_REFUSED(tape, huber(x, y), ShapeError,
                "huber: the prediction (2) and the target (1) have different shapes");
  CHECK_REFUSED(tape, sigmoid_cross_entropy(x, y), ShapeError,
                "sigmoid_cross_entropy: the prediction (2) and the target (1) have different "
                "shapes");
  CHECK_REFUSED(tape, kl_divergence(x, y), ShapeError,
                "kl_divergence: the targets (1) do not fit the log probabilities (2)");
  CHECK_REFUSED(tape, l1(none, none), ShapeError, "l1: (0) has no elements to average");
  CHECK_REFUSED(tape, kl_divergence(none, none), ShapeError,
                "kl_divergence: (0) has no rows to average");
  CHECK(l1(none, none, Reduction::sum).item() == 0);
  CHECK_REFUSED(tape, huber(x, x, Reduction::mean, 0), ValueError,
                "huber: expected a delta above 0, got 0");
  CHECK_REFUSED(tape, huber(x, x, Reduction::mean, infinity), ValueError,
                "huber: expected a delta above 0, got inf");
}

TEST_CASE("losses of elements take an array for either side") {
  Tape<double> tape;
  const Array<double> twos{2, 2};
  const auto x = tape.variable(array_of<double>({1, 4}));
  CHECK(l1(x, twos).item() == 1.5);
  CHECK(l1(twos, x, Reduction::sum).item() == 3);
  CHECK(huber(x, twos).item() == 1);
  CHECK(huber(twos, x, Reduction::sum, 0.5).item() == 0.375 + 0.875);
  const auto softplus = [](double a) { return std::log1p(std::exp(a)); };
  CHECK(sigmoid_cross_entropy(x, twos).item() == Approx((softplus(1) + softplus(4) - 10) / 2));
  CHECK(sigmoid_cross_entropy(twos, x).item() == Approx(softplus(2) - 5));
  CHECK(kl_divergence(x, twos).item() == Approx((4 * std::log(2) - 10) / 2));
  CHECK(kl_divergence(twos, x).item() == Approx((4 * std::log(4) - 10) / 2));
}

TEMPLATE_TEST_CASE("sigmoid_cross_entropy keeps the digits of small losses", "", float, double) {
  const auto loss = [](double logit, double target) {
    return evaluate(
        [=](auto x) {
          return sigmoid_cross_entropy(
              x, x.tape().constant(Array<TestType>(Shape{1}, static_cast<TestType>(target))));
        },
        array_of<TestType>({logit}));
  };
  CHECK(static_cast<double>(loss(50, 1).value()) == Approx(std::exp(-50)).epsilon(1e-5));
  CHECK(static_cast<double>(loss(-50, 0).value()) == Approx(std::exp(-50)).epsilon(1e-5));
  CHECK(static_cast<double>(loss(50, 0).value()) == 50);
  CHECK(static_cast<double>(loss(-50, 1).value()) == 50);
}

TEST_CASE("kl_divergence is 0 for equal distributions, and counts 0 ln 0 as 0") {
  Tape<double> tape;
  const auto p = tape.variable(array_of<double>(Shape{1, 3}, {0.5, 0.25, 0.25}));
  CHECK(kl_divergence(log(p), p).item() == 0);
  const auto zero = tape.variable(array_of<double>(Shape{1, 3}, {0.5, 0, 0.5}));
  const auto log_p = tape.variable(array_of<double>(Shape{1, 3}, {-1, -infinity, -1}));
  CHECK(kl_divergence(log_p, zero).item() == Approx(1 + std::log(0.5)));
}
