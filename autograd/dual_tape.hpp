#pragma once

#include <span>

#include "tensor/array.hpp"

namespace xtape {

template <class T>
class Tape;
template <class T>
class Variable;

namespace detail {

/// True if there are tapes of Dual<T>.
template <class T>
inline constexpr bool has_duals = !is_dual<T>;
#ifdef XTAPE_NESTED_DUALS
template <>
inline constexpr bool has_duals<Dual<double>> = true;
#endif

/// Returns 1 for a plain number, and the tangent of the tangent for a nested one.
template <class F>
F last_tangent() {
  if constexpr (is_dual<F>) {
    return {0, 1};
  } else {
    return 1;
  }
}

}  // namespace detail

/// The functions that only a tape of Dual numbers has. See docs/derivatives.md. A tape of plain
/// numbers has none of them.
template <class T>
class DualTape {};

/// A recording along a direction. The parameters of the model are arrays of F, which are read in
/// place. Each may move along a direction, an array of its shape. Then its tangent is the
/// direction. backward() computes each gradient, and its derivative along all directions. This
/// derivative is the product of the Hessian and the directions.
///
///     tape.rewind();
///     tape.seed(weight, direction);
///     tape.backward(loss(tape));
///     tape.gradient(weight), tape.hessian_product(weight);
///
/// nn::HessianProduct does this for all parameters of a model.
///
/// On a tape of nested numbers, Dual<Dual<double>>, each parameter or variable moves along two
/// directions, an inner and an outer one. So tangent(tangent(u)) is a second derivative.
template <class F>
class DualTape<Dual<F>> {
  static_assert(!is_dual<F> || detail::has_duals<F>,
                "xtape: Dual<Dual<double>> needs an xtape that was configured with "
                "-DXTAPE_NESTED_DUALS=ON; there are no deeper levels, and none for float");

 public:
  /// Lets a parameter move along a direction. Call it after Tape::rewind(), before the model is
  /// called. The direction is not copied, and must neither move nor change before backward() is
  /// done. A parameter without a direction does not move, and neither does one that is frozen or
  /// recorded under NoGrad. Throws ShapeError if the direction does not have the shape of the
  /// parameter. Throws TapeError if the recording has the parameter already.
  ///@{
  void seed(const Array<Real<F>>& parameter, const Array<Real<F>>& direction);
  void seed(const Array<Real<F>>& parameter, const Array<Real<F>>&& direction) = delete;
  ///@}

  /// Lets a value from Tape::variable() move along a direction, which is copied. Throws ShapeError
  /// if the direction does not have the shape of x. Throws TapeError if x is another value, or if
  /// an op has read it already.
  void seed(Variable<Dual<F>> x, const Array<Real<F>>& direction);

  /// Lets a parameter or a variable of nested numbers move along an inner and an outer direction.
  /// seed() with one direction uses it for both, and throws the same errors.
  ///@{
  void seed(const Array<Real<F>>& parameter, const Array<Real<F>>& inner,
            const Array<Real<F>>& outer) requires is_dual<F>;
  void seed(Variable<Dual<F>> x, const Array<Real<F>>& inner,
            const Array<Real<F>>& outer) requires is_dual<F>;
  ///@}

  /// Computes the gradients of the value of `loss`, one number, that was computed from tangents:
  /// see tangent() in autograd/ops/duals.hpp. (backward() computes the gradients of a loss without
  /// them, and their derivatives.) Throws as Tape::backward() does.
  void backward_primal(Variable<Dual<F>> loss);

  /// Returns the elements of the gradient of a parameter or a Variable: of the loss of backward(),
  /// or of the loss of backward_primal(). They are valid until the recording changes. Throws
  /// TapeError if there is no gradient.
  ///@{
  std::span<const Real<F>> gradient(const Array<Real<F>>& parameter) const;
  std::span<const Real<F>> gradient(Variable<Dual<F>> x) const;
  ///@}

  /// Returns the elements of the Hessian-vector product of a parameter or a Variable: the
  /// derivative of its gradient along all directions. They are valid until the recording changes.
  /// Throws TapeError if there is no gradient, or after backward_primal().
  ///@{
  std::span<const F> hessian_product(const Array<F>& parameter) const requires(!is_dual<F>);
  std::span<const F> hessian_product(Variable<Dual<F>> x) const requires(!is_dual<F>);
  ///@}

 private:
  friend class Tape<Dual<F>>;

  DualTape() = default;

  Tape<Dual<F>>& self() { return static_cast<Tape<Dual<F>>&>(*this); }
  const Tape<Dual<F>>& self() const { return static_cast<const Tape<Dual<F>>&>(*this); }
  void move_parameter(const Array<Real<F>>& parameter, const Array<Real<F>>& inner,
                      const Array<Real<F>>& outer);
  void move(Variable<Dual<F>> x, const Array<Real<F>>& inner, const Array<Real<F>>& outer);
  std::span<const Real<F>> gradient_of(const Array<Dual<F>>& all) const;
  std::span<const F> product_of(const Array<Dual<F>>& both) const requires(!is_dual<F>);

  // The cotangent of backward_primal().
  Array<Dual<F>> unit_tangent_{Dual<F>(F(0), detail::last_tangent<F>())};
  bool by_primal_ = false;  // the gradients are those of backward_primal()
};

extern template class DualTape<Dual<float>>;
extern template class DualTape<Dual<double>>;

}  // namespace xtape
