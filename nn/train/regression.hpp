#pragma once

#include <cstddef>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/tape.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn {

/// The error measures of a regression, added batch by batch. Without rows, means are NaN.
///
///     nn::RegressionErrors errors = nn::regression_errors(model, validation, tape);
///     epoch.end(nn::lower_is_better(errors.mean_squared_error()));
class RegressionErrors {
 public:
  /// Adds a batch of predictions and targets, both (batch, ...). Strong exception guarantee. Throws
  /// ShapeError unless both have the same number of rows, and as many elements in a row as earlier
  /// batches.
  template <class T>
  void add(const Array<T>& predictions, const Array<T>& targets);

  /// Returns the number of rows.
  std::size_t total() const { return rows_; }

  /// Returns the mean of (prediction - target)^2 over all elements.
  double mean_squared_error() const;

  /// Returns the mean of |prediction - target| over all elements.
  double mean_absolute_error() const;

  /// Returns the coefficient of determination, 1 - sum (prediction - target)^2 / sum (target -
  /// mean)^2, with the mean of the targets. The result is 1 for perfect predictions, 0 if all
  /// predictions are the mean, and negative for worse predictions. If rows have several elements,
  /// the result is the mean over their columns. For constant targets, it is -infinity, or NaN if
  /// the predictions are exact (0 / 0).
  double r_squared() const;

 private:
  /// The sums for one column of the rows.
  struct Output {
    double squares = 0, absolutes = 0;  // of the residuals
    double mean = 0, spread = 0;        // of the targets, after Welford (1962)
  };

  double mean_of(double Output::*sum) const;

  std::size_t rows_ = 0;
  std::vector<Output> outputs_;
};

/// Returns the mean of (prediction - target)^2 over all elements. See RegressionErrors.
template <class T>
double mean_squared_error(const Array<T>& predictions, const Array<T>& targets) {
  RegressionErrors errors;
  errors.add(predictions, targets);
  return errors.mean_squared_error();
}

/// Returns the coefficient of determination. See RegressionErrors::r_squared().
template <class T>
double r_squared(const Array<T>& predictions, const Array<T>& targets) {
  RegressionErrors errors;
  errors.add(predictions, targets);
  return errors.r_squared();
}

/// Returns the error measures of a model on a dataset whose targets are numbers, computed under
/// NoGrad. The tape is rewound before each batch, so all its Variables become stale. Throws
/// ValueError if the targets are one byte for each sample. Throws as Batches and
/// RegressionErrors::add do.
template <class Model, class T>
RegressionErrors regression_errors(const Model& model, const Dataset& data, Tape<T>& tape,
                                   std::size_t batch_size = 500) {
  const NoGrad guard{tape};
  RegressionErrors errors;
  for (const Batch& batch : Batches(data, batch_size)) {
    tape.rewind();
    batch.targets.require_numbers("regression_errors");
    const Variable<T> targets = tape.constant(batch.targets);
    errors.add(model(tape.constant(batch.inputs)).value(), targets.value());
  }
  return errors;
}

}  // namespace xtape::nn
