#pragma once

#include <string>
#include <utility>

#include "autograd/ops/arithmetic.hpp"
#include "nn/sequential.hpp"

namespace xtape::nn {

/// A block of layers that computes y = x + f(x), where f calls the layers one after the other (He
/// et al. 2015):
///
///     nn::Residual{nn::Linear(64, 64, rng), nn::ReLU{}, nn::Linear(64, 64, rng)}
///
/// If f changes the shape, use a projection g of x: y = g(x) + f(x).
///
///     nn::Residual{nn::Linear(64, 32, rng), nn::ReLU{}}.with_shortcut(nn::Linear(64, 32, rng))
template <class T = float>
class Residual {
 public:
  /// Takes the layers of f, of any classes that nn::Sequential takes.
  template <class... Layers>
  requires(sizeof...(Layers) > 1 ||
           (sizeof...(Layers) == 1 && (!std::same_as<std::remove_cvref_t<Layers>, Residual> &&
                                       ...))) explicit Residual(Layers... layers) {
    (body.push_back(std::move(layers)), ...);
  }

  /// Returns this block with these layers as the projection g.
  template <class... Layers>
  Residual with_shortcut(Layers... layers) && {
    (shortcut.push_back(std::move(layers)), ...);
    return std::move(*this);
  }

  /// Returns g(x) + f(x). Throws ShapeError if they differ in shape.
  template <NumberOrReal<T> S>
  Variable<S> operator()(Variable<S> x) const {
    const Variable<S> change = body(x), kept = shortcut(x);
    if (!same_shape(change.shape(), kept.shape())) [[unlikely]] {
      fail<ShapeError>("{}: the layers make {} of {}, and the shortcut {}", describe(),
                       change.shape(), x.shape(), kept.shape());
    }
    return kept + change;
  }

  /// Returns the name in tables and errors: "Residual of 3".
  std::string describe() const { return fmt::format("Residual of {}", body.size()); }

  /// Names the layers: "body.0.weight", "shortcut.0.weight".
  static void visit(auto& self, auto&& f) { f("body", self.body), f("shortcut", self.shortcut); }

  Sequential<T> body;      ///< f.
  Sequential<T> shortcut;  ///< g, or the identity if it has no layers.
};

}  // namespace xtape::nn
