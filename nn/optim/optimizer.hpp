#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"
#include "nn/optim/factors.hpp"
#include "nn/optim/learning_rate.hpp"

namespace xtape::nn {

namespace detail {

/// Returns the gradient of a parameter of `user`'s model, or null if the parameter is frozen.
/// Throws TapeError if the tape has no gradient of another parameter. Throws ShapeError if gradient
/// and parameter differ in shape, or if either was moved from. Both messages name the parameter.
template <class T>
Array<T>* gradient_of(const char* user, const ParameterName& name, const Array<T>& parameter,
                      const Tape<T>& tape);

}  // namespace detail

/// The base class of all optimizers. An optimizer reads the gradient of every parameter of a model
/// from a tape, and changes the parameters in place. An optimizer does not allocate after the first
/// step.
///
/// An optimizer that was moved from throws ValueError if it is used or saved. It has no steps and
/// no slots.
///
/// To write your own optimizer, derive from this class, pass a name to the constructor, and define
/// rate(), prepare() and update().
template <class T>
class Optimizer {
 public:
  /// The state of one parameter between steps, in arrays of its shape: its velocity (SGD), or its
  /// first and second moment (Adam).
  struct Slot {
    const Array<T>* parameter;    ///< The array in the model.
    std::vector<Array<T>> state;  ///< state_count() arrays.
  };

  virtual ~Optimizer() = default;

  /// Changes all parameters of `model` by one step along the gradients of the last Tape::backward
  /// on `tape`. Parameters that the recording freezes do not change, and neither does their state.
  ///
  /// Strong exception guarantee. Throws TapeError, with the name of the parameter, if a parameter
  /// has no gradient, or if two visit lines name the same array. The same error reports that the
  /// first step was with another model, or with this one before its parameters moved. Throws
  /// ShapeError if a gradient does not have the shape of its parameter, or if either was moved
  /// from. Throws ValueError if an option is out of range, or if factors apply to no parameter.
  template <class Model>
  void step(Model&& model, const Tape<T>& tape) {
    const std::size_t state_count = this->state_count();
    const double rate = learning_rate();
    gather(model,
           [&](const ParameterName& name, Array<T>& parameter) { collect(name, parameter, tape); });
    apply(state_count, rate);
  }

  /// Changes all parameters of `model` by one step along `gradients`, one for each parameter, in
  /// the order of the visit lines. Throws ShapeError if the number of gradients differs. Other
  /// errors are those of step(model, tape).
  template <class Model>
  void step(Model&& model, std::span<const Array<T>> gradients) {
    const std::size_t state_count = this->state_count();
    const double rate = learning_rate();
    gather(model, [&](const ParameterName& name, Array<T>& parameter) {
      collect(name, parameter, gradients);
    });
    require<ShapeError>(updates_.size() == gradients.size(),
                        "{}: got {} gradients for {} parameters", name_, gradients.size(),
                        updates_.size());
    apply(state_count, rate);
  }

  /// Calls Tape::backward for `loss` and makes the step during it: each parameter changes as soon
  /// as its gradient is complete, and is read from the cache. The results are bit-identical to
  /// those of backward() and step(). For wide networks on few threads, this takes less time. The
  /// gradients stay on the tape.
  ///
  ///     optimizer.backward_and_step(model, tape, loss);
  ///
  /// Nothing can look at all gradients before the step. So to clip them by their norm, or to
  /// average them over batches or processes, call backward() and step(). A parameter of the model
  /// must not be recorded by constant_view() as well, because it changes before backward() is done.
  ///
  /// Throws as step() and Tape::backward do. Everything that step() checks is checked before the
  /// backward pass, except that an op passes no gradient on. If this throws before the first
  /// parameter has changed, the optimizer and the model have not changed. If it throws later, the
  /// parameters whose gradients were complete have made the step, the others have not, and steps()
  /// counts the step.
  template <class Model>
  void backward_and_step(Model&& model, Tape<T>& tape, Variable<T> loss) {
    const std::size_t state_count = this->state_count();
    const double rate = learning_rate();
    find_reached(tape, loss);
    gather(model,
           [&](const ParameterName& name, Array<T>& parameter) { expect(name, parameter, tape); });
    differentiate(state_count, rate, tape, loss);
  }

  /// Returns the learning rate of the next step. Throws ValueError unless it is finite and at least
  /// 0.
  double learning_rate() const {
    require_usable();
    return checked(rate());
  }

  /// Reports the current score of the model to a learning rate made by on_plateau(). Other rates
  /// ignore it. Throws ValueError if the score does not say whether higher is better.
  void report(const Score& score) {
    require_usable();
    plateau_ = rate().after(plateau_, score);
  }

  /// Returns the state of on_plateau() after all reports.
  const Plateau& plateau() const { return plateau_; }

  /// Resets the optimizer to its state before the first step and report. The options do not change.
  /// The next step may be with another model.
  void reset();

