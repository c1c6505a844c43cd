#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "autograd/ops/activations.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/shaping.hpp"
#include "nn/layers/affine.hpp"

/// @file
/// Layers that read sequences step by step, with the equations and the names of PyTorch. Sequences
/// are (batch, time, features), as with batch_first in PyTorch.

namespace xtape::nn {

namespace detail {

/// The weights of a recurrent layer with a number of gates. They are (gates * hidden, ...), as in
/// PyTorch, so files are the same in both layouts.
template <class T, std::size_t Gates>
class Recurrent {
 public:
  /// Names the parameters as PyTorch does.
  static void visit(auto& self, auto&& f) {
    f("weight_ih_l0", self.weight_ih), f("weight_hh_l0", self.weight_hh);
    f("bias_ih_l0", self.bias_ih), f("bias_hh_l0", self.bias_hh);
  }

  Array<T> weight_ih;  ///< The weights of the features: (gates * hidden, features).
  Array<T> weight_hh;  ///< The weights of the state: (gates * hidden, hidden).
  Array<T> bias_ih;    ///< (gates * hidden).
  Array<T> bias_hh;    ///< (gates * hidden).

  /// Returns the number of elements of the state.
  std::size_t hidden() const { return weight_hh.shape()[1]; }

 protected:
  Recurrent(const char* name, std::size_t features, std::size_t hidden, Rng& rng) : name_(name) {
    require<ValueError>(features > 0 && hidden > 0,
                        "{}: expected sizes of at least 1, got {} -> {}", name, features, hidden);
    // PyTorch's initializer: U(-a, a) with a = 1 / sqrt(hidden).
    const double most = 1 / std::sqrt(static_cast<double>(hidden));
    resize(weight_ih, Shape{Gates * hidden, features});
    resize(weight_hh, Shape{Gates * hidden, hidden});
    resize(bias_ih, Shape{Gates * hidden});
    resize(bias_hh, Shape{Gates * hidden});
    for (Array<T>* array : {&weight_ih, &weight_hh, &bias_ih, &bias_hh}) {
      for (T& element : array->storage()) {
        element = static_cast<T>(rng.uniform(-most, most));
      }
    }
  }

  /// Throws ShapeError unless x is a batch of sequences, or if the weights were moved from.
  template <NumberOver<T> S>
  void require_sequences(Variable<S> x) const {
    require<ShapeError>(weight_ih.dimension() == 2 && weight_hh.dimension() == 2,
                        "{}: expected weights (gates * hidden, ...), got {} and {}", name_,
                        weight_ih.shape(), weight_hh.shape());
    require<ShapeError>(x.shape().size() == 3 && x.shape()[2] == weight_ih.shape()[1],
                        "{}: expected (batch, time, {}), got {}", describe(), weight_ih.shape()[1],
                        x.shape());
    require<ShapeError>(x.shape()[1] > 0, "{}: expected at least one step, got {}", describe(),
                        x.shape());
  }

  /// Throws ShapeError unless the state fits x.
  template <NumberOver<T> S>
  void require_state(Variable<S> x, Variable<S> state) const {
    const Shape wanted{x.shape()[0], hidden()};
    require<ShapeError>(same_shape(state.shape(), wanted), "{}: expected a state {}, got {}",
                        describe(), wanted, state.shape());
  }

  /// Returns the state 0 for a batch. Throws as require_sequences() does.
  template <NumberOver<T> S>
  Variable<S> zero_state(Variable<S> x) const {
    require_sequences(x);
    const std::size_t batch = x.shape()[0];
    return x.tape().constant([&](Array<T>& state) {
      resize(state, Shape{batch, hidden()});
      state.fill(T(0));
    });
  }

  /// Returns v W^T + b.
  template <NumberOver<T> S>
  static Variable<S> affine(Variable<S> v, const Array<T>& weight, const Array<T>& bias) {
    const Variable<S> w = v.tape().parameter(weight);
    return detail::affine(v, w, Transpose::yes, v.tape().parameter(bias));
  }

