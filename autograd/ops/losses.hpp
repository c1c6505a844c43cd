#pragma once

#include "autograd/tape.hpp"
#include "tensor/indices.hpp"

/// @file
/// What training makes small: one number for a batch.

namespace xtape {

/// Whether a loss is averaged or added up.
enum class Reduction { mean, sum };

/// L = -(1/B) sum_i ln p(i, label(i)) with p = softmax(logits), over a batch of B rows (batch,
/// classes); d(logits) = (p - one_hot(labels)) / B. With Reduction::sum, both without the 1/B.
///
/// Computed from the logits, so that it is right for logits of any size and no epsilon is needed
/// inside the logarithm. Throws ShapeError unless there is one label for each row, and at least one
/// row; ValueError for a label that is no class.
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels,
                                  Reduction reduction = Reduction::mean);

/// L = -(1/B) sum_ij t(i, j) ln p(i, j) for target probabilities t (batch, classes), which may
/// themselves need a gradient, taking 0 ln 0 = 0. Throws ShapeError unless targets and logits have
/// the same shape.
template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Variable<T> targets,
                                  Reduction reduction = Reduction::mean);

/// L = (1/n) sum (prediction - target)^2 over all n elements; with Reduction::sum without the 1/n.
/// Throws ShapeError unless both have the same shape.
template <class T>
Variable<T> mse(Variable<T> prediction, Variable<T> target, Reduction reduction = Reduction::mean);

}  // namespace xtape
