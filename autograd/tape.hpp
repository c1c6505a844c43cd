#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/arena.hpp"
#include "autograd/inline_function.hpp"
#include "autograd/parameter_map.hpp"
#include "tensor/assign.hpp"
#include "tensor/rng.hpp"

namespace xtape {

template <class T>
class Tape;
template <class T>
struct Node;

namespace detail {

/// One of the scopes that a tape is in; see autograd/scope.hpp.
struct ScopeFrame {
  const ScopeFrame* outer;
  const void* name;
  std::string (*describe)(const void* name);
};

}  // namespace detail

/// A handle to a value on a tape: small, copied freely, valid until the tape is rewound or
/// destroyed. Using it after Tape::rewind() throws TapeError.
template <class T = float>
class Variable {
 public:
  /// The value computed when the variable was recorded.
  const Array<T>& value() const { return *node().value; }
  /// That of value(), and of grad().
  const Shape& shape() const { return value().shape(); }

  /// d(loss)/d(this variable), of the variable's shape, once Tape::backward has run.
  /// Throws TapeError when it has not, or when the loss does not depend on this variable.
  const Array<T>& grad() const;

  /// Whether a gradient flows to this variable: it is a parameter, or depends on one, and was not
  /// recorded under NoGrad.
  bool needs_grad() const { return node().needs_grad; }

  /// The only element of a variable that has one. Throws ShapeError when it has more or none.
  T item() const;

  /// The op that recorded it, "parameter", "frozen", "variable" or "constant".
  const char* op() const { return node().op; }

  /// Returns operand `i` of the op that recorded this variable. Throws TapeError when the op has
  /// fewer operands.
  Variable input(std::size_t i) const;

  /// The tape it was recorded on.
  Tape<T>& tape() const { return *node_->tape; }

 private:
  friend class Tape<T>;

  Variable(Node<T>& node, std::uint64_t recording) : node_(&node), recording_(recording) {}

  Node<T>& node() const {
    if (recording_ != node_->tape->recording_) [[unlikely]] {
      fail<TapeError>("stale Variable: recorded before Tape::rewind()");
    }
    return *node_;
  }

  Node<T>* node_;
  std::uint64_t recording_;
};

/// A backward closure: called with the op's own result, it passes y.grad() on to the inputs with
/// accumulate().
template <class T>
using Backward = InlineFunction<Variable<T>, 64>;

/// One recorded value. Nodes stay in place when the tape is rewound, and with them the memory of
/// their arrays.
template <class T>
struct Node {
  Tape<T>* tape = nullptr;              ///< The tape that it belongs to.
  const Array<T>* value = nullptr;      ///< Its own storage, or a model's parameter.
  std::uint64_t grad_of = 0;            ///< The recording whose gradient `grad` holds.
  std::size_t index = 0;                ///< Its place on the tape: an op comes after its inputs.
  const char* op = "";                  ///< As Variable::op().
  bool needs_grad = false;              ///< As Variable::needs_grad().
  std::span<const Node* const> inputs;  ///< What the op was recorded with; none for a leaf.
  Backward<T> backward;                 ///< Empty for a leaf, and where no gradient is needed.
  Array<T> storage;                     ///< Of a value that the tape owns.
  Array<T> grad;                        ///< Of `value`, where `grad_of` is the current recording.
};

/// The record of a computation, from which backward() derives gradients in reverse order.
///
/// A tape is used by one thread at a time; threads that work in parallel each have a tape of their
/// own, and may share the model. Record, call backward() once, read the gradients, rewind(), and
/// record again: a recording whose shapes repeat reuses all memory.
template <class T = float>
class Tape {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// A value that is not differentiated: an array (copied), an xtensor expression, a number, or a
  /// callable that writes the array itself, `[&](Array<T>& out) { ... }`. Throws ShapeError for an
  /// array without the elements of its shape, one that was moved from, and for one of more axes
  /// than max_rank; so does every function below that takes arrays or expressions.
  ///@{
  Variable<T> constant(const Array<T>& array);
  template <class Value>
  Variable<T> constant(const Value& value) {
    return leaf("constant", false, value);
  }
  ///@}

  /// An array that is not differentiated and not copied: it must neither move nor change while the
  /// recording is used.
  Variable<T> constant_view(const Array<T>& array);
  Variable<T> constant_view(const Array<T>&&) = delete;

