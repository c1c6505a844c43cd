#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/no_grad.hpp"
#include "nn/data/batches.hpp"
#include "tensor/classes.hpp"
#include "tensor/indices.hpp"

/// @file
/// Measures of a classifier. Logits are (batch, classes). A row predicts the class of its largest
/// logit, the first one if several are equal. NaN counts as the largest, as in NumPy. A share of
/// nothing (0 of 0) is NaN.
///
/// Functions of logits throw ShapeError if the logits are not (batch, classes) with at least one
/// class, if they were moved from, or if there is not one label for each row. They throw ValueError
/// for a label that is no class.

namespace xtape::nn {

using xtape::argmax;
using xtape::one_hot;

/// Returns the share of rows whose prediction is their label, in [0, 1].
template <class T>
double accuracy(const Array<T>& logits, Indices labels);

/// Returns the share of rows whose label is among their `k` largest logits, in [0, 1]. Of equal
/// logits the first is the largest. With k = 1 it is accuracy(). Throws ValueError if `k` is 0.
template <class T>
double top_k_accuracy(const Array<T>& logits, Indices labels, std::size_t k);

/// Counts how often each class was predicted as each.
class ConfusionMatrix {
 public:
  /// Without a number of classes the first add() decides it. Throws ShapeError when the matrix has
  /// more elements than can be counted.
  explicit ConfusionMatrix(std::size_t classes = 0);

  /// Counts a batch. If it throws, nothing is counted.
  template <class T>
  void add(const Array<T>& logits, Indices labels);

  /// Returns the number of classes. It is 0 before the first add() and after a move.
  std::size_t classes() const { return counts_.empty() ? 0 : classes_; }

  /// Returns how often class `actual` was predicted as `predicted`. Throws ValueError if one is no
  /// class.
  std::size_t count(std::size_t actual, std::size_t predicted) const;

  /// Returns the number of samples.
  std::size_t total() const;

  /// Returns the number of right predictions.
  std::size_t correct() const;

  /// Returns correct() / total().
  double accuracy() const;

  /// Returns the share of the samples of class `actual` with a right prediction.
  double recall(std::size_t actual) const;

  /// Returns the share of the predictions of class `predicted` that were right.
  double precision(std::size_t predicted) const;

  /// Returns the mean of recall(), or of precision(), over the classes for which it is not NaN. NaN
  /// if there is none.
  ///@{
  double macro_recall() const;
  double macro_precision() const;
  ///@}

 private:
  std::size_t classes_;
  std::vector<std::size_t> counts_;  // (actual, predicted), row-major
};

/// Returns a table with a row for each actual class and a column for each predicted one.
std::string to_string(const ConfusionMatrix& matrix);

/// Prints the table.
std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix);

/// Runs a model over a dataset under NoGrad, in file order. The tape is rewound before each batch,
/// so that all its Variables become stale. Throws as Batches and ConfusionMatrix::add do.
template <class Model, class T>
ConfusionMatrix evaluate(const Model& model, const Dataset& data, Tape<T>& tape,
                         std::size_t batch_size = 500) {
  const NoGrad guard{tape};
  ConfusionMatrix matrix;
  for (const Batch& batch : Batches(data, batch_size)) {
    tape.rewind();
    matrix.add(model(tape.constant(batch.inputs)).value(), batch.targets);
  }
  return matrix;
}

}  // namespace xtape::nn
