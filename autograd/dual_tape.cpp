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
void DualTape<Dual<F>>::move_parameter(const Array<Real<F>>& parameter, const Array<Real<F>>& inner,
                                       const Array<Real<F>>& outer) {
  Tape<Dual<F>>& tape = self();
  require_direction(inner, parameter.shape());
  require_direction(outer, parameter.shape());
  require<TapeError>(tape.find_parameter(parameter) == nullptr,
                     "seed: this recording has the parameter {} already; seed it after rewind() "
                     "and before the model is called",
                     parameter.shape());
  const Variable<Dual<F>> x = tape.parameter(parameter);
  if (x.needs_grad()) {
    Node<Dual<F>>& node = x.node();
    tape.borrow("direction", node.index, inner);
    if constexpr (is_dual<F>) {
      tape.borrow("direction", node.index, outer);
      node.storage.borrow(parameter, inner, outer);
    } else {
      node.storage.borrow(parameter, &inner);
    }
    node.value = &node.storage;
  }
}

template <class F>
void DualTape<Dual<F>>::move(Variable<Dual<F>> x, const Array<Real<F>>& inner,
                             const Array<Real<F>>& outer) {
  Tape<Dual<F>>& tape = self();
  Node<Dual<F>>& node = x.node();
  require<TapeError>(&x.tape() == &tape && std::strcmp(node.op, "variable") == 0,
                     "seed: expected a parameter, or a value from variable() of this tape, got "
                     "'{}'",
                     node.op);
  require_direction(inner, x.shape());
  require_direction(outer, x.shape());
  for (std::size_t i = node.index + 1; i < tape.size(); ++i) {
    const auto inputs = tape.node(i).inputs();
    require<TapeError>(std::find(inputs.begin(), inputs.end(), &node) == inputs.end(),
                       "seed: '{}' has read the variable already", tape.node(i).op);
  }
  if (node.needs_grad) {
    Storage<Dual<F>>& numbers = node.storage.storage();
    if constexpr (is_dual<F>) {
      std::copy_n(inner.data(), inner.size(), numbers.values().tangent);
      std::copy_n(outer.data(), outer.size(), numbers.tangents().value);
    } else {
      std::copy_n(inner.data(), inner.size(), numbers.tangents());
    }
  }
}

template <class F>
void DualTape<Dual<F>>::seed(const Array<Real<F>>& parameter, const Array<Real<F>>& direction) {
  move_parameter(parameter, direction, direction);
}

template <class F>
void DualTape<Dual<F>>::seed(Variable<Dual<F>> x, const Array<Real<F>>& direction) {
  move(x, direction, direction);
}

template <class F>
void DualTape<Dual<F>>::seed(const Array<Real<F>>& parameter, const Array<Real<F>>& inner,
                             const Array<Real<F>>& outer) requires is_dual<F> {
  move_parameter(parameter, inner, outer);
}

template <class F>
void DualTape<Dual<F>>::seed(Variable<Dual<F>> x, const Array<Real<F>>& inner,
                             const Array<Real<F>>& outer) requires is_dual<F> {
  move(x, inner, outer);
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
std::span<const Real<F>> DualTape<Dual<F>>::gradient(const Array<Real<F>>& parameter) const {
  return gradient_of(self().grad(parameter));
}

template <class F>
std::span<const Real<F>> DualTape<Dual<F>>::gradient(Variable<Dual<F>> x) const {
  return gradient_of(x.grad());
}

template <class F>
std::span<const F> DualTape<Dual<F>>::hessian_product(const Array<F>& parameter) const
    requires(!is_dual<F>) {
  return product_of(self().grad(parameter));
}

template <class F>
std::span<const F> DualTape<Dual<F>>::hessian_product(Variable<Dual<F>> x) const
    requires(!is_dual<F>) {
  return product_of(x.grad());
}

/// The gradient with respect to a value is the last tangent of what backward() computes from a last
/// tangent.
template <class F>
std::span<const Real<F>> DualTape<Dual<F>>::gradient_of(const Array<Dual<F>>& all) const {
  const Storage<Dual<F>>& parts = all.storage();
  if constexpr (is_dual<F>) {
    return {by_primal_ ? parts.tangents().tangent : parts.values().value, parts.size()};
  } else {
    return {by_primal_ ? parts.tangents() : parts.values(), parts.size()};
  }
}

template <class F>
std::span<const F> DualTape<Dual<F>>::product_of(const Array<Dual<F>>& both) const
    requires(!is_dual<F>) {
  require<TapeError>(!by_primal_, "hessian_product: backward_primal() computes gradients alone");
  return {both.storage().tangents(), both.size()};
}

#ifdef XTAPE_FOR_NESTED_DUALS
// Not the class as a whole: clang 14 would also compile members whose constraints do not hold.
#define XTAPE_NESTED_TAPE DualTape<Dual<Dual<double>>>
template void XTAPE_NESTED_TAPE::seed(const Array<double>&, const Array<double>&);
template void XTAPE_NESTED_TAPE::seed(Variable<Dual<Dual<double>>>, const Array<double>&);
template void XTAPE_NESTED_TAPE::seed(const Array<double>&, const Array<double>&,
                                      const Array<double>&);
template void XTAPE_NESTED_TAPE::seed(Variable<Dual<Dual<double>>>, const Array<double>&,
                                      const Array<double>&);
template void XTAPE_NESTED_TAPE::backward_primal(Variable<Dual<Dual<double>>>);
template std::span<const double> XTAPE_NESTED_TAPE::gradient(const Array<double>&) const;
template std::span<const double> XTAPE_NESTED_TAPE::gradient(Variable<Dual<Dual<double>>>) const;
#undef XTAPE_NESTED_TAPE
#else
template class DualTape<Dual<float>>;
template class DualTape<Dual<double>>;
#endif

}  // namespace xtape
