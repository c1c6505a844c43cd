#include "nn/train/metrics.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;
using xtape::ValueError;

namespace {

/// Logits of the rows' predictions: 1 at the predicted class and 0 elsewhere.
Array<float> predicting(std::initializer_list<int> classes_of_rows, std::size_t classes) {
  return nn::one_hot(std::vector<int>(classes_of_rows), classes);
}

/// A classifier of numbered_images(): it takes the image's number, which its first pixel tells,
/// modulo `classes` for the class, and remembers how it was called.
template <class T>
struct FirstPixel {
  std::size_t classes;
  std::vector<std::size_t>* batch_sizes;
  bool* under_no_grad;

  xtape::Variable<T> operator()(xtape::Variable<T> x) const {
    batch_sizes->push_back(x.shape()[0]);
    *under_no_grad = !x.tape().grad_enabled();
    CHECK(x.tape().size() == 1);
    return x.tape().constant([&](Array<T>& logits) {
      resize(logits, Shape{x.shape()[0], classes});
      logits.fill(T(0));
      for (std::size_t i = 0; i < x.shape()[0]; ++i) {
        const auto number = static_cast<std::size_t>(std::lround(255 * x.value()(i, 0, 0)));
        logits(i, number % classes) = T(1);
      }
    });
  }
};

}  // namespace

TEMPLATE_TEST_CASE("argmax takes the first of equal logits, and NaN for the largest", "", float,
                   double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  const Array<T> logits{{1, 3, 2},       {3, 1, 3},    {-1, -2, -1},
                        {0, 0, 0},       {1, nan, 5},  {nan, nan, infinity},
                        {9, 8, nan},     {-9, -8, -7}, {-infinity, -infinity, -infinity},
                        {1, infinity, 0}};
  CHECK(nn::argmax(logits) == std::vector<std::size_t>{1, 0, 0, 0, 1, 0, 2, 2, 0, 1});
  CHECK(nn::argmax(Array<T>(Shape{0, 3})).empty());
  CHECK(nn::argmax(Array<T>(Shape{2, 1}, T(5))) == std::vector<std::size_t>{0, 0});
}

TEMPLATE_TEST_CASE("accuracy is the share of right predictions", "", float, double) {
  const Array<TestType> logits{{1, 3, 2}, {3, 1, 0}, {0, 0, 1}, {4, 5, 4}};
  CHECK(nn::accuracy(logits, {1, 0, 2, 1}) == 1);
  CHECK(nn::accuracy(logits, {1, 0, 2, 0}) == 0.75);
  CHECK(nn::accuracy(logits, {0, 1, 0, 0}) == 0);
  CHECK(nn::accuracy(logits, std::vector<std::uint8_t>{1, 1, 1, 1}) == 0.5);
  CHECK(std::isnan(nn::accuracy(Array<TestType>(Shape{0, 3}), std::vector<int>())));
}

TEMPLATE_TEST_CASE("one_hot has a 1 at the label", "", float, double) {
  const Array<TestType> rows = nn::one_hot<TestType>({2, 0}, 3);
  CHECK((rows == Array<TestType>{{0, 0, 1}, {1, 0, 0}}));
  const xt::xarray<int> table{{1, 0}, {0, 0}};
  const Array<TestType> cubes = nn::one_hot<TestType>(table, 2);
  CHECK((cubes == Array<TestType>{{{0, 1}, {1, 0}}, {{1, 0}, {1, 0}}}));
  CHECK((nn::one_hot<TestType>(std::vector<int>(), 3).shape() == Shape{0, 3}));
  CHECK_FAILS(nn::one_hot<TestType>({0, 3}, 3), ValueError,
              "one_hot: label 3 of row 1 is not one of the 3 classes");
}

