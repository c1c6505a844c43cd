#include "tests/ops/rows.hpp"

/// What is no op of its own, because a line of ops says it.

namespace xtape {

// clang-format off

std::span<const Row> lines() {
  static const Rows all{
      LINE("rsqrt", 1 / sqrt(x), "torch.rsqrt(x)", kind::each_shape()).on({above_0}).extremes({tiny, normal, 1e-300, 1, huge, inf, 0, nan, -1}),
      LINE("log_sigmoid", -softplus(-x), "F.logsigmoid(x)", kind::each_shape()).extremes(near_zero({1, -1, 17, -17, 40, -40, 700, -700, 1000, -1000, nan})),
      LINE("silu", x * sigmoid(x), "F.silu(x)", kind::each_shape()).extremes(near_zero({1, -1, 17, -17, 36, 700, -700, -1000, nan})),
      LINE("masked_fill", where(x > 0.5, 7, x), "torch.masked_fill(x, x > 0.5, 7)", kind::each_shape()).extremes({0.5, 0.25, 1, inf, -inf, nan}),
      LINE("std", sqrt(var(x, of.axes, of.keepdims, 0)), "torch.std(x, axes, correction=0, keepdim=keepdims)", kind::full_axes())
          .numbers_only()
          .numbers_together({array_of<double>(Shape{2, 3}, {1000, 1001, 1003, -1, 2, 5})}, {.axes = {1}}),
      LINE("smooth_l1", huber(x, y, of.reduction, 0.5) / 0.5, "F.smooth_l1_loss(x, y, reduction=reduction, beta=0.5)", kind::alike()),
  };
  return all;
}

// clang-format on

}  // namespace xtape
