#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/no_grad.hpp"
#include "nn/data/batches.hpp"
#include "nn/train/process_group.hpp"
#include "tensor/classes.hpp"
#include "tensor/indices.hpp"

/// @file
/// Metrics of a classifier. Logits are (batch, classes). A row predicts the class of its largest
/// logit. In a tie, the first logit wins. NaN counts as the largest logit, as in NumPy. A share of
/// 0 samples is NaN.
///
/// Functions of logits throw ShapeError if the logits are not (batch, classes) with at least one
/// class, or were moved from. They throw ShapeError if there is not one label for each row. They
/// throw ValueError if a label is not a class.

namespace xtape::nn {

using xtape::argmax;
using xtape::one_hot;

/// Returns the share of rows whose prediction is their label, in [0, 1].
template <class T>
double accuracy(const Array<T>& logits, Indices labels);

/// Returns the share of rows whose label is among their `k` largest logits, in [0, 1]. In a tie,
/// the first logit is the larger one. For k = 1, the result is accuracy(). Throws ValueError if `k`
/// is 0.
template <class T>
double top_k_accuracy(const Array<T>& logits, Indices labels, std::size_t k);

/// A confusion matrix: for each pair of classes, the number of samples of the first class that were
/// predicted as the second.
class ConfusionMatrix {
 public:
  /// Creates a matrix of zeros. If `classes` is 0, the first add() sets the number of classes.
  /// Throws ShapeError if the number of elements of the matrix overflows.
  explicit ConfusionMatrix(std::size_t classes = 0);

  /// Creates a matrix of these counts: (actual, predicted), row-major. Throws ShapeError unless
  /// there are classes^2 of them.
  ConfusionMatrix(std::size_t classes, std::vector<std::size_t> counts);

  /// Counts the predictions of a batch. Rows with the label `ignored` do not count. Strong
  /// exception guarantee.
  template <class T>
  void add(const Array<T>& logits, Indices labels, std::optional<std::int64_t> ignored = {});

  /// Returns the number of classes. The number is 0 before the first add() and after a move.
  std::size_t classes() const { return counts_.empty() ? 0 : classes_; }

  /// Returns the number of samples of class `actual` that were predicted as `predicted`. Throws
  /// ValueError if `actual` or `predicted` is not a class.
  std::size_t count(std::size_t actual, std::size_t predicted) const;

  /// Returns the number of samples.
  std::size_t total() const;

  /// Returns the number of correct predictions.
  std::size_t correct() const;

  /// Returns correct() / total().
  double accuracy() const;

  /// Returns the share of correct predictions among the samples of class `actual`.
  double recall(std::size_t actual) const;

  /// Returns the share of correct predictions among the predictions of class `predicted`.
  double precision(std::size_t predicted) const;

  /// Returns the mean of recall(), or of precision(), over the classes for which it is not NaN. If
  /// there is no such class, the result is NaN.
  ///@{
  double macro_recall() const;
  double macro_precision() const;
  ///@}

 private:
  std::size_t classes_;
  std::vector<std::size_t> counts_;  // (actual, predicted), row-major
};

/// Returns a table with a row for each actual class and a column for each predicted class.
std::string to_string(const ConfusionMatrix& matrix);

/// Prints a confusion matrix as to_string() returns it.
std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix);

/// Returns the sum of the matrices of all ranks.
ConfusionMatrix all_reduce(ProcessGroup& group, const ConfusionMatrix& matrix);

/// Returns the part of a dataset that belongs to this rank: consecutive samples, for evaluation.
Dataset shard(const Dataset& data, const ProcessGroup& group);

/// Returns the confusion matrix of a model on a dataset, computed under NoGrad. The tape is rewound
/// before each batch, so all its Variables become stale. With a group, each rank evaluates its part
/// of the dataset, and all ranks get the matrix of the whole. Throws as Batches and
/// ConfusionMatrix::add do. Throws ValueError unless the targets are labels.
template <class Model, class T>
ConfusionMatrix evaluate(const Model& model, const Dataset& data, Tape<T>& tape,
                         std::size_t batch_size = 500, ProcessGroup* group = nullptr) {
  require<ValueError>(data.size() == 0 || data.targets.are_integers(),
                      "evaluate: the targets are numbers, not labels: call regression_errors()");
  const NoGrad guard{tape};
  ConfusionMatrix matrix;
  for (const Batch& batch : Batches(group == nullptr ? data : shard(data, *group), batch_size)) {
    tape.rewind();
    matrix.add(model(tape.constant(batch.inputs)).value(), batch.targets);
  }
  return group == nullptr ? matrix : all_reduce(*group, matrix);
}

}  // namespace xtape::nn