TEST_CASE("Metrics tell what does not fit") {
  constexpr std::size_t half = std::size_t{1} << 32;
  const Array<float> logits(Shape{2, 3}, 0.f), number(Shape{}, 0.f), no_class(Shape{2, 0});
  const std::string wanted = "expected logits (batch, classes) with at least one class, got ";
  CHECK_FAILS(nn::argmax(number), ShapeError, "argmax: shape () has no axis -1");
  CHECK_FAILS(nn::argmax(no_class), ShapeError, "argmax: axis 1 of (2, 0) is empty");
  CHECK_FAILS(nn::accuracy(no_class, {0, 0}), ShapeError, "accuracy: " + wanted + "(2, 0)");
  CHECK_FAILS(nn::accuracy(logits, {0, 1, 2}), ShapeError,
              "accuracy: got 3 labels for logits (2, 3)");
  CHECK_FAILS(nn::accuracy(logits, {0, 3}), ValueError,
              "accuracy: label 3 of row 1 is not one of the 3 classes");
  CHECK_FAILS(nn::accuracy(logits, {-1, 0}), ValueError,
              "accuracy: label -1 of row 0 is not one of the 3 classes");
  CHECK_FAILS(nn::top_k_accuracy(logits, {0, 1}, 0), ValueError,
              "top_k_accuracy: expected a k of at least 1, got 0");
  CHECK_FAILS(nn::ConfusionMatrix(half), ShapeError,
              "ConfusionMatrix: shape (4294967296, 4294967296) has more elements than can be "
              "counted");
  CHECK_FAILS(nn::one_hot({0, 1}, std::size_t{1} << 63), ShapeError,
              "one_hot: shape (2, 9223372036854775808) has more elements than can be counted");
}

TEST_CASE("ConfusionMatrix counts pairs of classes") {
  nn::ConfusionMatrix matrix(3);
  matrix.add(predicting({0, 1, 1, 2}, 3), {0, 0, 1, 2});
  matrix.add(Array<double>{{0, 7, 0}, {1, 0, 0}}, {0, 0});
  CHECK(matrix.classes() == 3);
  const std::size_t counts[3][3] = {{2, 2, 0}, {0, 1, 0}, {0, 0, 1}};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(matrix.count(i, j) == counts[i][j]);
    }
  }
  CHECK(matrix.total() == 6);
  CHECK(matrix.correct() == 4);
  CHECK(matrix.accuracy() == Approx(4.0 / 6));
  CHECK(matrix.recall(0) == 0.5);
  CHECK(matrix.recall(1) == 1);
  CHECK(matrix.precision(0) == 1);
  CHECK(matrix.precision(1) == Approx(1.0 / 3));
}

TEST_CASE("ConfusionMatrix takes its size from the first batch") {
  nn::ConfusionMatrix matrix;
  CHECK(matrix.classes() == 0);
  CHECK(matrix.total() == 0);
  CHECK(std::isnan(matrix.accuracy()));
  matrix.add(predicting({3}, 4), {1});
  CHECK(matrix.classes() == 4);
  CHECK(matrix.count(1, 3) == 1);
  CHECK(matrix.recall(1) == 0);
  CHECK(std::isnan(matrix.recall(0)));
  CHECK(std::isnan(matrix.precision(1)));
}

TEST_CASE("ConfusionMatrix counts nothing of a batch that does not fit") {
  nn::ConfusionMatrix matrix(3);
  CHECK_FAILS(matrix.add(predicting({0, 1}, 3), {0, 3}), ValueError,
              "ConfusionMatrix::add: label 3 of row 1 is not one of the 3 classes");
  CHECK_THROWS_AS(matrix.add(predicting({0}, 3), {0, 1}), ShapeError);
  CHECK_FAILS(matrix.add(predicting({0}, 4), {0}), ShapeError,
              "ConfusionMatrix::add: expected (batch, 3), got (1, 4)");
  CHECK(matrix.total() == 0);
  CHECK_THROWS_AS(matrix.count(3, 0), ValueError);
  CHECK_FAILS(matrix.count(0, 3), ValueError,
              "ConfusionMatrix: (0, 3) is not a pair of the 3 classes");
  CHECK_THROWS_AS(matrix.recall(3), ValueError);
  CHECK_THROWS_AS(matrix.precision(3), ValueError);
}

TEST_CASE("ConfusionMatrix prints a table") {
  nn::ConfusionMatrix matrix(3);
  matrix.add(predicting({0, 0, 0, 1}, 3), {0, 0, 1, 1});
  const std::string table =
      "   predicted      0      1      2   recall\n"
      "actual     0      2      0      0   100.00\n"
      "           1      1      1      0    50.00\n"
      "           2      0      0      0        -\n"
      "   precision  66.67 100.00      -\n"
      "3 of 4 correct: 75.00 %";
  CHECK(to_string(matrix) == table);
  std::ostringstream out;
  out << matrix;
  CHECK(out.str() == table + "\n");
  CHECK(to_string(nn::ConfusionMatrix()) ==
        "   predicted   recall\n   precision\n0 of 0 correct: - %");
}

