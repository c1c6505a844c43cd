#include "autograd/ops/matrix.hpp"

#include "autograd/define.hpp"
#include "tensor/gemm.hpp"

namespace xtape {
namespace {

constexpr auto as_is = Transpose::no;
constexpr auto transposed = Transpose::yes;

template <class T>
void require_product(const char* op, Variable<T> a, Variable<T> b) {
  const Shape &left = a.shape(), &right = b.shape();
  require<ShapeError>(left.size() == 2 && right.size() == 2 && left[1] == right[0],
                      "{}: {} x {} do not fit: expected (m, k) x (k, n)", op, left, right);
}

}  // namespace

bool detail::holds_rows(const Shape& batch, std::size_t width) {
  std::size_t count = 1;
  for (std::size_t axis = 1; axis < batch.size(); ++axis) {
    count *= batch[axis];
  }
  return batch.size() > 1 && count == width;
}

template <class T>
Variable<T> matmul(Variable<T> a, Variable<T> b) {
  require_product("matmul", a, b);
  return define(
      "matmul", {a, b},
      [=](Array<T>& y) {
        resize(y, Shape{a.shape()[0], b.shape()[1]}, "matmul");
        gemm(as_is, as_is, a.value(), b.value(), T(0), y);
      },
      [=](auto y, Array<T>& da, T beta) { gemm(as_is, transposed, y.grad(), b.value(), beta, da); },
      [=](auto y, Array<T>& db, T beta) {
        gemm(transposed, as_is, a.value(), y.grad(), beta, db);
      });
}

template <class T>
Variable<T> linear(Variable<T> x, Variable<T> weight, Variable<T> bias) {
  require<ShapeError>(
      weight.shape().size() == 2 && detail::holds_rows(x.shape(), weight.shape()[0]),
      "linear: {} x {} do not fit: expected (batch, in) x (in, out)", x.shape(), weight.shape());
  require<ShapeError>(bias.shape().size() == 1 && bias.shape()[0] == weight.shape()[1],
                      "linear: the bias {} does not fit the weights {}: expected ({})",
                      bias.shape(), weight.shape(), weight.shape()[1]);
  return define(
      "linear", {x, weight, bias},
      [=](Array<T>& y) {
        const std::size_t batch = x.shape()[0], in = weight.shape()[0], out = weight.shape()[1];
        resize(y, Shape{batch, out}, "linear");
        gemm(as_is, as_is, batch, out, in, T(1), x.value().data(), in, weight.value().data(), out,
             T(0), y.data(), out);
        assign_into(y, y + bias.value());
      },
      [=](auto y, Array<T>& dx, T beta) {
        const std::size_t batch = y.shape()[0], in = weight.shape()[0], out = y.shape()[1];
        gemm(as_is, transposed, batch, in, out, T(1), y.grad().data(), out, weight.value().data(),
             out, beta, dx.data(), in);
      },
      [=](auto y, Array<T>& dw, T beta) {
        const std::size_t batch = y.shape()[0], in = weight.shape()[0], out = y.shape()[1];
        gemm(transposed, as_is, in, out, batch, T(1), x.value().data(), in, y.grad().data(), out,
             beta, dw.data(), out);
      },
      [](auto y) -> const auto& { return y.grad(); });
}

#define XTAPE_INSTANTIATE(T)                             \
  template Variable<T> matmul(Variable<T>, Variable<T>); \
  template Variable<T> linear(Variable<T>, Variable<T>, Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
