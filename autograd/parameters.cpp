#include <fmt/format.h>

#include <algorithm>

#include "autograd/no_grad.hpp"
#include "autograd/tape.hpp"

/// @file
/// The arrays of the caller that a tape reads where they are.

namespace xtape {

template <class T>
Variable<T> Tape<T>::constant_view(const Array<Real<T>>& array) {
  require_whole("constant_view", array);
  return commit_borrowed(viewed, array, false);
}

template <class T>
Variable<T> Tape<T>::parameter(const Array<Real<T>>& array) {
  if (Node<T>* known = find_parameter(array)) {
    known->needs_grad |= grad_enabled_ && known->op != frozen;  // if recorded under NoGrad
    return {*this, *known};
  }
  const bool is_constant = is_frozen(array);  // on the tape whose checkpoint() uses this one
  require_whole("parameter", array);
  parameters_.make_room(recording_);
  const Variable<T> parameter =
      commit_borrowed(is_constant ? frozen : "parameter", array, grad_enabled_ && !is_constant);
  parameters_.insert(&array, &parameter.node(), recording_);
  return parameter;
}

/// Records an array of the caller, which the tape reads where it is. The function of checkpoint()
/// reads the value that the outer tape has, because that may have a direction.
template <class T>
Variable<T> Tape<T>::commit_borrowed(const char* op, const Array<Real<T>>& array, bool needs_grad) {
  Node<T>& node = next();
  borrow(op, node.index, array);
  if constexpr (is_dual<T>) {
    const Node<T>* outer = nullptr;
    for (const Tape* tape = outer_; tape != nullptr && outer == nullptr; tape = tape->outer_) {
      outer = tape->find_parameter(array);
    }
    if (outer == nullptr) {
      node.storage.borrow(array, nullptr);
    }
    const Variable<T> y =
        commit_leaf(node, op, outer == nullptr ? &node.storage : outer->value, needs_grad);
    node.source = &array;
    return y;
  } else {
    return commit_leaf(node, op, &array, needs_grad);
  }
}

template <class T>
Variable<T> Tape<T>::freeze(const Array<Real<T>>& array) {
  const NoGrad<T> guard{*this};
  const Variable<T> variable = parameter(array);
  require<TapeError>(!variable.needs_grad(),
                     "freeze: a parameter {} is differentiated by this recording already; freeze "
                     "it after rewind() and before the model is called",
                     array.shape());
  variable.node().op = frozen;
  return variable;
}

template <class T>
bool Tape<T>::is_frozen(const Array<Real<T>>& array) const {
  const Node<T>* node = find_parameter(array);
  if (node == nullptr) {
    return outer_ != nullptr && outer_->is_frozen(array);
  }
  return node->op == frozen;
}

template <class T>
Node<T>* Tape<T>::find_parameter(const Array<Real<T>>& array) const {
  Node<T>* node = parameters_.find(&array, recording_);
  const bool recorded =
      node != nullptr && node->index < size_ && node->borrowed() == &array && node->op != viewed;
  return recorded ? node : nullptr;  // a composed op that threw took its node back
}

template <class T>
void Tape<T>::borrow(const char* what, std::size_t node, const Array<Real<T>>& array) {
  const std::span<std::size_t> shape = keep<std::size_t>(array.dimension());
  std::copy(array.shape().begin(), array.shape().end(), shape.begin());
  const std::span<Real<T>> elements = keep<Real<T>>(detects_anomaly_ ? array.size() : 0);
  std::copy_n(array.data(), elements.size(), elements.begin());
  while (!borrowed_.empty() && borrowed_.back().node >= size_) {
    borrowed_.pop_back();  // of a node that never joined the recording
  }
  borrowed_.push_back({node, what, &array, array.data(), shape, elements});
}

template <class T>
void Tape<T>::require_unchanged() const {
  for (const Borrowed& then : borrowed_) {
    if (then.node >= size_) {
      break;
    }
    if (at(then.node).borrowed() == nullptr) {
      continue;  // this value replaced one that never joined the recording
    }
    const Array<Real<T>>& now = *then.array;
    const bool same_extents =
        std::equal(now.shape().begin(), now.shape().end(), then.shape.begin(), then.shape.end());
    if (!same_extents || now.data() != then.data) [[unlikely]] {
      fail<TapeError>(
          "backward: a {} recorded as {} {}: a {} must neither move nor change before "
          "backward() is done",
          then.what, Shape(then.shape.begin(), then.shape.end()),
          same_extents ? "has moved since, or was assigned to"
                       : fmt::format("is {} now", now.shape()),
          then.what);
    }
    if (detects_anomaly_) [[unlikely]] {
      check_elements(then);
    }
  }
}

template <class T>
Array<T>* Tape<T>::find_grad(const Array<Real<T>>& parameter) const {
  Node<T>* node = find_parameter(parameter);
  return node != nullptr && node->gradient == GradientState::present ? &node->grad : nullptr;
}

template <class T>
const Array<T>& Tape<T>::grad(const Array<Real<T>>& parameter) const {
  const Array<T>* grad = find_grad(parameter);
  require<TapeError>(
      grad != nullptr, "Tape::grad: the parameter of shape {} has no gradient: {}",
      parameter.shape(),
      differentiated_ ? "the loss does not depend on it" : "Tape::backward has not been called");
  return *grad;
}

template <class T>
Array<T>& Tape<T>::grad(const Array<Real<T>>& parameter) {
  return const_cast<Array<T>&>(std::as_const(*this).grad(parameter));
}

#define XTAPE_INSTANTIATE(T)                                                               \
  template Variable<T> Tape<T>::constant_view(const Array<Real<T>>&);                      \
  template Variable<T> Tape<T>::parameter(const Array<Real<T>>&);                          \
  template Variable<T> Tape<T>::commit_borrowed(const char*, const Array<Real<T>>&, bool); \
  template Variable<T> Tape<T>::freeze(const Array<Real<T>>&);                             \
  template bool Tape<T>::is_frozen(const Array<Real<T>>&) const;                           \
  template Node<T>* Tape<T>::find_parameter(const Array<Real<T>>&) const;                  \
  template void Tape<T>::borrow(const char*, std::size_t, const Array<Real<T>>&);          \
  template void Tape<T>::require_unchanged() const;                                        \
  template Array<T>* Tape<T>::find_grad(const Array<Real<T>>&) const;                      \
  template const Array<T>& Tape<T>::grad(const Array<Real<T>>&) const;                     \
  template Array<T>& Tape<T>::grad(const Array<Real<T>>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
