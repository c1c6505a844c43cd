#include "autograd/ops/matrix.hpp"

#include <algorithm>

#include "autograd/define.hpp"
#include "tensor/batched_gemm.hpp"
#include "tensor/matmul_precision.hpp"

namespace xtape {
namespace {

constexpr auto as_is = Transpose::no;
constexpr auto transposed = Transpose::yes;

/// The extents of a product of batches of matrices. A vector is a matrix of one row or column.
struct ProductExtents {
  Shape batch;             ///< The batch of the result.
  Shape a_steps, b_steps;  ///< The distances of the operands' matrices along its axes.
  std::size_t m, n, k;     ///< The product is (m, k) x (k, n).

  /// The distances of the result's matrices.
  Shape y_steps() const {
    Shape steps = batch;
    std::size_t step = m * n;
    for (std::size_t axis = batch.size(); axis-- > 0; step *= batch[axis]) {
      steps[axis] = step;
    }
    return steps;
  }
};

/// Returns the distances of the matrices of `shape` along the axes of a batch, and 0 where they
/// repeat.
Shape steps_of(const Shape& shape, const Shape& batch) {
  Shape steps(batch.size(), 0);
  if (shape.size() < 2) {
    return steps;
  }
  const std::size_t own = shape.size() - 2;
  std::size_t step = shape[own] * shape[own + 1];
  for (std::size_t axis = own; axis-- > 0; step *= shape[axis]) {
    steps[batch.size() - own + axis] = shape[axis] == 1 ? 0 : step;
  }
  return steps;
}

Shape batch_of(const Shape& shape) {
  return shape.size() < 2 ? Shape{} : Shape(shape.begin(), shape.end() - 2);
}

/// True if two batches broadcast.
bool batches_fit(const Shape& a, const Shape& b) {
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const std::size_t of_a = a[a.size() - i], of_b = b[b.size() - i];
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      return false;
    }
  }
  return true;
}

/// Returns the extents of op(a) op(b). If b is one matrix, the rows of all matrices of a are those
/// of a single product. Throws ShapeError if the shapes do not fit.
ProductExtents product_of(const Shape& a, Transpose transpose_a, const Shape& b,
                          Transpose transpose_b) {
  const bool ta = transpose_a == Transpose::yes, tb = transpose_b == Transpose::yes;
  const auto extent = [](const Shape& shape, bool last) {
    return shape[shape.size() - (last ? 1 : 2)];
  };
  ProductExtents p{};
  bool fits = !a.empty() && !b.empty();
  if (fits) {
    p.k = a.size() == 1 ? a[0] : extent(a, !ta);
    p.m = a.size() == 1 ? 1 : extent(a, ta);
    p.n = b.size() == 1 ? 1 : extent(b, !tb);
    fits = p.k == (b.size() == 1 ? b[0] : extent(b, tb)) && batches_fit(batch_of(a), batch_of(b));
  }
  require<ShapeError>(fits, "matmul: {} x {} do not fit: expected (..., m, k) x (..., k, n)", a, b);
  p.batch = broadcast_shapes("matmul", batch_of(a), batch_of(b));
  if (b.size() <= 2 && !ta) {
    p.m *= element_count(p.batch, "matmul");
    p.batch = Shape{};
  }
  p.a_steps = b.size() <= 2 && !ta ? Shape{} : steps_of(a, p.batch);
  p.b_steps = steps_of(b, p.batch);
  return p;
}

/// Returns the shape of a b: a vector has no axis there.
Shape product_shape(const Shape& a, const Shape& b, const ProductExtents& p,
                    Transpose transpose_a) {
  Shape shape = broadcast_shapes("matmul", batch_of(a), batch_of(b));
  if (a.size() > 1) {
    shape.push_back(a[a.size() - (transpose_a == Transpose::yes ? 1 : 2)]);
  }
  if (b.size() > 1) {
    shape.push_back(p.n);
  }
  return shape;
}

