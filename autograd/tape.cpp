#include "autograd/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "autograd/record.hpp"

namespace xtape {
namespace {

constexpr std::size_t never = static_cast<std::size_t>(-1);  // no node has this index

constexpr std::size_t cached = 1024;  // a recording of fewer nodes fits the caches

/// Lets the processor fetch a node into its caches: two lines of 64 bytes.
template <class T>
[[gnu::always_inline]] inline void prefetch(const Node<T>& node) {
  const auto* const place = static_cast<const char*>(static_cast<const void*>(&node));
  __builtin_prefetch(place, 1);
  __builtin_prefetch(place + 64, 1);
}

/// The same for the details of a node and for its own value. A node that is not recorded yet has
/// those of the last recording. The tangents of Dual numbers would need more than that saves.
template <class T>
[[gnu::always_inline]] inline void prefetch_parts(const Node<T>& node) {
  __builtin_prefetch(node.details.place);
  if constexpr (!is_dual<T>) {
    __builtin_prefetch(node.storage.data());
  }
}

/// A long recording is larger than the caches. So backward() prefetches a node 16 ops before it
/// comes to it, later its parts, then its inputs, which may lie far back. Each step reads what the
/// step before has fetched. `at(i)` returns node i. The distances were measured.
///
/// These functions are inlined, because GCC removes calls of functions that only prefetch.
template <class T, class At>
[[gnu::always_inline]] inline void prefetch_before(std::size_t i, const At& at) {
  if (i < cached) {
    return;
  }
  prefetch(at(i - 16));
  prefetch_parts(at(i - 8));
  if (const Node<T>& op = at(i - 4); op.details.backward != nullptr) {
    for (const Node<T>* input : op.inputs()) {
      prefetch(*input);
    }
  }
}

}  // namespace

template <class T>
void Variable<T>::fail_unusable(Variable x) {
  if (x.tape_ == nullptr) {
    fail<TapeError>("a Variable without a value: nothing was assigned to it");
  }
  const bool rewound = x.recording_ != static_cast<std::uint32_t>(x.tape_->recording_);
  fail<TapeError>("stale Variable: recorded {}",
                  rewound ? "before Tape::rewind()" : "within a compose() that has thrown");
}

template <class T>
void Variable<T>::fail_without_gradient(Variable x) {
  const Node<T>& self = x.node();
  const bool given_away = self.gradient == GradientState::given_away;
  fail<TapeError>("'{}' has no gradient: {}", self.op,
                  !self.needs_grad            ? "nothing it depends on needs one"
                  : !x.tape_->differentiated_ ? "Tape::backward has not been called"
                  : given_away                ? "it was not kept; call retain_grad() on it before "
                                                "Tape::backward, or keep all with Tape::keep_gradients(true)"
                                              : "the loss does not depend on it");
}

template <class T>
void Variable<T>::retain_grad() const {
  Node<T>& self = node();
  require<TapeError>(self.needs_grad,
                     "retain_grad: '{}' has no gradient: nothing it depends on needs one", self.op);
  require<TapeError>(!tape_->differentiated_, "retain_grad: called for '{}' after Tape::backward",
                     self.op);
  self.retains_grad = true;
}

template <class T>
Variable<T> Tape<T>::constant(const Array<T>& array) {
  return leaf("constant", false, array);
}

template <class T>
Variable<T> Tape<T>::variable(const Array<T>& array) {
  return leaf("variable", grad_enabled_, array);
}

/// Checks that a backward pass can begin with this gradient of y; with 1 if there is none.
template <class T>
void Tape<T>::require_seed(Variable<T> y, const Array<T>* cotangent) const {
  if (cotangent == nullptr) {
    require<ShapeError>(y.value().size() == 1,
                        "backward: the loss must be a scalar, but '{}' produced {}; for another "
                        "shape, pass a cotangent",
                        y.op(), y.shape());
    return;
  }
  require_whole("backward", *cotangent);
  require<ShapeError>(same_shape(cotangent->shape(), y.shape()),
                      "backward: expected a cotangent {} for '{}', got {}", y.shape(), y.op(),
                      cotangent->shape());
}

template <class T>
void Tape<T>::forget_gradients() {
  for (std::size_t i = 0; i < size_; ++i) {
    at(i).gradient = GradientState::none;
  }
}

template <class T>
void Tape<T>::differentiate(Variable<T> y, const Array<T>* cotangent,
                            const detail::HookReference<T>* hook) {
  require<TapeError>(&y.tape() == this, "backward: the loss lives on another tape");
  require<TapeError>(!in_backward_, "backward: called within Tape::backward");
  require_seed(y, cotangent);
  require<TapeError>(!differentiated_ || retains_graph_,
                     "backward: called twice on one recording; call Tape::rewind() and record "
                     "again, or add the losses up and differentiate their sum, or allow it with "
                     "retain_graph(true)");
  require<TapeError>(y.needs_grad(),
                     "backward: the loss '{}' depends on no parameter or variable, or was "
                     "recorded under NoGrad",
                     y.op());
  require_unchanged();
  if (differentiated_) {
    forget_gradients();
  }
  differentiated_ = in_backward_ = true;
  if constexpr (is_dual<T>) {
    this->by_primal_ = false;
  }
  try {
    if (cotangent == nullptr) {
      accumulate(y, [](Array<T>& grad, T) { grad.fill(T(1)); });
    } else {
      accumulate(y, *cotangent);
    }
    run_backward(y, hook);
  } catch (...) {
    forget_gradients();  // an incomplete gradient is none
    differentiated_ = in_backward_ = false;
    throw;
  }
  in_backward_ = false;
}

template <class T>
void Tape<T>::run_backward(Variable<T> loss, const detail::HookReference<T>* hook) {
  if (hook != nullptr) {
    find_last_contributions(loss.node());
  }
  for (std::size_t i = loss.node().index + 1; i-- > 0;) {
    Node<T>& node = at(i);
    prefetch_before<T>(i, [this](std::size_t index) -> const Node<T>& { return at(index); });
    if (node.gradient == GradientState::present && node.details.backward != nullptr) {
      node.run_backward(Variable<T>{*this, node});
      if (detects_anomaly_) [[unlikely]] {
        check_gradients(node);
      }
      if (shares_gradient(node)) {
        give_gradient_away(node);
      }
    }
    if (hook != nullptr) {
      announce_finished(node, *hook);
    }
  }
}

/// Lets other gradients have the memory of a gradient that nothing reads any more.
template <class T>
void Tape<T>::give_gradient_away(Node<T>& node) {
  spare_.take_back(node.grad.storage());
  node.gradient = GradientState::given_away;
}

/// Finds, for each node up to the loss, the index of the op that is the last to add to its
/// gradient. Nodes that the loss does not depend on have `never`.
template <class T>
void Tape<T>::find_last_contributions(const Node<T>& loss) {
  std::vector<std::size_t>& last = last_contributions_;
  last.assign(loss.index + 1, never);
  last[loss.index] = loss.index;
  for (std::size_t i = last.size(); i-- > 0;) {
    if (last[i] == never) {
      continue;
    }
    for (const Node<T>* input : at(i).inputs()) {
      if (input->needs_grad) {
        last[input->index] = i;
      }
    }
  }
}

/// Calls the hook for each parameter whose gradient is complete after the backward pass of `op`.
template <class T>
void Tape<T>::announce_finished(const Node<T>& op, const detail::HookReference<T>& hook) {
  std::vector<std::size_t>& last = last_contributions_;
  const auto announce = [&](const Node<T>& node) {
    const bool parameter = node.borrowed() != nullptr && node.needs_grad;
    if (parameter && node.gradient == GradientState::present && last[node.index] == op.index) {
      last[node.index] = never;  // an op may read a parameter twice
      hook(*node.borrowed(), at(node.index).grad);
    }
  };
  announce(op);  // the loss may be a parameter
  for (const Node<T>* input : op.inputs()) {
    announce(*input);
  }
}

template <class T>
void Tape<T>::observe(const Array<Real<T>>& buffer, std::span<const Real<T>> values,
                      Statistic statistic) {
  require<ShapeError>(buffer.size() == values.size(), "observe: got {} values for a buffer {}",
                      values.size(), buffer.shape());
  observations_.push_back({&buffer, values, statistic});
}

template <class T>
void Tape<T>::rewind() {
  require<TapeError>(!in_backward_, "rewind: called within Tape::backward");
  size_ = 0;
  ++recording_;
  differentiated_ = false;
  parameters_.expire();
  borrowed_.clear();
  observations_.clear();
  places_.clear();
  arena_.clear();
}

template <class T>
void Tape<T>::release() {
  require<TapeError>(!in_backward_, "release: called within Tape::backward");
  require<TapeError>(outer_ == nullptr && running_checkpoints_ == 0,
                     "release: called within the function of checkpoint()");
  rewind();
  destroy_nodes();
  chunks_ = decltype(chunks_)();
  borrowed_ = decltype(borrowed_)();
  observations_ = decltype(observations_)();
  places_ = decltype(places_)();
  parameters_ = {};
  inner_.reset();
  spare_ = {};
  scratch_.storage() = {};
  last_contributions_ = decltype(last_contributions_)();
  arena_.release();
  memory_.release();
}

template <class T>
void Tape<T>::grow() {
  require<TapeError>(size_ + chunk_size <= std::numeric_limits<std::uint32_t>::max(),
                     "a tape holds at most {} values", size_);
  auto* nodes = static_cast<Node<T>*>(memory_.take(chunk_size * sizeof(Node<T>), alignof(Node<T>)));
  for (std::size_t i = 0; i < chunk_size; ++i) {
    ::new (static_cast<void*>(nodes + i)) Node<T>(static_cast<std::uint32_t>(size_ + i), memory_);
  }
  chunks_.push_back(nodes);
}

template <class T>
void Tape<T>::destroy_nodes() {
  for (Node<T>* nodes : chunks_) {
    std::destroy_n(nodes, chunk_size);
  }
}

/// Copies the operands, the attributes and the captures of the closure to the arena, one behind the
/// other. `backward` is null if the node needs no gradient. Writes the details to the node: the
/// processor would wait for a copy of a struct whose members were just written one by one.
template <class T>
void Tape<T>::keep_details(Node<T>& node, const Operation& op, std::span<const Variable<T>> inputs,
                           const Backward<T>* backward) {
  static_assert(alignof(Attribute) == alignof(void*));
  if (size_ >= cached && size_ + 16 < chunks_.size() * chunk_size) {
    prefetch(at(size_ + 16));
    prefetch_parts(at(size_ + 8));
  }
  const std::size_t of_inputs = inputs.size() * sizeof(const Node<T>*),
                    of_attributes = op.attributes.size_bytes();
  const auto captures = backward == nullptr ? std::span<const std::byte>() : backward->captures();
  void* const place =
      arena_.take(of_inputs + of_attributes + captures.size(), alignof(const void*));
  auto** const operands = static_cast<const Node<T>**>(place);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    operands[i] = &at(inputs[i].index_);
  }
  void* const behind_operands = operands + inputs.size();
  void* const behind_attributes = std::uninitialized_copy(
      op.attributes.begin(), op.attributes.end(), static_cast<Attribute*>(behind_operands));
  std::copy(captures.begin(), captures.end(), static_cast<std::byte*>(behind_attributes));
  node.details.place = place;
  node.details.input_count = static_cast<std::uint32_t>(inputs.size());
  node.details.attribute_count = static_cast<std::uint32_t>(op.attributes.size());
  node.details.backward = backward == nullptr ? nullptr : backward->call();
}

#define XTAPE_INSTANTIATE(T)                                  \
  template class Tape<T>;                                     \
  template void Variable<T>::fail_unusable(Variable);         \
  template void Variable<T>::fail_without_gradient(Variable); \
  template void Variable<T>::retain_grad() const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