  /// Returns the states that step(gates, i) leaves after each step, as (batch, time, hidden). The
  /// gates are those of the features, at each step (batch, gates * hidden).
  template <NumberOver<T> S, class Step>
  Variable<S> over_time(Variable<S> x, Step step) const {
    const Variable<S> gates = affine(x, weight_ih, bias_ih);
    const auto states = x.tape().template keep<Variable<S>>(x.shape()[1]);
    for (std::size_t i = 0; i < states.size(); ++i) {
      states[i] = step(select(gates, static_cast<std::ptrdiff_t>(i), 1));
    }
    return stack(std::span<const Variable<S>>(states), 1);
  }

 public:
  /// Returns the name in tables and errors: "LSTM 8 -> 16".
  std::string describe() const {
    return weight_hh.dimension() == 2
               ? fmt::format("{} {} -> {}", name_, weight_ih.shape()[1], weight_hh.shape()[1])
               : name_;
  }

 private:
  const char* name_;
};

}  // namespace detail

/// The state of an LSTM after a step, each (batch, hidden).
template <class T>
struct LSTMState {
  Variable<T> hidden;  ///< The hidden state: the output of the layer.
  Variable<T> cell;    ///< The cell state: the memory of the layer.
};

/// The long short-term memory of Hochreiter and Schmidhuber (1997), with the forget gate of Gers et
/// al. (2000): i, f, o = sigma(W x + b + U h + c), g = tanh(W x + b + U h + c), then cell' = f cell
/// + i g and h' = o tanh(cell'). The rows of the weights are those of i, f, g and o.
template <class T = float>
class LSTM : public detail::Recurrent<T, 4> {
 public:
  /// Creates a layer for sequences of `features` numbers, with a state of `hidden` numbers. Throws
  /// ValueError if one of them is 0.
  LSTM(std::size_t features, std::size_t hidden, Rng& rng)
      : detail::Recurrent<T, 4>("LSTM", features, hidden, rng) {}

  /// Returns the states after each step (batch, time, hidden), from the state 0. Throws ShapeError
  /// if x is not (batch, time, features) with at least one step.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    const Variable<S> zero = this->zero_state(x);
    LSTMState<S> state{zero, zero};
    return (*this)(x, state);
  }

  /// Returns the same from a state, which becomes the state after the last step. Throws ShapeError
  /// if the state is not (batch, hidden), too.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x, LSTMState<S>& state) const {
    this->require_sequences(x);
    this->require_state(x, state.hidden);
    this->require_state(x, state.cell);
    return this->over_time(x, [&](Variable<S> gates) {
      gates = gates + this->affine(state.hidden, this->weight_hh, this->bias_hh);
      const auto [input, forget, cell, output] = split<4>(gates, -1);
      state.cell = sigmoid(forget) * state.cell + sigmoid(input) * tanh(cell);
      state.hidden = sigmoid(output) * tanh(state.cell);
      return state.hidden;
    });
  }
};

/// The gated recurrent unit of Cho et al. (2014), as PyTorch computes it:
///
///     r, z = sigma(W x + b + U h + c)
///     n    = tanh(W x + b + r (U h + c))
///     h'   = (1 - z) n + z h
///
/// The rows of the weights are those of r, z and n.
template <class T = float>
class GRU : public detail::Recurrent<T, 3> {
 public:
  /// Creates a layer for sequences of `features` numbers, with a state of `hidden` numbers. Throws
  /// ValueError if one of them is 0.
  GRU(std::size_t features, std::size_t hidden, Rng& rng)
      : detail::Recurrent<T, 3>("GRU", features, hidden, rng) {}

  /// Returns the states after each step (batch, time, hidden), from the state 0. Throws ShapeError
  /// if x is not (batch, time, features) with at least one step.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    Variable<S> state = this->zero_state(x);
    return (*this)(x, state);
  }

  /// Returns the same from a state (batch, hidden), which becomes the state after the last step.
  /// Throws ShapeError if the state has another shape, too.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x, Variable<S>& state) const {
    this->require_sequences(x);
    this->require_state(x, state);
    return this->over_time(x, [&](Variable<S> gates) {
      const Variable<S> before = this->affine(state, this->weight_hh, this->bias_hh);
      const auto [reset, update, fresh] = split<3>(gates, -1);
      const auto [reset_by_state, update_by_state, fresh_by_state] = split<3>(before, -1);
      const Variable<S> z = sigmoid(update + update_by_state);
      const Variable<S> n = tanh(fresh + sigmoid(reset + reset_by_state) * fresh_by_state);
      state = n + z * (state - n);
      return state;
    });
  }
};

}  // namespace xtape::nn
