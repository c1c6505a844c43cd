#include "nn/optim/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace xtape::nn {

template <class T>
Array<T>* detail::gradient_of(const char* user, const ParameterName& name,
                              const Array<T>& parameter, const Tape<T>& tape) {
  require_whole(user, name, parameter);
  Array<T>* grad = tape.find_grad(parameter);
  if (grad == nullptr && tape.is_frozen(parameter)) {
    return nullptr;
  }
  if (grad == nullptr) [[unlikely]] {
    fail<TapeError>("{}: parameter '{}' {} has no gradient: {}", user, name.str(),
                    parameter.shape(),
                    tape.differentiated() ? "the loss does not depend on it"
                                          : "Tape::backward has not been called");
  }
  if (!same_shape(grad->shape(), parameter.shape())) [[unlikely]] {
    fail<ShapeError>(
        "{}: parameter '{}' is {}, but its gradient {}: it was resized after it was "
        "recorded",
        user, name.str(), parameter.shape(), grad->shape());
  }
  require_whole(user, name, *grad, "the gradient of");
  return grad;
}

template <class T>
const ParameterFactors& Optimizer<T>::factors() const {
  static const ParameterFactors none;
  return none;
}

/// Moves all members of another optimizer, and leaves it without steps, reports and slots. An
/// optimizer that is moved to itself counts as moved from, because its options may be lost.
template <class T>
void Optimizer<T>::take(Optimizer& other) noexcept {
  name_ = other.name_;
  moved_from_ = std::exchange(other.moved_from_, true) || this == &other;
  steps_ = std::exchange(other.steps_, 0);
  plateau_ = std::exchange(other.plateau_, {});
  model_ = std::exchange(other.model_, {});
  slots_ = std::exchange(other.slots_, {});
  updates_ = std::exchange(other.updates_, {});
  used_factors_ = std::exchange(other.used_factors_, {});
  leads_to_loss_ = std::exchange(other.leads_to_loss_, {});
  reached_ = std::exchange(other.reached_, {});
}

template <class T>
void Optimizer<T>::collect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape) {
  add(name, parameter, detail::gradient_of(name_, name, parameter, tape));
}

template <class T>
void Optimizer<T>::collect(const ParameterName& name, Array<T>& parameter,
                           std::span<const Array<T>> gradients) {
  require<ShapeError>(updates_.size() < gradients.size(), "{}: there is no gradient for '{}' {}",
                      name_, name.str(), parameter.shape());
  const Array<T>& grad = gradients[updates_.size()];
  require<ShapeError>(same_shape(grad.shape(), parameter.shape()),
                      "{}: parameter '{}' is {}, but its gradient {}", name_, name.str(),
                      parameter.shape(), grad.shape());
  detail::require_whole(name_, name, parameter);
  detail::require_whole(name_, name, grad, "the gradient of");
  add(name, parameter, &grad);
}

/// Adds a parameter to the updates of the step. The gradient of a frozen one is null.
template <class T>
void Optimizer<T>::add(const ParameterName& name, Array<T>& parameter, const Array<T>* grad) {
  const std::size_t index = updates_.size();
  const ParameterFactors& all = factors();
  const std::size_t found = detail::find_factors(all, name);
  Factors by;
  if (found < all.size()) {
    used_factors_[found] = true;
    by = all[found].factors;
  }
  updates_.push_back({&parameter, grad, by});
  if (!model_.empty()) {
    const bool known = index < model_.size() && model_[index].parameter == &parameter &&
                       same_shape(model_[index].shape, parameter.shape());
    if (!known) [[unlikely]] {
      fail<TapeError>(
          "{}: this optimizer began with another model (parameter '{}' {} is not the "
          "one it knows); use a new optimizer or reset()",
          name_, name.str(), parameter.shape());
    }
  }
}

