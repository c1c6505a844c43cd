#include "nn/train/regression.hpp"

#include <cmath>
#include <limits>

#include "nn/layers/linear.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;

TEMPLATE_TEST_CASE("Errors of predicted numbers", "[nn]", float, double) {
  using T = TestType;
  const Array<T> targets{T(3), T(-0.5), T(2), T(7)}, predictions{T(2.5), T(0), T(2), T(8)};
  CHECK(nn::mean_squared_error(predictions, targets) == Approx(0.375));
  CHECK(nn::r_squared(predictions, targets) == Approx(0.9486081370449679));  // scikit-learn's
  CHECK(nn::r_squared(targets, targets) == 1);
  nn::RegressionErrors errors;
  errors.add(array_of<T>({2, 1}, {T(2.5), T(0)}), array_of<T>({2}, {T(3), T(-0.5)}));
  errors.add(array_of<T>({0, 1}, {}), array_of<T>({0}, {}));
  errors.add(array_of<T>({2}, {T(2), T(8)}), array_of<T>({2}, {T(2), T(7)}));
  CHECK(errors.total() == 4);
  CHECK(errors.mean_squared_error() == Approx(0.375));
  CHECK(errors.mean_absolute_error() == Approx(0.5));
  CHECK(errors.r_squared() == Approx(0.9486081370449679));
}

TEST_CASE("R^2 of several numbers a row is the mean over them", "[nn]") {
  const auto targets = array_of<double>({3, 2}, {0.5, 1, -1, 1, 7, -6});
  const auto predictions = array_of<double>({3, 2}, {0, 2, -1, 2, 8, -5});
  CHECK(nn::r_squared(predictions, targets) == Approx(0.9368005266622779));  // scikit-learn's
}

TEST_CASE("Errors of nothing are NaN, and so is R^2 of a constant that is met", "[nn]") {
  const nn::RegressionErrors none;
  CHECK(none.total() == 0);
  CHECK(std::isnan(none.mean_squared_error()));
  CHECK(std::isnan(none.mean_absolute_error()));
  CHECK(std::isnan(none.r_squared()));
  const Array<double> constant{2, 2, 2}, other{2, 2, 3};
  CHECK(std::isnan(nn::r_squared(constant, constant)));
  CHECK(nn::r_squared(other, constant) == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(nn::mean_squared_error(Array<double>{std::nan("")}, Array<double>{1})));
}

TEST_CASE("R^2 of targets far from 0 keeps its digits", "[nn]") {
  const Array<double> targets{1e9 + 1, 1e9 + 2, 1e9 + 3}, predictions{1e9 + 1, 1e9 + 2, 1e9 + 4};
  CHECK(nn::r_squared(predictions, targets) == Approx(0.5));
}

TEST_CASE("Predictions and targets must fit", "[nn]") {
  nn::RegressionErrors errors;
  const Array<double> three{1, 2, 3}, two{1, 2};
  CHECK_FAILS(errors.add(three, two), xtape::ShapeError,
              "RegressionErrors::add: got predictions (3) for targets (2)");
  CHECK_THROWS_AS(errors.add(Array<double>(1.0), Array<double>(1.0)), xtape::ShapeError);
  errors.add(two, two);
  const auto row = array_of<double>({1, 2}, {1, 2});
  CHECK_FAILS(errors.add(row, row), xtape::ShapeError,
              "RegressionErrors::add: got 2 numbers a row, before them 1");
  CHECK(errors.total() == 2);
}

TEST_CASE("regression_errors runs a model over a dataset", "[nn]") {
  xtape::Rng rng{1};
  nn::Linear<float> model(2, 1, rng);
  model.weight = array_of<float>({2, 1}, {1, 2});
  model.bias.fill(1);
  const nn::Dataset data(nn::Samples(std::vector<float>{1, 1, 2, 0, 0, 3}, {2}),
                         nn::Samples(std::vector<double>{4, 3, 8}));
  xtape::Tape tape;
  const nn::RegressionErrors errors = nn::regression_errors(model, data, tape, 2);
  CHECK(errors.total() == 3);
  CHECK(errors.mean_squared_error() == Approx(1.0 / 3));
}
