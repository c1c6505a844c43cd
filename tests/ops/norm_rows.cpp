#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"
#include "tests/support/operands.hpp"

/// The rows of ops that normalise.

namespace xtape {

// clang-format off

std::vector<Row> normalization_rows() {
  const auto equal = array_of<double>(Shape{4, 2}, {3, 1, 3, 2, 3, 3, 3, 4});
  const auto two = array_of<double>({1, 2});
  return {
      OP("batch_norm", batch_norm(x, y, z, 0.125), "F.batch_norm(x.flatten(0, -2), None, None, y, z, True, 0.1, 0.125).view(x.shape)", "", kind::batch_normed()),
      OP("batch_norm", batch_norm(x, std::nullopt, y), "F.batch_norm(x.flatten(0, -2), None, None, None, y, True).view(x.shape)", "", kind::batch_normed())
          .numbers_only()
          .numbers_together({equal, two}),
      OP("layer_norm", layer_norm(x, y, z, 0.125), "F.layer_norm(x, x.shape[-1:], y, z, 0.125)", "", kind::layer_normed()),
      OP("layer_norm", layer_norm(x, y, std::nullopt, 0.125, 2), "F.layer_norm(x, x.shape[-2:], y, None, 0.125)", "", kind::layer_normed_twice()),
      OP("layer_norm", layer_norm(x), "F.layer_norm(x, x.shape[-1:])", "", kind::layer_normed())
          .numbers_only()
          .numbers_together({equal}),
      OP("group_norm", group_norm(x, of.groups, y, z, 0.125), "F.group_norm(x.movedim(-1, 1), groups, y, z, 0.125).movedim(1, -1)", "", kind::group_normed()),
      OP("group_norm", group_norm(x, of.groups), "F.group_norm(x.movedim(-1, 1), groups).movedim(1, -1)", "", kind::group_normed())
          .numbers_only()
          .numbers_together({equal}, {.groups = 2})
          .numbers_together({equal}, {.groups = 1}),
  };
}

// clang-format on

}  // namespace xtape