template <class T>
double Optimizer<T>::checked(const LearningRate& rate) const {
  const double next = plateau_.scale * rate(steps_);
  require<ValueError>(next >= 0 && std::isfinite(next),
                      "{}: expected a learning_rate of at least 0, got {}", name_, next);
  return next;
}

/// Throws unless the step can be made.
template <class T>
void Optimizer<T>::require_applicable(std::size_t state_count) const {
  if (updates_.size() < model_.size()) [[unlikely]] {
    fail<TapeError>(
        "{}: this optimizer began with another model ({} parameters, this one has {}); "
        "use a new optimizer or reset()",
        name_, model_.size(), updates_.size());
  }
  for (std::size_t i = 0; i < used_factors_.size(); ++i) {
    if (!used_factors_[i]) [[unlikely]] {
      fail<ValueError>("{}: the factors for '{}' apply to no parameter", name_, factors()[i].name);
    }
  }
  if (!slots_.empty() && slots_.front().state.size() < state_count) [[unlikely]] {
    fail<TapeError>(
        "{}: the options want {} arrays of state for each parameter, but this optimizer "
        "began with {}; use a new optimizer or reset()",
        name_, state_count, slots_.front().state.size());
  }
}

template <class T>
void Optimizer<T>::apply(std::size_t state_count, double rate) {
  require_applicable(state_count);
  if (model_.empty() || (slots_.empty() && state_count > 0)) {
    begin(state_count);
  }
  ++steps_;
  for (std::size_t i = 0; i < updates_.size(); ++i) {
    if (const Array<T>* grad = updates_[i].grad) {
      change(i, *grad, rate);
    }
  }
}

/// Changes a parameter.
template <class T>
void Optimizer<T>::change(std::size_t index, const Array<T>& grad, double rate) {
  const Update& of = updates_[index];
  const std::span<Array<T>> state =
      slots_.empty() ? std::span<Array<T>>() : std::span(slots_[index].state);
  update(*of.parameter, grad, state, rate * of.by.rate, of.by.decay);
}

/// Finds the leaves that get a gradient of the loss.
template <class T>
void Optimizer<T>::find_reached(const Tape<T>& tape, Variable<T> loss) {
  require<TapeError>(&loss.tape() == &tape, "{}: the loss lives on another tape", name_);
  const Array<T>* value = &loss.value();
  leads_to_loss_.assign(tape.size(), false);
  reached_.clear();
  for (std::size_t i = tape.size(); i-- > 0;) {
    const Node<T>& node = tape.node(i);
    if (!node.needs_grad || !(leads_to_loss_[i] || node.value == value)) {
      continue;
    }
    if (node.inputs().empty()) {
      reached_.push_back(node.value);
    }
    for (const Node<T>* input : node.inputs()) {
      leads_to_loss_[input->index] = true;
    }
  }
  std::sort(reached_.begin(), reached_.end());
}

/// Adds a parameter to the updates of the step that follows its gradient.
template <class T>
void Optimizer<T>::expect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape) {
  detail::require_whole(name_, name, parameter);
  const bool reached = std::binary_search(reached_.begin(), reached_.end(), &parameter);
  if (!reached && !tape.is_frozen(parameter)) [[unlikely]] {
    fail<TapeError>("{}: parameter '{}' {} has no gradient: the loss does not depend on it", name_,
                    name.str(), parameter.shape());
  }
  add(name, parameter, nullptr);
}

/// Returns the index of a parameter in updates_, or their number. Gradients are complete in about
/// the reverse order of the parameters, so the search begins below `before`.
template <class T>
std::size_t Optimizer<T>::find_update(const Array<T>& parameter, std::size_t before) const {
  const std::size_t count = updates_.size();
  for (std::size_t step = 1; step <= count; ++step) {
    const std::size_t index = (before + count - step) % count;
    if (updates_[index].parameter == &parameter) {
      return index;
    }
  }
  return count;
}

