#pragma once

#include <utility>

#include "autograd/tape.hpp"

/// @file
/// Recording without gradients.

namespace xtape {

/// A guard that switches gradients off for a tape: `xtape::NoGrad guard{tape};`. During its
/// lifetime, the tape records values only, and no value needs a gradient. Layers such as dropout
/// then behave as in evaluation.
template <class T>
class NoGrad {
 public:
  /// Switches gradients off. The destructor restores the previous state.
  explicit NoGrad(Tape<T>& tape) : tape_(tape), before_(std::exchange(tape.grad_enabled_, false)) {}
  ~NoGrad() { tape_.grad_enabled_ = before_; }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Tape<T>& tape_;
  bool before_;
};

}  // namespace xtape