  /// A copy of a value whose gradient is wanted, read from the Variable: `x.grad()`.
  ///@{
  Variable<T> variable(const Array<T>& array);
  template <class Value>
  Variable<T> variable(const Value& value) {
    return leaf("variable", grad_enabled_, value);
  }
  ///@}

  /// The model's own array, identified by its address and not copied: it must neither move nor
  /// change before backward() is done. Asking again for the same array gives the same Variable.
  Variable<T> parameter(const Array<T>& array);
  Variable<T> parameter(const Array<T>&&) = delete;  // a temporary would be gone before backward()

  /// Makes a parameter a constant of this recording: no gradient is computed for it, and
  /// parameter() returns the same Variable. Throws TapeError if the recording already
  /// differentiates the parameter.
  ///@{
  Variable<T> freeze(const Array<T>& parameter);
  Variable<T> freeze(const Array<T>&& parameter) = delete;
  ///@}

  /// True if freeze() was called for the parameter in this recording.
  bool is_frozen(const Array<T>& parameter) const;

  /// Computes the gradient of `loss`, which must have one element, with respect to all that it
  /// depends on, once for each recording. Throws ShapeError when the loss is no scalar, TapeError
  /// when it depends on no parameter, when this recording has been differentiated already, or when
  /// a parameter has been resized or moved since it was recorded. That its elements were assigned
  /// to is noticed under detect_anomaly(). What an op's backward throws passes through. Whatever is
  /// thrown, the tape is as it was before.
  void backward(Variable<T> loss);

  /// The gradient of a parameter. Throws TapeError when this recording has none.
  ///@{
  const Array<T>& grad(const Array<T>& parameter) const;
  Array<T>& grad(const Array<T>& parameter);
  ///@}

  /// The gradient of a parameter, or nullptr when this recording has none.
  Array<T>* find_grad(const Array<T>& parameter) const;

  /// Forgets the recording, keeps its memory; its Variables become stale. Throws within backward().
  void rewind();

  /// Whether backward() has been called on this recording.
  bool differentiated() const { return differentiated_; }

  /// How many values are recorded.
  std::size_t size() const { return size_; }

  /// The value recorded as number `index`, below size(), for what looks into a tape: see
  /// autograd/check/dot.hpp. An op comes after its inputs.
  const Node<T>& node(std::size_t index) const { return at(index); }

  /// While on, the tape looks for the first number that goes bad: recording a value, or computing a
  /// gradient, that is NaN or infinite throws AnomalyError, which names the op, where it is in the
  /// model (see Scope), the first bad element, and what the op worked on. backward() throws it also
  /// when the elements of a parameter, or of a constant_view(), have changed since it was recorded:
  /// the gradient would be that of a mixture. This is noticed of arrays that were recorded while
  /// detection was on. It copies parameters and reads every array once more, so it is for finding a
  /// fault and not for training; off, it costs nothing.
  void detect_anomaly(bool on) { detects_anomaly_ = on; }

  /// Whether it looks for them.
  bool detects_anomaly() const { return detects_anomaly_; }

  /// Whether ops record how to differentiate them; see NoGrad.
  bool grad_enabled() const { return grad_enabled_; }

  /// The random numbers of ops that need some, such as dropout. Seed it with `tape.rng() =
  /// Rng{seed}`.
  Rng& rng() { return rng_; }

  /// Room for `count` trivial objects that an op must remember until the next rewind().
  template <class U>
  std::span<U> keep(std::size_t count) {
    return arena_.allocate<U>(count);
  }

  /// Records an op; see record() in autograd/record.hpp.
  template <class Forward>
  Variable<T> record(const char* op, std::span<const Variable<T>> inputs, Forward&& forward,
                     const Backward<T>& backward);

  /// Adds to a gradient; see accumulate() in autograd/record.hpp.
  template <class Contribution>
  void accumulate(Variable<T> x, const Contribution& contribution) {
    add_to_gradient(x.node(), contribution);
  }

  /// Adds contribution() to the gradient of operand `i` of y, if that needs one; see define() in
  /// autograd/define.hpp.
  template <class Contribution>
  void pass_on(Variable<T> y, std::size_t i, const Contribution& contribution) {
    Node<T>& operand = const_cast<Node<T>&>(*y.node_->inputs[i]);
    if (operand.needs_grad) {
      add_to_gradient(operand, contribution());
    }
  }

