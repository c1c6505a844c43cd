#include "autograd/checkpoint.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "autograd/no_grad.hpp"
#include "autograd/record.hpp"

// The part of Tape that calls functions again; see checkpoint().

namespace xtape {
namespace {

/// Restores a random number generator at the end of its life, unless told to leave it.
class RestoredRng {
 public:
  explicit RestoredRng(Rng& rng) : rng_(rng), before_(rng) {}
  ~RestoredRng() {
    if (restores_) {
      rng_ = before_;
    }
  }
  RestoredRng(const RestoredRng&) = delete;
  RestoredRng& operator=(const RestoredRng&) = delete;

  const Rng& before() const { return before_; }
  void leave() { restores_ = false; }

 private:
  Rng& rng_;
  Rng before_;
  bool restores_ = true;
};

/// Counts itself while it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

template <class T>
bool same_bits(const T* a, const T* b, std::size_t count) {
  return std::memcmp(a, b, count * sizeof(T)) == 0;
}
template <class F>
bool same_bits(DualPointer<const F> a, DualPointer<const F> b, std::size_t count) {
  return same_bits(a.value, b.value, count) && same_bits(a.tangent, b.tangent, count);
}

}  // namespace

/// One run of the function of checkpoint() on the inner tape. The inner tape is empty before and
/// after it. Values enter as leaves that share the arrays of the outer tape.
template <class T>
class Tape<T>::InnerRun {
 public:
  InnerRun(Tape& outer, const detail::CheckpointedCall<T>& call, const detail::ScopeFrame* scope)
      : outer_(outer), inner_(empty_inner_of(outer)), call_(call) {
    inner_.detects_anomaly_ = outer.detects_anomaly_;
    inner_.notes_places_ = outer.notes_places_;
    inner_.scope_ = scope;
  }
  ~InnerRun() {
    for (const Loan& loan : loans_) {
      loan.outer->grad.trade(loan.inner->grad);
    }
    inner_.in_backward_ = false;
    inner_.scope_ = nullptr;
    inner_.rewind();
  }
  InnerRun(const InnerRun&) = delete;
  InnerRun& operator=(const InnerRun&) = delete;

  void run();
  Variable<T> leave();
  void backward(Variable<T> y);

 private:
  /// A leaf of the inner tape that uses the memory of a gradient of the outer tape.
  struct Loan {
    Node<T>* outer;
    Node<T>* inner;
  };

  static Tape& empty_inner_of(Tape& outer) {
    if (outer.inner_ == nullptr) {
      outer.inner_ = std::make_unique<Tape>();
      outer.inner_->outer_ = &outer;
    }
    require<TapeError>(outer.inner_->size_ == 0,
                       "checkpoint: within its function, checkpoint() takes the arguments of the "
                       "function, and not a Variable of the outer tape");
    return *outer.inner_;
  }

  Variable<T> enter(std::size_t i);
  static bool is_parameter(const Tape& tape, const Node<T>& node) {
    return node.borrowed() != nullptr && tape.find_parameter(*node.borrowed()) == &node;
  }
  /// Makes a parameter known to a tape, without a gradient if the node has none.
  static Variable<T> parameter_on(Tape& tape, const Node<T>& node) {
    if (node.needs_grad) {
      return tape.parameter(*node.borrowed());
    }
    const NoGrad<T> guard{tape};
    return tape.parameter(*node.borrowed());
  }
  bool is_lent(const Node<T>* inner) const {
    return std::any_of(loans_.begin(), loans_.end(),
                       [&](const Loan& loan) { return loan.inner == inner; });
  }
  bool is_input(const Node<T>& node) const {
    return std::any_of(inputs_.begin(), inputs_.end(),
                       [&](Variable<T> input) { return &input.node() == &node; });
  }
  Variable<T> outer_parameter(const Node<T>& node);
  std::span<const Variable<T>> operands();
  std::optional<Variable<T>> outer_leaf();
  void pass_observations_on();
  void lend(Node<T>& outer, Node<T>& inner);
  void lend_gradients(const Node<T>& y);
  void require_same_result(Variable<T> y) const;

