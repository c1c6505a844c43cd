#pragma once

#include <utility>

#include "autograd/tape.hpp"

/// @file
/// Recording without gradients.

namespace xtape {

/// While it lives, its tape records values only: nothing needs a gradient, and layers that behave
/// differently in training (dropout) know that this is not. `xtape::NoGrad guard{tape};`
template <class T>
class NoGrad {
 public:
  /// Begins to record values only; the destructor goes back to what was before.
  explicit NoGrad(Tape<T>& tape) : tape_(tape), before_(std::exchange(tape.grad_enabled_, false)) {}
  ~NoGrad() { tape_.grad_enabled_ = before_; }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Tape<T>& tape_;
  bool before_;
};

}  // namespace xtape
