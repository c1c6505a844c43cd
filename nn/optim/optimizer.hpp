#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"
#include "nn/optim/learning_rate.hpp"

namespace xtape::nn {

namespace detail {

/// The gradient of a parameter of `user`'s model. Throws TapeError when the tape has none, and
/// ShapeError when it is not of the parameter's shape or either was moved from; both name the
/// parameter.
template <class T>
Array<T>& gradient_of(const char* user, const ParameterName& name, const Array<T>& parameter,
                      const Tape<T>& tape);

}  // namespace detail

/// What all optimizers share: they read the gradient of every parameter of a model from a tape and
/// change the parameters in place. After the first step they allocate nothing.
///
/// A class of one's own derives from it, gives its name to the constructor, and defines rate(),
/// prepare() and update().
template <class T>
class Optimizer {
 public:
  /// What is kept of one parameter from step to step, in arrays of its shape: its velocity (SGD),
  /// or its first and second moment (Adam).
  struct Slot {
    const Array<T>* parameter;    ///< The model's own array.
    std::vector<Array<T>> state;  ///< As many as state_count() says.
  };

  virtual ~Optimizer() = default;

  /// Changes all parameters of `model` by one step along the gradients that Tape::backward left in
  /// `tape`.
  ///
  /// Throws TapeError, naming the parameter, when one has no gradient, or when the first step was
  /// with another model (or with this one before its parameters moved), or when two visit lines
  /// name the same array; ShapeError when a gradient is not of the parameter's shape or either was
  /// moved from; ValueError when the options are out of range. Then nothing has changed.
  template <class Model>
  void step(Model&& model, const Tape<T>& tape) {
    const std::size_t state_count = prepare();
    const double rate = learning_rate();
    updates_.clear();
    for_each_parameter(model, [&](const ParameterName& name, Array<T>& parameter) {
      collect(name, parameter, tape);
    });
    apply(state_count, rate);
  }

  /// Returns the learning rate of the next step. Throws ValueError unless it is finite and at least
  /// 0.
  double learning_rate() const { return checked(rate()); }

  /// Tells a learning rate made by on_plateau() how good the model is now; other rates ignore it.
  /// Throws ValueError if the score does not say whether higher is better.
  void report(const Score& score) { plateau_ = rate().after(plateau_, score); }

  /// Returns what the reports so far have come to.
  const Plateau& plateau() const { return plateau_; }

  /// Forgets all earlier steps and reports, but not the options. The next step may be with another
  /// model.
  void reset();

  /// Continues where an optimizer of the same kind stood when it had `slots()`, `steps()` and
  /// `plateau()`. Each slot must name a parameter of the model that is passed to the next step().
  /// Throws ShapeError if an array is not of its parameter's shape or was moved from, ValueError if
  /// a slot has no parameter, or more or fewer arrays than the options want. Then nothing has
  /// changed.
  void restore(std::vector<Slot> slots, std::size_t steps, const Plateau& plateau = {});

  /// "SGD", "Adam", "AdamW".
  const char* name() const { return name_; }

  /// How many arrays of state the options want for each parameter. Throws ValueError when they are
  /// out of range.
  std::size_t state_count() const { return prepare(); }

  /// How many steps have been made.
  std::size_t steps() const { return steps_; }

  /// The parameters of the model that the first step was with, in the order of its visit lines.
  /// Empty before that step.
  std::vector<const Array<T>*> parameters() const;

  /// One slot for each parameter, in the same order. Empty until a step needs one; SGD without
  /// momentum never does.
  const std::vector<Slot>& slots() const { return slots_; }

 protected:
  /// `name` must stay: a string literal. A checkpoint is taken up only by an optimizer of the name
  /// that it was saved with.
  explicit Optimizer(const char* name) : name_(name) {}

  /// For derived classes: a copy begins with the slots and the steps of the original.
  ///@{
  Optimizer(const Optimizer&) = default;
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(const Optimizer&) = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  ///@}

  /// Returns the learning rate of the options.
  virtual const LearningRate& rate() const = 0;

  /// Returns how many arrays of state each parameter needs. Throws ValueError if the options are
  /// out of range.
  virtual std::size_t prepare() const = 0;

  /// Changes one parameter by a step of this learning rate. The arrays of its state are 0 at first.
  /// steps() counts this step already. Must not throw.
  virtual void update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
                      double learning_rate) = 0;

  /// Returns what `rate` gives for the next step. Throws ValueError unless it is finite and at
  /// least 0.
  double checked(const LearningRate& rate) const;

 private:
  struct Update {
    Array<T>* parameter;
    const Array<T>* grad;
  };

  /// A parameter of the model that the first step was with.
  struct Known {
    const Array<T>* parameter;
    Shape shape;
  };

  void collect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape);
  void apply(std::size_t state_count, double rate);
  void begin(std::size_t state_count);

  const char* name_;
  std::size_t steps_ = 0;
  Plateau plateau_;
  std::vector<Known> model_;  // empty before the first step
  std::vector<Slot> slots_;
  std::vector<Update> updates_;  // of the step that is being made; kept for its memory
};

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace xtape::nn
