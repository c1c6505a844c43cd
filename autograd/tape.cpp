#include "autograd/record.hpp"

namespace xtape {

template <class T>
Variable<T> Tape<T>::constant(const Array<T>& array) {
  return leaf("constant", false, array);
}

template <class T>
Variable<T> Tape<T>::constant_view(const Array<T>& array) {
  Node<T>& node = next();
  node.backward = {};
  return commit(node, "constant", &array, false);
}

template <class T>
Variable<T> Tape<T>::variable(const Array<T>& array) {
  return leaf("variable", grad_enabled_, array);
}

template <class T>
Variable<T> Tape<T>::parameter(const Array<T>& array) {
  if (Node<T>* known = parameters_.find(&array, recording_)) {
    known->needs_grad |= grad_enabled_;  // it may have been recorded under NoGrad
    return {*known, recording_};
  }
  Node<T>& node = next();
  node.backward = {};
  parameters_.insert(&array, &node, recording_);
  return commit(node, "parameter", &array, grad_enabled_);
}

template <class T>
void Tape<T>::backward(Variable<T> loss) {
  require<TapeError>(loss.node().tape == this, "backward: the loss lives on another tape");
  require<ShapeError>(loss.value().size() == 1,
                      "backward: the loss must be a scalar, but '{}' produced {}", loss.op(),
                      loss.shape());
  require<TapeError>(!differentiated_,
                     "backward: called twice on one recording; call Tape::rewind() and record "
                     "again, or add the losses up and differentiate their sum");
  require<TapeError>(loss.needs_grad(),
                     "backward: the loss '{}' depends on no parameter or variable, or was "
                     "recorded under NoGrad",
                     loss.op());
  differentiated_ = true;
  try {
    run_backward(loss);
  } catch (...) {
    for (std::size_t i = 0; i < size_; ++i) {
      at(i).grad_of = 0;  // half a gradient is none
    }
    throw;
  }
}

template <class T>
void Tape<T>::run_backward(Variable<T> loss) {
  accumulate(loss, [](Array<T>& grad, T) { grad.fill(T(1)); });
  for (std::size_t i = loss.node().index + 1; i-- > 0;) {
    Node<T>& node = at(i);
    if (node.grad_of == recording_ && node.backward) {
      node.backward(Variable<T>{node, recording_});
    }
  }
}

template <class T>
Array<T>* Tape<T>::find_grad(const Array<T>& parameter) const {
  Node<T>* node = parameters_.find(&parameter, recording_);
  return node != nullptr && node->grad_of == recording_ ? &node->grad : nullptr;
}

template <class T>
const Array<T>& Tape<T>::grad(const Array<T>& parameter) const {
  const Array<T>* grad = find_grad(parameter);
  require<TapeError>(
      grad != nullptr, "Tape::grad: the parameter of shape {} has no gradient: {}",
      parameter.shape(),
      differentiated_ ? "the loss does not depend on it" : "Tape::backward has not been called");
  return *grad;
}

template <class T>
Array<T>& Tape<T>::grad(const Array<T>& parameter) {
  return const_cast<Array<T>&>(std::as_const(*this).grad(parameter));
}

template <class T>
void Tape<T>::rewind() {
  size_ = 0;
  ++recording_;
  differentiated_ = false;
  parameters_.expire();
  arena_.clear();
}

template <class T>
void Tape<T>::grow() {
  chunks_.push_back(std::make_unique<Node<T>[]>(chunk_size));
  for (std::size_t i = 0; i < chunk_size; ++i) {
    chunks_.back()[i].tape = this;
    chunks_.back()[i].index = size_ + i;
  }
}

template class Tape<float>;
template class Tape<double>;

}  // namespace xtape
