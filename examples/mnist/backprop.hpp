#pragma once

#include "tensor/array.hpp"

/// The network with one hidden layer of sigmoids, its loss and its gradients, written out by hand
/// on arrays alone: what the tape finds by itself is compared with this. docs/backprop.md derives
/// every line.

namespace mnist {

/// w1 (features, hidden), b1 (hidden), w2 (hidden, classes), b2 (classes).
template <class T>
struct Weights {
  xtape::Array<T> w1, b1, w2, b2;
};

/// What the network computes on the way to its loss.
template <class T>
struct Forward {
  xtape::Array<T> z1;     ///< X W1 + b1, (batch, hidden).
  xtape::Array<T> a1;     ///< sigma(z1), (batch, hidden).
  xtape::Array<T> z2;     ///< a1 W2 + b2, (batch, classes): the logits.
  xtape::Array<T> y_hat;  ///< softmax(z2), (batch, classes): the probabilities.
  T loss;                 ///< -(1/B) sum y ln y_hat.
};

/// The loss and its gradients; dw1 is dL/dW1, of the shape of w1, and so on. The rows of dz1 and
/// dz2 belong to one image each and are the gradients of its own loss, before the 1/B.
template <class T>
struct Gradients {
  T loss;
  xtape::Array<T> dz2, dw2, db2, dz1, dw1, db1;
};

/// Passes a batch x (batch, features) through the network; y (batch, classes) is 1 at the class of
/// each image and 0 elsewhere. Throws ShapeError when the shapes do not fit.
template <class T>
Forward<T> forward(const Weights<T>& weights, const xtape::Array<T>& x, const xtape::Array<T>& y);

/// The loss of a batch, and by the chain rule the gradient of each parameter.
template <class T>
Gradients<T> backprop(const Weights<T>& weights, const xtape::Array<T>& x,
                      const xtape::Array<T>& y);

}  // namespace mnist
