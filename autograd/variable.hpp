#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "autograd/node.hpp"
#include "tensor/array.hpp"
#include "tensor/error.hpp"

namespace xtape {

/// A handle to a value on a tape. It is small and copied freely. It is valid until the tape is
/// rewound or destroyed. Using it after Tape::rewind() or Tape::release() throws TapeError.
template <class T = float>
class Variable {
 public:
  /// A handle to no value, as a place to assign one to: `std::vector<Variable<float>> states(10)`.
  /// Anything else that uses it throws TapeError.
  Variable() = default;

  /// The value computed when the variable was recorded.
  [[gnu::always_inline]] const Array<T>& value() const { return *node().value; }
  /// Returns the shape of value() and grad().
  const Shape& shape() const { return value().shape(); }

  /// Returns the gradient d(loss)/d(this variable), which has the shape of the variable. Throws
  /// TapeError before Tape::backward, or if the loss does not depend on this variable. Throws
  /// TapeError for the result of an op, unless its gradient was to be kept: see retain_grad() and
  /// Tape::keep_gradients().
  const Array<T>& grad() const;

  /// True if grad() returns a gradient.
  bool has_grad() const { return node().gradient == GradientState::present; }

  /// Keeps the gradient of the result of an op for grad(). Call it before Tape::backward. The
  /// gradients of parameters and of Tape::variable() are always kept. Throws TapeError if the
  /// variable needs no gradient, or after Tape::backward.
  void retain_grad() const;

  /// True if gradients flow to this variable: it is a parameter or depends on one, and was not
  /// recorded under NoGrad.
  bool needs_grad() const { return node().needs_grad; }

  /// The only element of a variable that has one. Throws ShapeError when it has more or none.
  ///@{
  T item() const;
  template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool>) explicit operator Number()
      const {
    return static_cast<Number>(value_of(item()));
  }
  ///@}

  /// The op that recorded it, "parameter", "frozen", "variable" or "constant".
  const char* op() const { return node().op; }

  /// Returns operand `i` of the op that recorded this variable. Throws TapeError when the op has
  /// fewer operands.
  Variable input(std::size_t i) const;

  /// The tape it was recorded on.
  Tape<T>& tape() const {
    if (tape_ == nullptr) [[unlikely]] {
      fail_unusable(*this);
    }
    return *tape_;
  }

 private:
  friend class Tape<T>;
  friend class DualTape<T>;

  Variable(Tape<T>& tape, const Node<T>& node)
      : tape_(&tape), index_(node.index), recording_(static_cast<std::uint32_t>(tape.recording_)) {}

  [[gnu::always_inline]] Node<T>& node() const {
    if (tape_ == nullptr || recording_ != static_cast<std::uint32_t>(tape_->recording_) ||
        index_ >= tape_->size_) [[unlikely]] {
      fail_unusable(*this);
    }
    return tape_->at(index_);
  }
  // They take a Variable, not `this`: a Variable whose address is taken lives in memory, and
  // copying it from there costs 5 ns in each op.
  [[noreturn, gnu::cold]] static void fail_unusable(Variable x);
  [[noreturn, gnu::cold]] static void fail_without_gradient(Variable x);

  Tape<T>* tape_ = nullptr;
  std::uint32_t index_ = 0;      // of the node
  std::uint32_t recording_ = 0;  // the last digits of its number
};

template <class T>
[[gnu::always_inline]] inline const Array<T>& Variable<T>::grad() const {
  const Node<T>& self = node();
  if (self.gradient != GradientState::present) [[unlikely]] {
    fail_without_gradient(*this);
  }
  return self.grad;
}

template <class T>
T Variable<T>::item() const {
  require<ShapeError>(value().size() == 1, "item: expected one element, but '{}' produced {}", op(),
                      shape());
  return value().data()[0];
}

template <class T>
Variable<T> Variable<T>::input(std::size_t i) const {
  const Node<T>& self = node();
  if (i >= self.inputs().size()) [[unlikely]] {
    fail<TapeError>("input: '{}' has {} operands, and no operand {}", self.op, self.inputs().size(),
                    i);
  }
  return {*tape_, *self.inputs()[i]};
}

}  // namespace xtape