  /// Restores the state of an optimizer of the same kind, from its slots(), steps() and plateau().
  /// Each slot must refer to a parameter of the model that is passed to the next step().
  ///
  /// Strong exception guarantee. Throws ShapeError if an array does not have the shape of its
  /// parameter, or was moved from. Throws ValueError if a slot has no parameter, or if it does not
  /// have state_count() arrays.
  void restore(std::vector<Slot> slots, std::size_t steps, const Plateau& plateau = {});

  /// Returns the name: "SGD", "Adam", "AdamW".
  const char* name() const { return name_; }

  /// Returns the number of state arrays per parameter, which depends on the options. Throws
  /// ValueError if an option is out of range.
  std::size_t state_count() const {
    require_usable();
    return prepare();
  }

  /// Throws ValueError, with the name of the optimizer, if it was moved from.
  void require_usable() const { require<ValueError>(!moved_from_, "{}: it was moved from", name_); }

  /// True if array `index` of a slot's state holds squares, which are never negative.
  virtual bool holds_squares(std::size_t /*index*/) const { return false; }

  /// Returns the number of steps made.
  std::size_t steps() const { return steps_; }

  /// Returns the parameters of the model of the first step, in the order of its visit lines. Before
  /// that step, the result is empty.
  std::vector<const Array<T>*> parameters() const;

  /// Returns one slot for each parameter, in the order of parameters(). The result is empty until a
  /// step needs slots. SGD without momentum needs none.
  const std::vector<Slot>& slots() const { return slots_; }

  /// Calls `f(Array<T>&)` for each state array of slots(), in their order. `f` may change the
  /// numbers, and not the shape.
  template <class F>
  void for_each_state(F&& f) {
    for (Slot& slot : slots_) {
      for (Array<T>& state : slot.state) {
        f(state);
      }
    }
  }

 protected:
  /// Creates an optimizer. `name` must be a string literal, or outlive the optimizer. An optimizer
  /// resumes only checkpoints with its name.
  explicit Optimizer(const char* name) : name_(name) {}

  /// Copies or moves an optimizer, for derived classes. A copy has the slots and the steps of the
  /// original.
  ///@{
  Optimizer(const Optimizer&) = default;
  Optimizer(Optimizer&& other) noexcept : name_(other.name_) { take(other); }
  Optimizer& operator=(const Optimizer&) = default;
  Optimizer& operator=(Optimizer&& other) noexcept {
    take(other);
    return *this;
  }
  ///@}

  /// Returns the learning rate of the options.
  virtual const LearningRate& rate() const = 0;

  /// Returns the factors of the options. By default, there are none.
  virtual const ParameterFactors& factors() const;

  /// Returns the number of state arrays per parameter. Throws ValueError if an option is out of
  /// range.
  virtual std::size_t prepare() const = 0;

  /// Changes one parameter by a step with this learning rate, which contains the parameter's
  /// factor. `decay` is the parameter's factor of weight decay. The arrays in `state` are 0 before
  /// the first step. steps() already counts this step. Must not throw.
  virtual void update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
                      double learning_rate, double decay) = 0;

  /// Returns the learning rate of the next step. Throws ValueError unless it is finite and at least
  /// 0.
  double checked(const LearningRate& rate) const;

 private:
  struct Update {
    Array<T>* parameter;
    const Array<T>* grad;  // null: frozen
    Factors by;
  };

  /// A parameter of the model of the first step.
  struct Known {
    const Array<T>* parameter;
    Shape shape;
  };

  /// Calls `collect` for each parameter, to fill updates_ for a step.
  template <class Model, class Collect>
  void gather(Model&& model, Collect collect) {
    updates_.clear();
    used_factors_.assign(factors().size(), false);
    for_each_parameter(model, collect);
  }

  void take(Optimizer& other) noexcept;
  void collect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape);
  void collect(const ParameterName& name, Array<T>& parameter, std::span<const Array<T>> gradients);
  void add(const ParameterName& name, Array<T>& parameter, const Array<T>* grad);
  void apply(std::size_t state_count, double rate);
  void require_applicable(std::size_t state_count) const;
  void begin(std::size_t state_count);
  void change(std::size_t index, const Array<T>& grad, double rate);

  void find_reached(const Tape<T>& tape, Variable<T> loss);
  void expect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape);
  std::size_t find_update(const Array<T>& parameter, std::size_t before) const;
  void differentiate(std::size_t state_count, double rate, Tape<T>& tape, Variable<T> loss);
  void require_gradients(const Tape<T>& tape, std::size_t changed) const;

  const char* name_;
  bool moved_from_ = false;
  std::size_t steps_ = 0;
  Plateau plateau_;
  std::vector<Known> model_;  // empty before the first step
  std::vector<Slot> slots_;
  std::vector<Update> updates_;     // of the current step. Reused for its memory
  std::vector<bool> used_factors_;  // in the current step, by their index in factors()

  // The state of the current backward_and_step().
  std::vector<bool> leads_to_loss_;       // by the index of a node
  std::vector<const Array<T>*> reached_;  // the leaves that need a gradient of the loss, sorted
};

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace xtape::nn
