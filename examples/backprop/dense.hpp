#pragma once

#include <string>
#include <vector>

#include "tensor/array.hpp"

/// The loss of a network of linear layers and its gradients, written by hand with arrays only. The
/// program compares the gradients of the tape with them. docs/backprop.md derives every line. It
/// counts layers from 1, and this code from 0.

namespace by_hand {

/// The parameters of one layer: w (in, out), b (out).
template <class T>
struct Weights {
  xtape::Array<T> w, b;
};

/// The activation after each layer except the last.
template <class T>
struct Activation {
  T (*f)(T z);
  T (*slope)(T z);  ///< f'(z). At a kink of f, from the left.
};

/// Returns f of each element.
template <class T>
xtape::Array<T> map(T (*f)(T), const xtape::Array<T>& z);

/// Returns the activation of this name. Throws ValueError if there is none.
template <class T>
Activation<T> find_activation(const std::string& name);

/// The layers of a network, and the activation after each except the last.
template <class T>
struct Network {
  std::vector<Weights<T>> layers;
  Activation<T> activation;
};

/// The intermediate results of a forward pass.
template <class T>
struct Forward {
  std::vector<xtape::Array<T>> a;  ///< The input of each layer: X, then f(z) of the layer before.
  std::vector<xtape::Array<T>> z;  ///< The output a W + b of each layer. The last are the logits.
  xtape::Array<T> y_hat;           ///< softmax(logits), (batch, classes): the probabilities.
  T loss;                          ///< -(1/B) sum y ln y_hat.
};

/// The loss and its gradients for each layer. dw is dL/dW, with the shape of w, and so on. A row of
/// dz is the gradient of the loss of one image, before the factor 1/B.
template <class T>
struct Gradients {
  T loss;
  std::vector<xtape::Array<T>> dz, dw, db;
};

/// Computes the loss of a batch x (batch, features). y (batch, classes) is 1 at the class of each
/// image and 0 elsewhere. Throws ShapeError if the shapes do not fit.
template <class T>
Forward<T> forward(const Network<T>& network, const xtape::Array<T>& x, const xtape::Array<T>& y);

/// Returns the loss of a batch, and the gradient of each parameter by the chain rule.
template <class T>
Gradients<T> backprop(const Network<T>& network, const xtape::Array<T>& x,
                      const xtape::Array<T>& y);

/// Returns dz W^T of the first layer: row i is the gradient of the loss of image i with respect to
/// its row of x.
template <class T>
xtape::Array<T> input_gradient(const Network<T>& network, const Gradients<T>& gradients);

}  // namespace by_hand