TEMPLATE_TEST_CASE("evaluate runs a model over a dataset", "", float, double) {
  const nn::Dataset ten = numbered_images(10);
  std::vector<std::size_t> sizes;
  bool under_no_grad = false;
  xtape::Tape<TestType> tape;

  const FirstPixel<TestType> right{10, &sizes, &under_no_grad};
  nn::ConfusionMatrix matrix = nn::evaluate(right, ten, tape, 4);
  CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
  CHECK(under_no_grad);
  CHECK(tape.grad_enabled());
  CHECK(matrix.total() == 10);
  CHECK(matrix.accuracy() == 1);
  CHECK(matrix.count(9, 9) == 1);

  sizes.clear();
  const auto relabelled = [&](int third) {
    return nn::Dataset{ten.features, std::vector{0, 1, 2, third, 4, 5, 6, 7, 8, 9}};
  };
  matrix = nn::evaluate(right, relabelled(4), tape);
  CHECK(sizes == std::vector<std::size_t>{10});
  CHECK(matrix.count(4, 3) == 1);
  CHECK(matrix.accuracy() == 0.9);

  CHECK(nn::evaluate(right, nn::Dataset{}, tape).total() == 0);
  const nn::Dataset numbers{nn::Samples(std::vector<float>{0, 1}),
                            nn::Samples(std::vector<float>{0.5f, 1})};
  CHECK_FAILS(nn::evaluate(right, numbers, tape), xtape::ValueError,
              "evaluate: the targets are numbers, not labels: call regression_errors()");
  CHECK_FAILS(nn::evaluate(right, relabelled(10), tape, 2), ValueError,
              "ConfusionMatrix::add: label 10 of row 1 is not one of the 10 classes");
  CHECK(tape.grad_enabled());
}

TEST_CASE("top_k_accuracy counts labels among the k largest logits", "[nn]") {
  const auto logits = array_of<float>({3, 4}, {1, 4, 3, 2, 5, 5, 5, 0, 0, 1, 2, 3});
  const std::vector<int> labels{3, 2, 0};
  for (const auto& [k, right] :
       std::vector<std::pair<std::size_t, double>>{{1, 0}, {2, 0}, {3, 2}, {4, 3}, {100, 3}}) {
    CHECK(nn::top_k_accuracy(logits, labels, k) == Approx(right / 3));
  }
  CHECK(std::isnan(nn::top_k_accuracy(Array<float>(Shape{0, 4}), std::vector<int>{}, 2)));
}

TEST_CASE("top_k_accuracy with k = 1 is accuracy, whatever the logits", "[nn]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  xtape::Rng rng{3};
  for (int round = 0; round < 200; ++round) {
    Array<float> logits(Shape{5, 4});
    std::vector<int> labels;
    for (float& logit : logits.storage()) {
      const auto drawn = rng.below(4);
      logit = drawn == 3 ? nan : static_cast<float>(drawn);
    }
    for (int row = 0; row < 5; ++row) {
      labels.push_back(static_cast<int>(rng.below(4)));
    }
    CHECK(nn::top_k_accuracy(logits, labels, 1) == nn::accuracy(logits, labels));
    CHECK(nn::top_k_accuracy(logits, labels, 4) == 1);
  }
}

TEST_CASE("Macro averages leave out classes without items or predictions", "[nn]") {
  nn::ConfusionMatrix matrix(3);
  CHECK(std::isnan(matrix.macro_recall()));
  CHECK(std::isnan(matrix.macro_precision()));
  CHECK(std::isnan(nn::ConfusionMatrix().macro_recall()));
  matrix.add(array_of<float>({4, 3}, {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0}),
             std::vector<int>{0, 1, 1, 1});
  CHECK(matrix.macro_recall() == Approx((1 + 2.0 / 3) / 2));
  CHECK(matrix.macro_precision() == Approx((0.5 + 1) / 2));
}
