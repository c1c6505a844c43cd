#include "nn/optim/optimizer.hpp"

#include <cmath>
#include <set>

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

template <class T>
void Optimizer<T>::collect(const ParameterName& name, Array<T>& parameter, const Tape<T>& tape) {
  const std::size_t index = updates_.size();
  const ParameterFactors& all = factors();
  const std::size_t found = detail::find_factors(all, name);
  Factors by;
  if (found < all.size()) {
    used_factors_[found] = true;
    by = all[found].factors;
  }
  updates_.push_back({&parameter, detail::gradient_of(name_, name, parameter, tape), by});
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

template <class T>
void Optimizer<T>::apply(std::size_t state_count, double rate) {
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
  if (model_.empty() || (slots_.empty() && state_count > 0)) {
    begin(state_count);
  }
  ++steps_;
  for (std::size_t i = 0; i < updates_.size(); ++i) {
    const auto& [parameter, grad, by] = updates_[i];
    if (grad != nullptr) {
      const std::span<Array<T>> state =
          slots_.empty() ? std::span<Array<T>>() : std::span(slots_[i].state);
      update(*parameter, *grad, state, rate * by.rate, by.decay);
    }
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
  const std::size_t state_count = prepare();
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