/// The operands and the gradient of a product, and operands that are read the other way round.
///@{
template <class T>
MatrixBatch<T> left_of(const Array<T>& a, const ProductExtents& p, Transpose transpose) {
  return {a.data(), transpose == transposed ? p.m : p.k, transpose, p.a_steps};
}
template <class T>
MatrixBatch<T> right_of(const Array<T>& b, const ProductExtents& p, Transpose transpose) {
  return {b.data(), transpose == transposed ? p.k : p.n, transpose, p.b_steps};
}
template <class T>
MatrixBatch<T> result_of(const Array<T>& y, const ProductExtents& p, Transpose transpose) {
  return {y.data(), p.n, transpose, p.y_steps()};
}
template <class T>
MatrixBatch<T> turned(MatrixBatch<T> matrices) {
  matrices.transpose = matrices.transpose == transposed ? as_is : transposed;
  return matrices;
}
///@}

}  // namespace

template <class T>
Variable<T> detail::matmul(Variable<T> a, Transpose ta, Variable<T> b, Transpose tb) {
  const ProductExtents extents = product_of(a.shape(), ta, b.shape(), tb);
  return define(
      {"matmul", {{"transpose_a", ta == transposed}, {"transpose_b", tb == transposed}}}, {a, b},
      [&](Array<T>& y) {
        resize(y, product_shape(a.shape(), b.shape(), extents, ta), "matmul");
        batched_gemm(extents.batch, extents.m, extents.n, extents.k,
                     left_of(a.value(), extents, ta), right_of(b.value(), extents, tb), T(0), y,
                     extents.y_steps());
      },
      [=](auto y, Array<T>& da, T beta) {
        const Array<T>& right = y.input(1).value();
        const ProductExtents p = product_of(da.shape(), ta, right.shape(), tb);
        const auto factor = right_of(right, p, tb);
        if (ta == as_is) {
          batched_gemm(p.batch, p.m, p.k, p.n, result_of(y.grad(), p, as_is), turned(factor), beta,
                       da, p.a_steps);
        } else {
          batched_gemm(p.batch, p.k, p.m, p.n, factor, result_of(y.grad(), p, transposed), beta, da,
                       p.a_steps);
        }
      },
      [=](auto y, Array<T>& db, T beta) {
        const Array<T>& left = y.input(0).value();
        const ProductExtents p = product_of(left.shape(), ta, db.shape(), tb);
        const auto factor = left_of(left, p, ta);
        if (tb == as_is) {
          batched_gemm(p.batch, p.k, p.n, p.m, turned(factor), result_of(y.grad(), p, as_is), beta,
                       db, p.b_steps);
        } else {
          batched_gemm(p.batch, p.n, p.k, p.m, result_of(y.grad(), p, transposed), factor, beta, db,
                       p.b_steps);
        }
      });
}

template <class T>
Variable<T> matmul(Variable<T> a, Variable<T> b) {
  return detail::matmul(a, as_is, b, as_is);
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
        matmul_gemm(as_is, as_is, batch, out, in, x.value().data(), in, weight.value().data(), out,
                    T(0), y.data(), out);
        assign_into(y, y + bias.value());
      },
      [=](auto y, Array<T>& dx, T beta) {
        const std::size_t batch = y.shape()[0], in = weight.shape()[0], out = y.shape()[1];
        matmul_gemm(as_is, transposed, batch, in, out, y.grad().data(), out, weight.value().data(),
                    out, beta, dx.data(), in);
      },
      [=](auto y, Array<T>& dw, T beta) {
        const std::size_t batch = y.shape()[0], in = weight.shape()[0], out = y.shape()[1];
        matmul_gemm(transposed, as_is, in, out, batch, x.value().data(), in, y.grad().data(), out,
                    beta, dw.data(), out);
      },
      [](auto y) -> const auto& { return y.grad(); });
}

#define XTAPE_INSTANTIATE(T)                                                           \
  template Variable<T> detail::matmul(Variable<T>, Transpose, Variable<T>, Transpose); \
  template Variable<T> matmul(Variable<T>, Variable<T>);                               \
  template Variable<T> linear(Variable<T>, Variable<T>, Variable<T>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
