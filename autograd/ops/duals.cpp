#include "autograd/ops/duals.hpp"

#include <algorithm>

#include "autograd/record.hpp"

namespace xtape {
namespace {

/// Computes numbers = beta numbers + contribution. A beta of 0 says that there are no numbers yet.
template <class Numbers, class Contribution, class F>
void add(std::size_t size, const F& beta, Numbers numbers, Contribution contribution) {
  for (std::size_t i = 0; i < size; ++i) {
    numbers[i] = contribution[i] + (beta > F(0) ? F(numbers[i]) : F(0));
  }
}

/// Adds the tangents of a gradient to the values of another.
template <class F>
void add_to_values(const Array<Dual<F>>& dz, Dual<F> beta, Array<Dual<F>>& dy) {
  const auto& parts = dz.storage();
  add(dz.size(), beta.value, dy.storage().values(), parts.tangents());
  if (!(beta.value > F(0))) {
    dy.storage().drop_tangents();
  }
}

/// Adds the tangents of a gradient to the tangents of another.
template <class F>
void add_to_tangents(const Array<Dual<F>>& dz, Dual<F> beta, Array<Dual<F>>& dy) {
  const auto& parts = dz.storage();
  add(dz.size(), beta.value, dy.storage().tangents(), parts.tangents());
  if (!(beta.value > F(0))) {
    std::fill_n(dy.storage().values(), dy.size(), F(0));
  }
}

/// Moves the tangent of nested numbers one level up: z = c + d e for the tangent c + d e of y. The
/// derivative along the outer direction is then there to be taken again. The gradient is the
/// transposed map with respect to the last tangent of a product.
///@{
template <class F>
void lift_tangents(const Storage<Dual<F>>& y, Storage<Dual<F>>& z) {
  z.set_values(y.tangents().value);
  std::copy_n(y.tangents().tangent, z.size(), z.tangents().value);
}
template <class F>
void add_lifted(const Array<Dual<F>>& dz, Dual<F> beta, Array<Dual<F>>& dy) {
  const auto& parts = dz.storage();
  const Real<F>& keeps = value_of(beta);
  add(dz.size(), keeps, dy.storage().values().value, parts.values().tangent);
  add(dz.size(), keeps, dy.storage().values().tangent, parts.tangents().tangent);
  if (!(keeps > 0)) {
    std::fill_n(dy.storage().tangents(), dy.size(), F(0));
  }
}
///@}

/// Adds the last tangents of a gradient to those of another.
template <class F>
void add_to_last_tangents(const Array<Dual<F>>& dz, Dual<F> beta, Array<Dual<F>>& dy) {
  const Real<F>& keeps = value_of(beta);
  if (!(keeps > 0)) {
    std::fill_n(dy.data(), dy.size(), Dual<F>(0));
  }
  add(dz.size(), Real<F>(1), dy.storage().tangents().tangent, dz.storage().tangents().tangent);
}

/// The gradient of an op that has the values of y: dy = (0, dz.tangent).
template <class F>
auto pass_to_tangents(Variable<Dual<F>> y) {
  return [y](Variable<Dual<F>> z) {
    accumulate(y, [&](Array<Dual<F>>& dy, Dual<F> beta) {
      if constexpr (is_dual<F>) {
        add_to_last_tangents(z.grad(), beta, dy);
      } else {
        add_to_tangents(z.grad(), beta, dy);
      }
    });
  };
}

}  // namespace

template <class F>
Variable<Dual<F>> tangent(Variable<Dual<F>> y) {
  return record<Dual<F>>(
      "tangent", {y},
      [&](Array<Dual<F>>& z) {
        resize(z, y.shape());
        if constexpr (is_dual<F>) {
          lift_tangents(y.value().storage(), z.storage());
        } else {
          z.storage().set_values(y.value().storage().tangents());
        }
      },
      [y](Variable<Dual<F>> z) {
        accumulate(y, [&](Array<Dual<F>>& dy, Dual<F> beta) {
          if constexpr (is_dual<F>) {
            add_lifted(z.grad(), beta, dy);
          } else {
            add_to_values(z.grad(), beta, dy);
          }
        });
      });
}

template <class F>
Variable<Dual<F>> primal(Variable<Dual<F>> y) {
  return record<Dual<F>>(
      "primal", {y},
      [&](Array<Dual<F>>& z) {
        resize(z, y.shape());
        if constexpr (is_dual<F>) {
          z.storage().set_values(y.value().storage().values().value);
        } else {
          z.storage().set_values(y.value().storage().values());
        }
      },
      pass_to_tangents(y));
}

template <class F>
Variable<Dual<F>> gauss_newton(Variable<Dual<F>> y) {
  return record<Dual<F>>("gauss_newton", {y}, y.value(), pass_to_tangents(y));
}

#define XTAPE_INSTANTIATE(T)                 \
  template Variable<T> tangent(Variable<T>); \
  template Variable<T> primal(Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE
#ifndef XTAPE_FOR_NESTED_DUALS
template Variable<Dual<float>> gauss_newton(Variable<Dual<float>>);
template Variable<Dual<double>> gauss_newton(Variable<Dual<double>>);
#endif

}  // namespace xtape