  Tape &outer_, &inner_;
  const detail::CheckpointedCall<T>& call_;
  std::span<Variable<T>> inputs_;  // on the inner tape
  Variable<T> result_;
  std::span<Loan> loans_;
};

/// Calls the function.
template <class T>
void Tape<T>::InnerRun::run() {
  inputs_ = inner_.template keep<Variable<T>>(call_.inputs.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i] = enter(i);
  }
  const std::uint64_t recording = inner_.recording_;
  result_ = call_.call(call_.f, inputs_);
  require<TapeError>(inner_.recording_ == recording && !inner_.differentiated_,
                     "checkpoint: the function called backward() or rewind() of the tape of its "
                     "arguments");
  require<TapeError>(&result_.tape() == &inner_,
                     "checkpoint: the function returned '{}' of another tape than its arguments",
                     result_.op());
}

/// Makes argument `i` known to the inner tape. A value that enters twice is one leaf, so that its
/// gradient is summed in the same order as without checkpoint().
template <class T>
Variable<T> Tape<T>::InnerRun::enter(std::size_t i) {
  const Node<T>& node = call_.inputs[i].node();
  for (std::size_t before = 0; before < i; ++before) {
    if (&call_.inputs[before].node() == &node) {
      return inputs_[before];
    }
  }
  if (is_parameter(outer_, node)) {
    return parameter_on(inner_, node);
  }
  return inner_.commit_leaf(inner_.next(), node.op, node.value, node.needs_grad);
}

template <class T>
Variable<T> Tape<T>::InnerRun::outer_parameter(const Node<T>& node) {
  const Array<Real<T>>& parameter = *node.borrowed();
  return inner_.is_frozen(parameter) ? outer_.freeze(parameter) : parameter_on(outer_, node);
}

/// Returns the arguments, followed by the parameters that the function has read.
template <class T>
std::span<const Variable<T>> Tape<T>::InnerRun::operands() {
  const auto for_each_other_parameter = [&](auto visit) {
    for (std::size_t i = 0; i < inner_.size_; ++i) {
      if (is_parameter(inner_, inner_.at(i)) && !is_input(inner_.at(i))) {
        visit(inner_.at(i));
      }
    }
  };
  std::size_t count = call_.inputs.size();
  for_each_other_parameter([&](const Node<T>&) { ++count; });
  const std::span<Variable<T>> all = outer_.template keep<Variable<T>>(count);
  auto end = std::copy(call_.inputs.begin(), call_.inputs.end(), all.begin());
  for_each_other_parameter([&](const Node<T>& node) { *end++ = outer_parameter(node); });
  return all;
}

/// Returns the value of the outer tape that the function returned without an op, if it did.
template <class T>
std::optional<Variable<T>> Tape<T>::InnerRun::outer_leaf() {
  const Node<T>& node = result_.node();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (&inputs_[i].node() == &node) {
      return call_.inputs[i];
    }
  }
  if (is_parameter(inner_, node)) {
    return outer_parameter(node);
  }
  if (node.inputs().empty() && !node.needs_grad) {
    return outer_.constant(*node.value);
  }
  return std::nullopt;
}

template <class T>
void Tape<T>::InnerRun::pass_observations_on() {
  for (const Observation<Real<T>>& seen : inner_.observations_) {
    const std::span<Real<T>> values = outer_.template keep<Real<T>>(seen.values.size());
    std::copy(seen.values.begin(), seen.values.end(), values.begin());
    outer_.observe(*seen.buffer, values, seen.statistic);
  }
}

/// Records the result on the outer tape.
template <class T>
Variable<T> Tape<T>::InnerRun::leave() {
  pass_observations_on();
  if (const std::optional<Variable<T>> leaf = outer_leaf()) {
    return *leaf;
  }
  const std::span<const Variable<T>> all = operands();
  using Call = detail::CheckpointedCall<T>;
  const std::span<Call> kept = outer_.template keep<Call>(1);
  const Call* call = std::construct_at(kept.data(), call_);
  kept[0].inputs = all.first(call_.inputs.size());
  std::optional<NoGrad<T>> guard;
  if (!result_.needs_grad()) {
    guard.emplace(outer_);
  }
  return outer_.record("checkpoint", all, result_.value(),
                       [call](Variable<T> y) { y.tape().call_again(y, *call); });
}

/// Lets the inner leaf add to the gradient of the outer node.
template <class T>
void Tape<T>::InnerRun::lend(Node<T>& outer, Node<T>& inner) {
  if (!inner.needs_grad || !outer.needs_grad || is_lent(&inner)) {
    return;
  }
  if (outer.gradient == GradientState::present) {
    inner.gradient = GradientState::present;
  } else if (outer_.shares_gradient(outer)) {
    outer_.spare_.lend(outer.grad.storage(), outer.value->size());
  }
  outer.grad.trade(inner.grad);
  loans_ = {loans_.data(), loans_.size() + 1};
  loans_.back() = {&outer, &inner};
}

