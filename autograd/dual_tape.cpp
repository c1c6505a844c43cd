#include "autograd/dual_tape.hpp"

#include <algorithm>
#include <cstring>

#include "autograd/tape.hpp"

namespace xtape {
namespace {

template <class F>
void require_direction(const Array<F>& direction, const Shape& shape) {
  require_whole("seed", direction);
  require<ShapeError>(same_shape(direction.shape(), shape), "seed: expected a direction {}, got {}",
                      shape, direction.shape());
}

}  // namespace

template <class F>
void DualTape<Dual<F>>::seed(const Array<F>& parameter, const Array<F>& direction) {
  Tape<Dual<F>>& tape = self();
  require_direction(direction, parameter.shape());
  require<TapeError>(tape.find_parameter(parameter) == nullptr,
                     "seed: this recording has the parameter {} already; seed it after rewind() "
                     "and before the model is called",
                     parameter.shape());
  const Variable<Dual<F>> x = tape.parameter(parameter);
  if (x.needs_grad()) {
    Node<Dual<F>>& node = x.node();
    tape.borrow("direction", node.index, direction);
    node.storage.borrow(parameter, &direction);
    node.value = &node.storage;
  }
}

template <class F>
void DualTape<Dual<F>>::seed(Variable<Dual<F>> x, const Array<F>& direction) {
  Tape<Dual<F>>& tape = self();
  Node<Dual<F>>& node = x.node();
  require<TapeError>(&x.tape() == &tape && std::strcmp(node.op, "variable") == 0,
                     "seed: expected a parameter, or a value from variable() of this tape, got "
                     "'{}'",
                     node.op);
  require_direction(direction, x.shape());
  for (std::size_t i = node.index + 1; i < tape.size(); ++i) {
    const auto inputs = tape.node(i).inputs();
    require<TapeError>(std::find(inputs.begin(), inputs.end(), &node) == inputs.end(),
                       "seed: '{}' has read the variable already", tape.node(i).op);
  }
  if (node.needs_grad) {
    std::copy_n(direction.data(), direction.size(), node.storage.storage().tangents());
  }
}

template <class F>
void DualTape<Dual<F>>::backward_primal(Variable<Dual<F>> loss) {
  require<ShapeError>(loss.value().size() == 1,
                      "backward_primal: the loss must be a scalar, but '{}' produced {}", loss.op(),
                      loss.shape());
  unit_tangent_.reshape(loss.shape());
  self().backward(loss, unit_tangent_);
  by_primal_ = true;
}

template <class F>
std::span<const F> DualTape<Dual<F>>::gradient(const Array<F>& parameter) const {
  return gradient_of(self().grad(parameter));
}

template <class F>
std::span<const F> DualTape<Dual<F>>::gradient(Variable<Dual<F>> x) const {
  return gradient_of(x.grad());
}

template <class F>
std::span<const F> DualTape<Dual<F>>::hessian_product(const Array<F>& parameter) const {
  return product_of(self().grad(parameter));
}

template <class F>
std::span<const F> DualTape<Dual<F>>::hessian_product(Variable<Dual<F>> x) const {
  return product_of(x.grad());
}

/// The gradient with respect to a value is the tangent of what backward() computes from a tangent.
template <class F>
std::span<const F> DualTape<Dual<F>>::gradient_of(const Array<Dual<F>>& both) const {
  const Storage<Dual<F>>& parts = both.storage();
  return {by_primal_ ? parts.tangents() : parts.values(), parts.size()};
}

template <class F>
std::span<const F> DualTape<Dual<F>>::product_of(const Array<Dual<F>>& both) const {
  require<TapeError>(!by_primal_, "hessian_product: backward_primal() computes gradients alone");
  return {both.storage().tangents(), both.size()};
}

template class DualTape<Dual<float>>;
template class DualTape<Dual<double>>;

}  // namespace xtape
