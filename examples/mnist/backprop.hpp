#pragma once

#include <string>
#include <vector>

#include "tensor/array.hpp"

/// Networks of linear layers with an activation between them, their loss and its gradients, written
/// out by hand on arrays alone: what the tape finds by itself is compared with this.
/// docs/backprop.md derives every line. It counts layers from 1, these vectors from 0.

namespace mnist {

/// The parameters of one layer: w (in, out), b (out).
template <class T>
struct Weights {
  xtape::Array<T> w, b;
};

/// What follows each layer but the last.
template <class T>
struct Activation {
  T (*f)(T z);
  T (*slope)(T z);  ///< f'(z); from the left where f has a kink.
};

/// The activation that recipes call `name`. Throws ValueError when there is none.
template <class T>
Activation<T> find_activation(const std::string& name);

/// The layers of a network, and what follows each but the last.
template <class T>
struct Network {
  std::vector<Weights<T>> layers;
  Activation<T> activation;
};

/// What the network computes on the way to its loss.
template <class T>
struct Forward {
  std::vector<xtape::Array<T>> a;  ///< What each layer gets: X first, then f(z) of the one before.
  std::vector<xtape::Array<T>> z;  ///< What each layer gives: a W + b. The last are the logits.
  xtape::Array<T> y_hat;           ///< softmax(logits), (batch, classes): the probabilities.
  T loss;                          ///< -(1/B) sum y ln y_hat.
};

/// The loss and its gradients for each layer; dw is dL/dW, of the shape of w, and so on. The rows
/// of dz belong to one image each and are the gradients of its own loss, before the 1/B.
template <class T>
struct Gradients {
  T loss;
  std::vector<xtape::Array<T>> dz, dw, db;
};

/// Passes a batch x (batch, features) through the network; y (batch, classes) is 1 at the class of
/// each image and 0 elsewhere. Throws ShapeError when the shapes do not fit.
template <class T>
Forward<T> forward(const Network<T>& network, const xtape::Array<T>& x, const xtape::Array<T>& y);

/// The loss of a batch, and by the chain rule the gradient of each parameter.
template <class T>
Gradients<T> backprop(const Network<T>& network, const xtape::Array<T>& x,
                      const xtape::Array<T>& y);

}  // namespace mnist
