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
/// How good a classifier is. Logits are (batch, classes), and the class that a row predicts is that
/// of its largest logit: of the first where several are equal, and NaN counts as the largest, as in
/// NumPy. Shares of nothing (0 of 0) are NaN.
///
/// What takes logits throws ShapeError when they are no (batch, classes) with at least one class,
/// when they were moved from, or when there is not one label for each row, and ValueError for a
/// label that is no class.

namespace xtape::nn {

using xtape::argmax;
using xtape::one_hot;

/// The share of rows whose prediction is their label, in [0, 1].
template <class T>
double accuracy(const Array<T>& logits, Indices labels);

/// The share of rows whose label is among their `k` largest logits, in [0, 1]. Of equal logits the
/// first is the largest. With k = 1 it is accuracy(). Throws ValueError if `k` is 0.
template <class T>
double top_k_accuracy(const Array<T>& logits, Indices labels, std::size_t k);

/// Counts how often each class was predicted as each.
class ConfusionMatrix {
 public:
  /// Without a number of classes the first add() decides it. Throws ShapeError when the matrix has
  /// more elements than can be counted.
  explicit ConfusionMatrix(std::size_t classes = 0);

  /// Counts a batch; one that does not fit is not counted at all.
  template <class T>
  void add(const Array<T>& logits, Indices labels);

  /// The number of classes; 0 until the first add() has decided it, and once moved from.
  std::size_t classes() const { return counts_.empty() ? 0 : classes_; }

  /// How many items of class `actual` were taken for `predicted`. Throws ValueError when either is
  /// no class.
  std::size_t count(std::size_t actual, std::size_t predicted) const;

  /// How many items have been counted.
  std::size_t total() const;

  /// How many of them were recognised.
  std::size_t correct() const;

  /// correct() / total().
  double accuracy() const;

  /// The share of the items of class `actual` that were recognised.
  double recall(std::size_t actual) const;

  /// The share of the predictions of class `predicted` that were right.
  double precision(std::size_t predicted) const;

  /// The mean of recall(), or of precision(), over the classes for which it is not NaN, each class
  /// alike. NaN if there is none.
  ///@{
  double macro_recall() const;
  double macro_precision() const;
  ///@}

 private:
  std::size_t classes_;
  std::vector<std::size_t> counts_;  // (actual, predicted), row-major
};

/// A table with a row for each actual class and a column for each predicted one.
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
