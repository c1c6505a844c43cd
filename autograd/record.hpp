#pragma once

#include <cstdint>

#include "autograd/tape.hpp"
#include "tensor/kernels/reduce.hpp"

/// @file
/// The functions that record an op and its gradients.

namespace xtape {

namespace detail {

struct Accumulate {
  template <class T, class Contribution>
  void operator()(Variable<T> x, const Contribution& contribution) const {
    x.tape().accumulate(x, contribution);
  }
};

}  // namespace detail

/// Records an op. It computes the value at once and stores the backward function.
///
/// `op` is the name, or the name and what the op takes beside its operands: `"relu"`,
/// `{"leaky_relu", {{"slope", slope}}}`. Both can be read from the node. See
/// autograd/attribute.hpp.
///
/// `forward` is an xtensor expression over the inputs' values, or a callable `(Array<T>& y)` that
/// shapes and fills y. The tape calls `backward` with the result when its gradient is complete.
/// `backward` passes the gradient on with accumulate(). It captures handles and scalars by value.
///
/// Strong exception guarantee. Throws TapeError if there are no inputs, if inputs are stale or on
/// different tapes, or if `forward` records values itself. Throws ShapeError if the operands do not
/// broadcast, or if an array was moved from.
template <class T, class Forward>
Variable<T> record(const Operation& op, std::initializer_list<Variable<T>> inputs,
                   Forward&& forward, const std::type_identity_t<Backward<T>>& backward) {
  require<TapeError>(inputs.size() > 0, "{}: an op needs at least one input", op.name);
  return inputs.begin()->tape().record(op, std::span<const Variable<T>>(inputs),
                                       std::forward<Forward>(forward), backward);
}

/// Calls ops() and returns its result. Use compose() for an op that records several other ops.
/// If ops() throws, everything that it recorded is removed, unless it has rewound the tape. Its
/// Variables must not be used then. They are refused until other values are recorded in their
/// place. A parameter that was recorded before and is differentiated or frozen within ops() stays
/// so.
template <class T, class Ops>
std::invoke_result_t<Ops&> compose(Tape<T>& tape, Ops&& ops) {
  const std::size_t size = tape.size_, observed = tape.observations_.size();
  const std::uint64_t recording = tape.recording_;
  try {
    return ops();
  } catch (...) {
    if (tape.recording_ == recording) {
      tape.size_ = size;
      tape.observations_.erase(tape.observations_.begin() + static_cast<std::ptrdiff_t>(observed),
                               tape.observations_.end());
    }
    throw;
  }
}

/// Adds a contribution to the gradient of `x`: `accumulate(x, contribution)`. The contribution is
/// an xtensor expression, or a callable `(Array<T>& grad, T beta)` that computes grad = beta grad +
/// contribution. beta is 0 or 1. If beta is 0, grad holds no numbers yet.
///
/// An expression that is larger than x is summed over the axes along which x was broadcast. An
/// expression that is smaller is broadcast. If each is smaller along another axis, both happen. If
/// x needs no gradient, nothing is evaluated.
///
/// Throws TapeError outside of Tape::backward. Throws ShapeError if the contribution does not
/// broadcast against x, reads an array that was moved from, or leaves a gradient of another shape.
/// accumulate is an object, because argument-dependent lookup of a function would also find
/// xt::accumulate.
inline constexpr detail::Accumulate accumulate;

template <class T>
template <class Forward>
Variable<T> Tape<T>::record(const Operation& op, std::span<const Variable<T>> inputs,
                            Forward&& forward, const Backward<T>& backward) {
  bool needs_grad = false;
  for (const Variable<T>& input : inputs) {
    needs_grad |= input.node().needs_grad;
    if (input.tape_ != this) [[unlikely]] {
      const bool checkpointed = outer_ != nullptr || input.tape_->outer_ != nullptr;
      fail<TapeError>("{}: the operands live on different tapes{}", op.name,
                      checkpointed ? "; pass the Variables that the function of checkpoint() reads "
                                     "to checkpoint()"
                                   : "");
    }
  }
  needs_grad &= grad_enabled_;
  Node<T>& node = next();
  if constexpr (Expression<Forward>) {
    assign(op.name, node.storage, forward);
  } else {
    for (const Variable<T>& input : inputs) {
      require_whole(op.name, input.value());  // a parameter may have been moved from
    }
    std::forward<Forward>(forward)(node.storage);
    require_sound(op.name, node);
  }
  keep_details(node, op, inputs, needs_grad ? &backward : nullptr);
  return commit(node, op.name, &node.storage, needs_grad);
}

template <class T>
template <class Contribution>
void Tape<T>::add_to_gradient(Node<T>& node, const Contribution& contribution) {
  if (!node.needs_grad) {
    return;
  }
  if (!in_backward_) [[unlikely]] {
    fail<TapeError>("accumulate: called outside of Tape::backward, for '{}'", node.op);
  }
  Array<T>& grad = node.grad;
  const bool first = std::exchange(node.gradient, GradientState::present) != GradientState::present;
  if (first) {
    if (shares_gradient(node)) {
      spare_.lend(grad.storage(), node.value->size());
    }
    resize(grad, node.value->shape());
  }
  if constexpr (!Expression<Contribution>) {
    contribution(grad, first ? T(0) : T(1));
    require_whole(node.op, grad);
    require<ShapeError>(same_shape(grad.shape(), node.value->shape()),
                        "accumulate: a contribution made the gradient of '{}' {} of {}", node.op,
                        node.value->shape(), grad.shape());
  } else {
    add_expression(grad, contribution, first, node.op);
  }
}

/// Computes grad = contribution, or grad + contribution if it is not the first one.
template <class T>
template <class Contribution>
void Tape<T>::add_expression(Array<T>& grad, const Contribution& contribution, bool first,
                             const char* op) {
  if (first ? assign_same_shape(grad, contribution, op)
            : assign_same_shape(grad, grad + contribution, op)) {
    return;
  }
  add_broadcast(grad, contribution, first, op);
}

/// Does the same for a contribution of another shape. Not inlined, because small code stays in the
/// processor's cache.
template <class T>
template <class Contribution>
[[gnu::noinline]] void Tape<T>::add_broadcast(Array<T>& grad, const Contribution& contribution,
                                              bool first, const char* op) {
  if (first && stretches_to<T>(op, contribution, grad.shape())) {
    assign_into(grad, contribution, op);
    return;
  }
  const Shape shape = broadcast_shapes(op, grad.shape(), shape_of<T>(op, contribution));
  const T beta = first ? T(0) : T(1);
  if constexpr (std::is_same_v<Contribution, Array<T>>) {
    if (same_shape(contribution.shape(), shape)) {
      require_whole(op, contribution);
      reduce_to(contribution, beta, grad);
      return;
    }
  }
  resize(scratch_, shape);
  assign_into(scratch_, contribution, op);
  reduce_to(scratch_, beta, grad);
}

}  // namespace xtape