 private:
  template <class Contribution>
  void add_to_gradient(Node<T>& node, const Contribution& contribution);

  friend class Variable<T>;
  template <class U>
  friend class NoGrad;
  template <class U, class Name>
  friend class Scope;
  template <class U, class Ops>
  friend std::invoke_result_t<Ops&> compose(Tape<U>& tape, Ops&& ops);

  static constexpr std::size_t chunk_size = 64;
  static constexpr const char* frozen = "frozen";  // the op of a parameter that is a constant

  Node<T>& at(std::size_t index) const { return chunks_[index / chunk_size][index % chunk_size]; }

  /// The next node in line, which becomes part of the recording with commit().
  Node<T>& next() {
    if (size_ == chunks_.size() * chunk_size) {
      grow();
    }
    return at(size_);
  }
  Variable<T> commit(Node<T>& node, const char* op, const Array<T>* value, bool needs_grad,
                     std::span<const Node<T>* const> inputs = {}) {
    node.op = op;
    node.value = value;
    node.needs_grad = needs_grad;
    node.inputs = inputs;
    if (detects_anomaly_) [[unlikely]] {
      check_value(node);
    }
    ++size_;
    return {node, recording_};
  }
  void grow();

  /// An array of the caller's that becomes the value of a node.
  struct Borrowed {
    std::size_t node;
    const T* data;
    std::span<const std::size_t> shape;
    std::span<const T> elements;  // as they were recorded, while anomalies are detected
  };
  Node<T>* find_parameter(const Array<T>& array) const;
  void borrow(const char* op, const Node<T>& node, const Array<T>& array);
  void require_unchanged() const;

  void check_elements(const Node<T>& node, std::span<const T> then) const;
  void check_value(const Node<T>& node);
  void check_gradients(const Node<T>& node) const;

  template <class Value>
  Variable<T> leaf(const char* op, bool needs_grad, const Value& value) {
    Node<T>& node = next();
    if constexpr (std::is_arithmetic_v<Value>) {
      resize(node.storage, Shape{});
      node.storage.data()[0] = static_cast<T>(value);
    } else if constexpr (Expression<Value>) {
      assign(op, node.storage, value);
    } else {
      value(node.storage);
      require_sound(op, node);
    }
    node.backward = {};
    return commit(node, op, &node.storage, needs_grad);
  }

  /// Throws TapeError when the callable that was to fill `node` has recorded values itself,
  /// ShapeError when it left an array without the elements of its shape.
  void require_sound(const char* op, const Node<T>& node) const {
    if (size_ != node.index) [[unlikely]] {
      fail<TapeError>("{}: its callable records on the tape; record those values before it", op);
    }
    require_whole(op, node.storage);
  }

  void run_backward(Variable<T> loss);

  std::vector<std::unique_ptr<Node<T>[]>> chunks_;  // never shrinks, so that addresses stay
  std::size_t size_ = 0;
  std::uint64_t recording_ = 1;
  bool grad_enabled_ = true;
  bool differentiated_ = false;
  bool in_backward_ = false;
  bool detects_anomaly_ = false;
  const detail::ScopeFrame* scope_ = nullptr;  // the innermost
  std::vector<std::string> places_;            // of nodes recorded while anomalies are detected
  std::vector<Borrowed> borrowed_;
  ParameterMap<Node<T>> parameters_;
  Arena arena_;
  Array<T> scratch_;
  Rng rng_;
};

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

template <class T>
const Array<T>& Variable<T>::grad() const {
  Node<T>& self = node();
  if (self.grad_of != recording_) [[unlikely]] {
    fail<TapeError>("'{}' has no gradient: {}", self.op,
                    !self.needs_grad             ? "nothing it depends on needs one"
                    : self.tape->differentiated_ ? "the loss does not depend on it"
                                                 : "Tape::backward has not been called");
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
  if (i >= self.inputs.size()) [[unlikely]] {
    fail<TapeError>("input: '{}' has {} operands, and no operand {}", self.op, self.inputs.size(),
                    i);
  }
  return {const_cast<Node<T>&>(*self.inputs[i]), recording_};
}

extern template class Tape<float>;
extern template class Tape<double>;

}  // namespace xtape
