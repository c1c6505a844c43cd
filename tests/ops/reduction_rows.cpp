#include "tests/ops/rows.hpp"

/// The rows of reductions.

namespace xtape {

// clang-format off

std::vector<Row> reduction_rows() {
  const auto ties = array_of<double>(Shape{6, 4}, {1, 3, 3, 2, 0, 0, 0, 0, -inf, -inf, -inf, -inf, 1, inf, inf, 2, 1, nan, inf, nan, 1, -inf, nan, 2});
  const auto zeros = array_of<double>(Shape{4, 3}, {0, 2, 3, 0, 0, 5, 0, 0, 0, 1, -1.5, 0.25});
  const auto offset = array_of<double>(Shape{2, 3}, {1000, 1001, 1003, -1, -1, -1});
  const auto wide = array_of<double>(Shape{4, 3}, {1000, 999, -1000, huge, huge, -huge, -745, 0, 745, 3, -inf, 2});
  const char* first = "torch.amax and amin divide the gradient among equal elements; here the first gets it";
  return {
      OP("sum", sum(x), "torch.sum(x)", "np.sum(x)", kind::each_shape()),
      OP("sum", sum(x, of.axes, of.keepdims), "torch.sum(x, axes, keepdims)", "np.sum(x, axes, keepdims=keepdims)", kind::axes()),
      OP("mean", mean(x), "torch.mean(x)", "np.mean(x)", kind::full()),
      OP("mean", mean(x, of.axes, of.keepdims), "torch.mean(x, axes, keepdims)", "np.mean(x, axes, keepdims=keepdims)", kind::full_axes()),
      OP("max", max(x, of.axes, of.keepdims), "torch.amax(x, axes, keepdims)", "np.max(x, axes, keepdims=keepdims)", kind::full_axes())
          .on({apart})
          .instead("first_max(x, axes, keepdims)", first)
          .numbers_together({ties}, {.axes = {1}})
          .numbers_together({ties}, {.axes = {0}})
          .numbers_together({ties}, {.keepdims = true, .axes = {0, 1}}),
      OP("max", max(x), "torch.max(x)", "np.max(x)", kind::full()).on({apart}),
      OP("min", min(x, of.axes, of.keepdims), "torch.amin(x, axes, keepdims)", "np.min(x, axes, keepdims=keepdims)", kind::full_axes())
          .on({apart})
          .instead("-first_max(-x, axes, keepdims)", first)
          .numbers_together({ties}, {.axes = {1}})
          .numbers_together({ties}, {.axes = {0}}),
      OP("min", min(x), "torch.min(x)", "np.min(x)", kind::full()).on({apart}),
      OP("prod", prod(x, of.axes, of.keepdims), "torch.prod(lines(x, axes), -1).reshape(kept(x, axes, keepdims))", "np.prod(x, axes, keepdims=keepdims)", kind::axes())
          .numbers_together({zeros}, {.axes = {1}})
          .numbers_together({zeros}, {.axes = {0}})
          .numbers_together({zeros}, {.axes = {0, 1}}),
      OP("var", var(x, of.axes, of.keepdims, 0), "torch.var(x, axes, correction=0, keepdim=keepdims)", "np.var(x, axes, keepdims=keepdims)", kind::full_axes()),
      OP("var", var(x, of.axes, of.keepdims), "torch.var(x, axes, keepdim=keepdims)", "np.var(x, axes, ddof=1, keepdims=keepdims)", kind::full_axes())
          .numbers_only()
          .numbers_together({offset}, {.axes = {1}})
          .numbers_together({offset}, {.keepdims = true, .axes = {0, 1}}),
      // At 0 both take the slope 0.
      OP("norm", norm(x, of.axes, of.keepdims), "torch.linalg.vector_norm(x, 2, axes, keepdims)", "np.linalg.vector_norm(x, axis=axes, keepdims=keepdims)", kind::axes())
          .on({around_0})
          .numbers_together({zeros}, {.axes = {1}})
          .numbers_together({array_of<double>(Shape{3, 2}, {3, 4, 0, 0, 1, inf})}, {.axes = {1}}),
      OP("logsumexp", logsumexp(x, of.axes, of.keepdims), "torch.logsumexp(x, axes, keepdims)", "np.logaddexp.reduce(x, axes, keepdims=keepdims)", kind::full_axes())
          .numbers_together({wide}, {.axes = {1}})
          .numbers_together({wide}, {.axes = {0}})
          .numbers_together({wide}, {.axes = {0, 1}}),
      OP("cumsum", cumsum(x, of.axis), "torch.cumsum(x, axis)", "np.cumsum(x, axis)", kind::two_axes()),
  };
}

// clang-format on

}  // namespace xtape
