#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/dual_tape.hpp"
#include "autograd/gradient_hook.hpp"
#include "autograd/leaf_value.hpp"
#include "autograd/observation.hpp"
#include "autograd/parameter_map.hpp"
#include "autograd/scope_frame.hpp"
#include "autograd/spare_memory.hpp"
#include "autograd/variable.hpp"
#include "tensor/arena.hpp"
#include "tensor/assign.hpp"
#include "tensor/narrowing.hpp"
#include "tensor/rng.hpp"

namespace xtape {

namespace detail {
template <class T>
struct CheckpointedCall;  // see autograd/checkpoint.hpp
}

/// The recording of a computation. backward() computes its gradients in reverse order.
///
/// A tape is used by one thread at a time. Parallel threads each have a tape of their own, and may
/// share the model. Record, call backward() once, read the gradients, rewind(), and record again. A
/// recording whose shapes repeat reuses all memory.
///
/// A tape of Dual numbers computes second derivatives. See DualTape. The arrays of the model are
/// plain numbers there, too.
template <class T = float>
class Tape : public DualTape<T> {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape() { destroy_nodes(); }

  /// Records a value that is not differentiated: an array (copied), an xtensor expression, a
  /// number, or a callable that writes the array, `[&](Array<T>& out) { ... }`. An array of more
  /// digits, as double on a Tape<float>, does not compile. Write `xt::cast<float>(array)`. Throws
  /// ShapeError for an array without the elements of its shape, one that was moved from, or one of
  /// more axes than max_rank. So does every function below that takes arrays or expressions.
  ///@{
  Variable<T> constant(const Array<T>& array);
  template <class Value>
  Variable<T> constant(const Value& value) {
    return leaf("constant", false, value);
  }
  ///@}

  /// Records an array that is neither differentiated nor copied. It must not move or change while
  /// the recording is in use.
  Variable<T> constant_view(const Array<Real<T>>& array);
  Variable<T> constant_view(const Array<Real<T>>&&) = delete;

  /// Records a copy of a value to differentiate with respect to. Its gradient is `x.grad()`.
  ///@{
  Variable<T> variable(const Array<T>& array);
  template <class Value>
  Variable<T> variable(const Value& value) {
    return leaf("variable", grad_enabled_, value);
  }
  ///@}

  /// Records the model's own array. It is identified by its address and not copied. It must not
  /// move or change before backward() has finished. Recording the same array again returns the same
  /// Variable.
  Variable<T> parameter(const Array<Real<T>>& array);
  Variable<T> parameter(const Array<Real<T>>&&) = delete;  // it is gone before backward()

  /// Makes a parameter a constant of this recording: no gradient is computed for it, and
  /// parameter() returns the same Variable. Throws TapeError if the recording already
  /// differentiates the parameter.
  ///@{
  Variable<T> freeze(const Array<Real<T>>& parameter);
  Variable<T> freeze(const Array<Real<T>>&& parameter) = delete;
  ///@}

  /// True if freeze() was called for the parameter in this recording.
  bool is_frozen(const Array<Real<T>>& parameter) const;

  /// Computes the gradient of `loss`, a scalar, with respect to everything that it depends on.
  /// keep_gradients() says which gradients stay. Call it once per recording, or see retain_graph().
  /// Throws ShapeError if the loss has not exactly one element. Throws TapeError if the loss
  /// depends on no parameter, if this recording was already differentiated, or if a parameter was
  /// resized or moved since it was recorded. Changed elements of a parameter are detected under
  /// detect_anomaly(). Exceptions of an op's backward pass through. If backward() refuses to begin,
  /// nothing changes. If it throws later, the recording has no gradients.
  void backward(Variable<T> loss) { differentiate(loss, nullptr, nullptr); }

  /// Computes the gradient of sum(cotangent * y) for a y of any shape: the product of `cotangent`
  /// and the Jacobian of y. Throws TapeError as backward(loss), and ShapeError if the cotangent has
  /// another shape than y.
  ///@{
  void backward(Variable<T> y, const Array<T>& cotangent) { differentiate(y, &cotangent, nullptr); }
  template <Expression E>
  requires(loses_digits<E, T>) void backward(Variable<T> y, const E& cotangent) = delete;
  ///@}