/// Calls Tape::backward, and changes each parameter as soon as its gradient is complete.
template <class T>
void Optimizer<T>::differentiate(std::size_t state_count, double rate, Tape<T>& tape,
                                 Variable<T> loss) {
  require_applicable(state_count);
  const bool first = model_.empty(), begins = first || (slots_.empty() && state_count > 0);
  if (begins) {
    begin(state_count);
  }
  ++steps_;
  std::size_t last = updates_.size(), changed = 0;
  try {
    tape.backward(loss, [&](const Array<T>& parameter, Array<T>& grad) {
      const std::size_t index = find_update(parameter, last);
      if (index < updates_.size()) {
        change(index, grad, rate);
        last = index;
        ++changed;
      }
    });
    require_gradients(tape, changed);
  } catch (...) {
    if (changed == 0) {
      --steps_;
      if (begins) {
        slots_.clear();
      }
      if (first) {
        model_.clear();
      }
    }
    throw;
  }
}

/// Throws TapeError if a parameter has no gradient after the backward pass, because an op of the
/// program passes none on. `changed` parameters had one.
template <class T>
void Optimizer<T>::require_gradients(const Tape<T>& tape, std::size_t changed) const {
  for (std::size_t i = 0; changed < updates_.size() && i < updates_.size(); ++i) {
    const Array<T>& parameter = *updates_[i].parameter;
    require<TapeError>(tape.find_grad(parameter) != nullptr || tape.is_frozen(parameter),
                       "{}: a parameter {} has no gradient, because no op passed one on{}", name_,
                       parameter.shape(), changed == 0 ? "" : "; the others have made the step");
  }
}

template <class T>
void Optimizer<T>::begin(std::size_t state_count) {
  std::vector<Known> model;
  std::vector<Slot> slots;
  model.reserve(updates_.size());
  std::set<const Array<T>*> distinct;
  for (const Update& each : updates_) {
    require<TapeError>(distinct.insert(each.parameter).second,
                       "{}: two visit lines of the model name the same array {}; visit it once",
                       name_, each.parameter->shape());
    model.push_back({each.parameter, each.parameter->shape()});
    if (state_count > 0) {
      const Array<T> zeros(each.parameter->shape(), T(0));
      slots.push_back({each.parameter, std::vector<Array<T>>(state_count, zeros)});
    }
  }
  model_ = std::move(model);
  slots_ = std::move(slots);
}

template <class T>
void Optimizer<T>::restore(std::vector<Slot> slots, std::size_t steps, const Plateau& plateau) {
  const std::size_t state_count = this->state_count();
  std::vector<Known> model;
  for (const Slot& slot : slots) {
    require<ValueError>(slot.parameter != nullptr, "{}: restored with a slot without a parameter",
                        name_);
    require<ValueError>(slot.state.size() == state_count,
                        "{}: restored with {} arrays for each parameter, expected {}", name_,
                        slot.state.size(), state_count);
    for (const Array<T>& array : slot.state) {
      require_whole(name_, array);
      require<ShapeError>(same_shape(array.shape(), slot.parameter->shape()),
                          "{}: restored with state {} of a parameter {}", name_, array.shape(),
                          slot.parameter->shape());
    }
    model.push_back({slot.parameter, slot.parameter->shape()});
  }
  if (state_count == 0) {
    slots.clear();
  }
  model_ = std::move(model);
  slots_ = std::move(slots);
  steps_ = steps;
  plateau_ = plateau;
}

template <class T>
std::vector<const Array<T>*> Optimizer<T>::parameters() const {
  std::vector<const Array<T>*> result;
  result.reserve(model_.size());
  for (const Known& known : model_) {
    result.push_back(known.parameter);
  }
  return result;
}

template <class T>
void Optimizer<T>::reset() {
  model_.clear();
  slots_.clear();
  steps_ = 0;
  plateau_ = {};
}

#define XTAPE_INSTANTIATE(T)                                                                 \
  template Array<T>* detail::gradient_of(const char*, const ParameterName&, const Array<T>&, \
                                         const Tape<T>&);                                    \
  template class Optimizer<T>
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
