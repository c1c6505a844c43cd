#include "autograd/ops/softmax.hpp"

#include <cmath>

#include "autograd/define.hpp"
#include "autograd/ops/instantiate.hpp"
#include "tensor/kernels/softmax.hpp"

namespace xtape {
namespace {

/// Computes dx = beta dx + slope(y, dy, total), where total is the sum of weight(y, dy) over the
/// row.
template <class T, class Weight, class Slope>
void accumulate_rows(Variable<T> y, Array<T>& dx, T beta, Weight weight, Slope slope) {
  const std::size_t columns = dx.shape().back();
  const auto value = y.value().data(), grad = y.grad().data();
  const auto out = dx.data();
  for (std::size_t row = 0; row < dx.size(); row += columns) {
    T total = 0;
    for (std::size_t j = row; j < row + columns; ++j) {
      total += weight(value[j], grad[j]);
    }
    for (std::size_t j = row; j < row + columns; ++j) {
      out[j] = slope(value[j], grad[j], total) + (beta == T(0) ? T(0) : T(out[j]));
    }
  }
}

}  // namespace

template <class T>
Variable<T> softmax(Variable<T> x) {
  return define(
      "softmax", {x}, [=](Array<T>& y) { softmax(x.value(), y); },
      [](auto y, Array<T>& dx, T beta) {
        accumulate_rows(
            y, dx, beta, [](T p, T dp) { return p * dp; },
            [](T p, T dp, T total) { return p * (dp - total); });
      });
}

template <class T>
Variable<T> log_softmax(Variable<T> x) {
  using std::exp;
  return define(
      "log_softmax", {x}, [=](Array<T>& y) { log_softmax(x.value(), y); },
      [](auto y, Array<T>& dx, T beta) {
        accumulate_rows(
            y, dx, beta, [](T, T dl) { return dl; },
            [](T l, T dl, T total) {
              // In one statement, clang would round once for floats and twice for Dual numbers.
              const T share = exp(l) * total;
              return dl - share;
            });
      });
}

XTAPE_UNARY(softmax);
XTAPE_UNARY(log_softmax);

}  // namespace xtape