/// Lends the gradients of all operands of y. A gradient is then summed in the same order, with the
/// same rounding, as without checkpoint().
template <class T>
void Tape<T>::InnerRun::lend_gradients(const Node<T>& y) {
  loans_ = inner_.template keep<Loan>(y.inputs().size()).first(0);
  const Node<T>* forgotten = nullptr;
  for (std::size_t i = 0; i < y.inputs().size(); ++i) {
    Node<T>& operand = outer_.at(y.inputs()[i]->index);
    if (i < inputs_.size()) {
      lend(operand, inputs_[i].node());
    } else if (Node<T>* const inner = inner_.find_parameter(*operand.borrowed())) {
      lend(operand, *inner);
    } else {
      forgotten = operand.needs_grad ? &operand : forgotten;
    }
  }
  for (std::size_t i = 0; i < inner_.size_; ++i) {
    const Node<T>& node = inner_.at(i);
    const bool lent = !node.needs_grad || !is_parameter(inner_, node) || is_lent(&node);
    require<TapeError>(lent,
                       "checkpoint: in backward, the function read a parameter {} that it had not "
                       "read before",
                       node.value->shape());
  }
  if (forgotten != nullptr) {
    fail<TapeError>(
        "checkpoint: in backward, the function did not read a parameter {} that it had read before",
        forgotten->value->shape());
  }
}

template <class T>
void Tape<T>::InnerRun::require_same_result(Variable<T> y) const {
  require<TapeError>(same_shape(result_.shape(), y.shape()) && result_.needs_grad(),
                     "checkpoint: in backward, the function gave '{}' {}{}, and {} before",
                     result_.op(), result_.shape(),
                     result_.needs_grad() ? "" : " without a gradient", y.shape());
  if (outer_.detects_anomaly_) {
    const Array<T>&now = result_.value(), &then = y.value();
    require<AnomalyError>(same_bits(now.data(), then.data(), now.size()),
                          "checkpoint: in backward, the function gave other numbers than before: "
                          "its random numbers come from tape().rng() of its arguments, and what it "
                          "reads must not change before backward() is done");
  }
}

/// Computes the gradients of the operands of y from that of y.
template <class T>
void Tape<T>::InnerRun::backward(Variable<T> y) {
  require_same_result(y);
  lend_gradients(y.node());
  inner_.differentiated_ = inner_.in_backward_ = true;
  inner_.accumulate(result_, y.grad());
  inner_.run_backward(result_, nullptr);
  for (const Loan& loan : loans_) {
    if (loan.inner->gradient == GradientState::present) {
      loan.outer->gradient = GradientState::present;
    }
  }
}

template <class T>
Variable<T> Tape<T>::checkpoint(const detail::CheckpointedCall<T>& call) {
  const Counted running(running_checkpoints_);
  for (const Variable<T>& input : call.inputs) {
    require<TapeError>(&input.tape() == this, "checkpoint: the operands live on different tapes");
  }
  RestoredRng restored{rng()};
  const Variable<T> y = compose(*this, [&] {
    if (!grad_enabled_) {
      return call.call(call.f, call.inputs);
    }
    detail::CheckpointedCall<T> with_rng = call;
    with_rng.rng = restored.before();
    InnerRun inner(*this, with_rng, scope_);
    inner.run();
    return inner.leave();
  });
  restored.leave();
  return y;
}

/// The backward function of checkpoint().
template <class T>
void Tape<T>::call_again(Variable<T> y, const detail::CheckpointedCall<T>& call) {
  const std::string place = this->place(y.node().index);
  const detail::ScopeFrame scope{
      nullptr, &place, [](const void* text) { return *static_cast<const std::string*>(text); }};
  const RestoredRng restored{rng()};
  rng() = call.rng;
  InnerRun inner(*this, call, place.empty() ? nullptr : &scope);
  inner.run();
  inner.backward(y);
}

#define XTAPE_INSTANTIATE(T)                                                    \
  template Variable<T> Tape<T>::checkpoint(const detail::CheckpointedCall<T>&); \
  template void Tape<T>::call_again(Variable<T>, const detail::CheckpointedCall<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
