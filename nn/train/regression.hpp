#pragma once

#include <cstddef>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

/// The errors of predicted numbers, added batch by batch. Means of nothing are NaN.
///
///     nn::RegressionErrors errors = nn::regression_errors(model, validation, tape);
///     epoch.end(nn::lower_is_better(errors.mean_squared_error()));
class RegressionErrors {
 public:
  /// Adds a batch: a prediction and a target for each row, both (batch, ...). Throws ShapeError
  /// unless both have as many rows, and as many numbers in a row as the batches before; then
  /// nothing is added.
  template <class T>
  void add(const Array<T>& predictions, const Array<T>& targets);

  /// The number of rows.
  std::size_t total() const { return rows_; }

  /// The mean of (prediction - target)^2 over all numbers.
  double mean_squared_error() const;

  /// The mean of |prediction - target| over all numbers.
  double mean_absolute_error() const;

  /// The coefficient of determination, 1 - sum (prediction - target)^2 / sum (target - mean)^2,
  /// where the mean is that of the targets: 1 for perfect predictions, 0 for that mean, less for
  /// worse. For rows of several numbers, the mean over them. Constant targets give -infinity, or
  /// NaN if they are predicted exactly: 0 / 0.
  double r_squared() const;

 private:
  /// What has been added about one number of each row.
  struct Output {
    double squares = 0, absolutes = 0;  // of the residuals
    double mean = 0, spread = 0;        // of the targets, after Welford (1962)
  };

  double mean_of(double Output::*sum) const;

  std::size_t rows_ = 0;
  std::vector<Output> outputs_;
};

/// The mean of (prediction - target)^2 over all numbers; see RegressionErrors.
template <class T>
double mean_squared_error(const Array<T>& predictions, const Array<T>& targets) {
  RegressionErrors errors;
  errors.add(predictions, targets);
  return errors.mean_squared_error();
}

/// The coefficient of determination; see RegressionErrors::r_squared().
template <class T>
double r_squared(const Array<T>& predictions, const Array<T>& targets) {
  RegressionErrors errors;
  errors.add(predictions, targets);
  return errors.r_squared();
}

/// Runs a model over a dataset whose targets are numbers, under NoGrad and in the order of the
/// dataset. The tape is rewound before each batch, so that all its Variables become stale. Throws
/// as Batches and RegressionErrors::add do.
template <class Model, class T>
RegressionErrors regression_errors(const Model& model, const Dataset& data, Tape<T>& tape,
                                   std::size_t batch_size = 500) {
  const NoGrad guard{tape};
  RegressionErrors errors;
  for (const Batch& batch : Batches(data, batch_size)) {
    tape.rewind();
    const Variable<T> targets = tape.constant(batch.targets);
    errors.add(model(tape.constant(batch.inputs)).value(), targets.value());
  }
  return errors;
}

}  // namespace xtape::nn
