#include "autograd/ops/duals.hpp"

#include <algorithm>

#include "autograd/record.hpp"

namespace xtape {
namespace {

/// Computes numbers = beta numbers + contribution. A beta of 0 says that there are no numbers yet.
template <class F>
void add(std::size_t size, F beta, F* numbers, const F* contribution) {
  for (std::size_t i = 0; i < size; ++i) {
    numbers[i] = contribution[i] + (beta > F(0) ? numbers[i] : F(0));
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

/// The gradient of an op that has the values of y: dy = (0, dz.tangent).
template <class F>
auto pass_to_tangents(Variable<Dual<F>> y) {
  return [y](Variable<Dual<F>> z) {
    accumulate(y, [&](Array<Dual<F>>& dy, Dual<F> beta) { add_to_tangents(z.grad(), beta, dy); });
  };
}

}  // namespace

template <class F>
Variable<Dual<F>> tangent(Variable<Dual<F>> y) {
  return record<Dual<F>>(
      "tangent", {y},
      [&](Array<Dual<F>>& z) {
        resize(z, y.shape());
        z.storage().set_values(y.value().storage().tangents());
      },
      [y](Variable<Dual<F>> z) {
        accumulate(y, [&](Array<Dual<F>>& dy, Dual<F> beta) { add_to_values(z.grad(), beta, dy); });
      });
}

template <class F>
Variable<Dual<F>> primal(Variable<Dual<F>> y) {
  return record<Dual<F>>(
      "primal", {y},
      [&](Array<Dual<F>>& z) {
        resize(z, y.shape());
        z.storage().set_values(y.value().storage().values());
      },
      pass_to_tangents(y));
}

template <class F>
Variable<Dual<F>> gauss_newton(Variable<Dual<F>> y) {
  return record<Dual<F>>("gauss_newton", {y}, y.value(), pass_to_tangents(y));
}

#define XTAPE_INSTANTIATE(F)                             \
  template Variable<Dual<F>> tangent(Variable<Dual<F>>); \
  template Variable<Dual<F>> primal(Variable<Dual<F>>);  \
  template Variable<Dual<F>> gauss_newton(Variable<Dual<F>>)
XTAPE_INSTANTIATE(float);
XTAPE_INSTANTIATE(double);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