  /// Computes the gradient as backward(loss), and throws as it does. Calls
  /// `hook(const Array<Real<T>>& parameter, Array<T>& grad)` for each parameter with a gradient, as
  /// soon as the gradient is complete. The calls have the order in which the gradients complete.
  /// The rest of the backward pass follows, so the hook can begin to send a gradient while others
  /// are computed. It may change the gradient, and must not record. Values from variable() are not
  /// parameters. Allocates nothing if the recording repeats.
  template <GradientHook<T> Hook>
  void backward(Variable<T> loss, Hook&& hook) {
    const detail::HookReference<T> reference(hook);
    differentiate(loss, nullptr, &reference);
  }

  /// Returns the gradient of a parameter. Throws TapeError if this recording has none.
  ///@{
  const Array<T>& grad(const Array<Real<T>>& parameter) const;
  Array<T>& grad(const Array<Real<T>>& parameter);
  ///@}

  /// Returns the gradient of a parameter, or nullptr if this recording has none.
  Array<T>* find_grad(const Array<Real<T>>& parameter) const;

  /// Notes what this recording says of a buffer of the model, which does not change. Later,
  /// nn::update_statistics() lets the buffers take in what was observed of them. `values` must be
  /// valid until rewind(), like memory from keep(). Throws ShapeError unless there is one value for
  /// each element of the buffer. On a tape of Dual numbers, the values are plain numbers.
  void observe(const Array<Real<T>>& buffer, std::span<const Real<T>> values,
               Statistic statistic = Statistic::average);

  /// Returns what this recording has observed, in order. Other values may replace an observation,
  /// for example their mean over several processes.
  ///@{
  std::span<const Observation<Real<T>>> observations() const { return observations_; }
  std::span<Observation<Real<T>>> observations() { return observations_; }
  ///@}

  /// Empties the recording and keeps its memory. All Variables become stale. Throws TapeError if
  /// called within backward().
  void rewind();

  /// Empties the recording and frees its memory, for example after an unusually large one. The next
  /// recording allocates again. All Variables become stale. Settings and rng() stay. Throws
  /// TapeError if called within backward() or checkpoint(). A callable that writes the value of an
  /// op must not call it.
  void release();

  /// Returns the number of bytes that the tape has allocated for nodes, for their arrays of up to
  /// 128 bytes, and for memory from keep(), also within checkpoint(). Larger arrays have memory of
  /// their own.
  std::size_t memory() const {
    const std::size_t inner = inner_ == nullptr ? 0 : inner_->memory();
    return memory_.capacity() + arena_.capacity() + inner;
  }

  /// True if backward() has been called on this recording.
  bool differentiated() const { return differentiated_; }

  /// Returns the number of recorded values.
  std::size_t size() const { return size_; }

  /// Returns the node with number `index`, below size(). For tools that inspect a tape: see
  /// autograd/check/dot.hpp. An op comes after its inputs.
  const Node<T>& node(std::size_t index) const { return at(index); }

  /// Sets whether backward() keeps the gradients of the results of ops. By default it does not. As
  /// soon as an op has passed its gradient on, another gradient takes the memory. This saves about
  /// a third of the memory of a training step of a convolutional network. The gradients of
  /// parameters and of variable() are always kept. To keep a single one, see
  /// Variable::retain_grad().
  void keep_gradients(bool on) { keeps_gradients_ = on; }

  /// True if backward() keeps the gradients of the results of ops.
  bool keeps_gradients() const { return keeps_gradients_; }

  /// Sets whether backward() may be called again on a recording, as for each row of a Jacobian.
  /// Each call replaces the gradients of the call before. (With PyTorch's retain_graph, they add
  /// up.) The parameters must not change between the calls.
  void retain_graph(bool on) { retains_graph_ = on; }

  /// True if backward() may be called again on a recording.
  bool retains_graph() const { return retains_graph_; }

