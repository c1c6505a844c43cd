#pragma once

#include <functional>
#include <utility>

#include "nn/parameters.hpp"

namespace xtape::nn {

/// The products of vectors and the Hessian of a loss with respect to the parameters of a model, for
/// conjugate gradients and Lanczos. The Hessian itself is never made: a product takes about as long
/// as two gradients.
///
///     nn::HessianProduct<float> product(model, [&](auto& tape) {
///       return criterion(model(tape.constant(x)), labels);
///     });
///     product(v, hv);  // hv = H v
///
/// The model must compute on a Tape<Dual<T>>: its layers take Variables of any type, and a
/// Sequential is a Sequential<Dual<T>>. With gauss_newton() around the outputs of the model (see
/// autograd/ops/duals.hpp), the products are those of the Gauss-Newton matrix.
template <class T = float>
class HessianProduct {
 public:
  /// Takes the model, and a function that records its loss, a scalar, on a tape. The model must
  /// outlive the object and stay in its place. Its numbers may change between the products.
  template <class Model, class Loss>
  HessianProduct(const Model& model, Loss loss)
      : loss_function_(std::move(loss)),
        seed_([&model](const Parameters<T>& v, Tape<Dual<T>>& tape) { seed(model, v, tape); }),
        copy_products_([&model](const Tape<Dual<T>>& tape, Parameters<T>& out) {
          copy_hessian_products(model, tape, out);
        }),
        copy_gradients_([&model](const Tape<Dual<T>>& tape, Parameters<T>& out) {
          copy_gradients(model, tape, out);
        }) {}

  /// Computes out = H v. Both have an array for each parameter. `out` gets its shapes here, and may
  /// be `v`. The product is 0 for parameters that the loss does not depend on. Random numbers are
  /// the same in each product. Allocates nothing if the calls repeat. Throws ShapeError if `v` does
  /// not fit the model, or if the loss has another number of elements than one.
  void operator()(const Parameters<T>& v, Parameters<T>& out) {
    compute(&v);
    copy_products_(tape_, out);
  }

  /// Computes the gradient of the loss. `out` gets an array for each parameter. It takes less time
  /// than a product, because no parameter moves.
  void gradient(Parameters<T>& out) {
    compute(nullptr);
    copy_gradients_(tape_, out);
  }

  /// Returns the loss of the last product or gradient, or 0 before the first one.
  T loss() const { return loss_; }

 private:
  /// Records the loss, with the directions `v` unless that is null, and computes its gradients.
  void compute(const Parameters<T>* v) {
    tape_.rewind();
    tape_.rng() = Rng();
    if (v != nullptr) {
      seed_(*v, tape_);
    }
    const Variable<Dual<T>> loss = loss_function_(tape_);
    loss_ = loss.item().value;
    if (loss.needs_grad()) {
      tape_.backward(loss);
    }
  }

  std::function<Variable<Dual<T>>(Tape<Dual<T>>&)> loss_function_;
  std::function<void(const Parameters<T>&, Tape<Dual<T>>&)> seed_;
  std::function<void(const Tape<Dual<T>>&, Parameters<T>&)> copy_products_, copy_gradients_;
  Tape<Dual<T>> tape_;
  T loss_ = 0;
};

}  // namespace xtape::nn