  /// Switches anomaly detection on or off. While it is on, recording a value or computing a
  /// gradient that is NaN or infinite throws AnomalyError. The message names the op, its place in
  /// the model (see Scope), the first bad element, and the inputs of the op. backward() also throws
  /// it if elements of a parameter or of a constant_view() have changed since they were recorded.
  /// The gradient would mix old and new values. This applies to arrays that were recorded while
  /// detection was on. Detection copies parameters and reads every array once more, so use it to
  /// find an error, not to train. When it is off, it costs nothing.
  void detect_anomaly(bool on) { detects_anomaly_ = on; }

  /// True if anomaly detection is on.
  bool detects_anomaly() const { return detects_anomaly_; }

  /// Switches on or off that the tape notes the place in the model (see Scope) of each value.
  void note_places(bool on) { notes_places_ = on; }

  /// Returns the place of a node, "layer 2 (Residual of 3), layer 0 (ReLU)", or an empty text.
  std::string place(std::size_t index) const;

  /// True if ops record their backward functions. See NoGrad.
  bool grad_enabled() const { return grad_enabled_; }

  /// Returns the random number generator for ops such as dropout. Seed it with
  /// `tape.rng() = Rng{seed}`.
  Rng& rng() { return outer_ == nullptr ? rng_ : outer_->rng(); }

  /// Returns memory for `count` trivial objects. It belongs to an op, and is valid until the next
  /// rewind().
  template <class U>
  std::span<U> keep(std::size_t count) {
    return arena_.allocate<U>(count);
  }

  /// Records an op. See record() in autograd/record.hpp.
  template <class Forward>
  Variable<T> record(const Operation& op, std::span<const Variable<T>> inputs, Forward&& forward,
                     const Backward<T>& backward);

  /// Records a call that backward() makes again. See checkpoint() in autograd/checkpoint.hpp.
  Variable<T> checkpoint(const detail::CheckpointedCall<T>& call);

  /// Adds to a gradient. See accumulate() in autograd/record.hpp.
  template <class Contribution>
  void accumulate(Variable<T> x, const Contribution& contribution) {
    add_to_gradient(x.node(), contribution);
  }

  /// Adds contribution() to the gradient of operand `i` of y, if that needs one. See define() in
  /// autograd/define.hpp.
  template <class Contribution>
  void pass_on(Variable<T> y, std::size_t i, const Contribution& contribution) {
    Node<T>& operand = const_cast<Node<T>&>(*y.node().inputs()[i]);
    if (operand.needs_grad) {
      add_to_gradient(operand, contribution());
    }
  }

 private:
  template <class Contribution>
  void add_to_gradient(Node<T>& node, const Contribution& contribution);
  template <class Contribution>
  void add_expression(Array<T>& grad, const Contribution& contribution, bool first, const char* op);
  template <class Contribution>
  void add_broadcast(Array<T>& grad, const Contribution& contribution, bool first, const char* op);

  class InnerRun;  // one run of a function of checkpoint()
  void call_again(Variable<T> y, const detail::CheckpointedCall<T>& call);

  friend class Variable<T>;
  friend class DualTape<T>;
  template <class U>
  friend class NoGrad;
  template <class U, class Name>
  friend class Scope;
  template <class U, class Ops>
  friend std::invoke_result_t<Ops&> compose(Tape<U>& tape, Ops&& ops);

  static constexpr std::size_t chunk_size = 64;
  // The op of a parameter that is a constant. An array, because a literal may have another address
  // in each source.
  static constexpr char frozen[] = "frozen";
  static constexpr char viewed[] = "constant";  // the op of a constant_view()

  void keep_details(Node<T>& node, const Operation& op, std::span<const Variable<T>> inputs,
                    const Backward<T>* backward);

  Node<T>& at(std::size_t index) const { return chunks_[index / chunk_size][index % chunk_size]; }

  /// Returns the next free node. It joins the recording with commit() or commit_leaf().
  Node<T>& next() {
    if (size_ == chunks_.size() * chunk_size) {
      grow();
    }
    return at(size_);
  }
  /// Lets a node without inputs join the recording.
  Variable<T> commit_leaf(Node<T>& node, const char* op, const Array<T>* value, bool needs_grad) {
    node.details = {};
    return commit(node, op, value, needs_grad);
  }
  /// Lets a node join the recording that keep_details() has given its details.
  Variable<T> commit(Node<T>& node, const char* op, const Array<T>* value, bool needs_grad) {
    node.op = op;
    node.value = value;
    node.needs_grad = needs_grad;
    node.retains_grad = false;
    node.gradient = GradientState::none;
    if constexpr (is_dual<T>) {
      node.source = nullptr;
      if (!needs_grad && value == &node.storage) {
        node.storage.storage().drop_tangents();  // as the gradient ends here, so does the tangent
      }
    }
    if (detects_anomaly_ || notes_places_) [[unlikely]] {
      watch(node);
    }
    ++size_;
    return {*this, node};
  }
  void grow();
  void destroy_nodes();

  /// An array of the caller that a node reads where it is.
  struct Borrowed {
    std::size_t node;
    const char* what;
    const Array<Real<T>>* array;
    const Real<T>* data;
    std::span<const std::size_t> shape;
    std::span<const Real<T>> elements;  // a copy, made under anomaly detection
  };
  Node<T>* find_parameter(const Array<Real<T>>& array) const;
  void borrow(const char* what, std::size_t node, const Array<Real<T>>& array);
  Variable<T> commit_borrowed(const char* op, const Array<Real<T>>& array, bool needs_grad);
  void require_unchanged() const;

  void check_elements(const Borrowed& then) const;
  void watch(const Node<T>& node);
  void check_value(const Node<T>& node) const;
  void check_gradients(const Node<T>& node) const;

  template <class Value>
  Variable<T> leaf(const char* op, bool needs_grad, const Value& value) {
    Node<T>& node = next();
    detail::write_leaf(op, value, memory_, node.storage);
    require_sound(op, node);
    return commit_leaf(node, op, &node.storage, needs_grad);
  }

  /// Throws TapeError if the callable that fills `node` has recorded values itself. Throws
  /// ShapeError if it left an array that is not whole.
  void require_sound(const char* op, const Node<T>& node) const {
    if (size_ != node.index) [[unlikely]] {
      fail<TapeError>("{}: its callable records on the tape; record those values before it", op);
    }
    require_whole(op, node.storage);
  }

  void differentiate(Variable<T> y, const Array<T>* cotangent,
                     const detail::HookReference<T>* hook);
  void require_seed(Variable<T> y, const Array<T>* cotangent) const;
  void forget_gradients();
  void run_backward(Variable<T> loss, const detail::HookReference<T>* hook);
  void find_last_contributions(const Node<T>& loss);
  void announce_finished(const Node<T>& op, const detail::HookReference<T>& hook);
  bool shares_gradient(const Node<T>& node) const {
    return !keeps_gradients_ && !node.retains_grad && !node.inputs().empty();
  }
  void give_gradient_away(Node<T>& node);

  Arena memory_;                  // of the nodes, and of their small arrays
  std::vector<Node<T>*> chunks_;  // nodes stay where they are
  std::size_t size_ = 0;
  std::uint64_t recording_ = 1;
  bool grad_enabled_ = true;
  bool differentiated_ = false;
  bool in_backward_ = false;
  bool detects_anomaly_ = false, notes_places_ = false;
  bool keeps_gradients_ = false;
  bool retains_graph_ = false;
  const detail::ScopeFrame* scope_ = nullptr;  // the innermost
  std::vector<std::string> places_;            // of the nodes that were watched
  std::vector<Borrowed> borrowed_;
  std::vector<Observation<Real<T>>> observations_;
  ParameterMap<Node<T>> parameters_;
  Arena arena_;                                  // of this recording
  std::vector<std::size_t> last_contributions_;  // see find_last_contributions()
  Array<T> scratch_;
  SpareMemory<T> spare_;  // of gradients that were given away
  Rng rng_;
  Tape* outer_ = nullptr;        // the tape whose checkpoint() uses this one
  std::unique_ptr<Tape> inner_;  // records the functions of checkpoint()
  std::size_t running_checkpoints_ = 0;
};

extern template class Tape<float>;
extern template class Tape<double>;

}  // namespace xtape
