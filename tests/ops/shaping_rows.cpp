#include <type_traits>

#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"

/// The rows of ops that move elements.

namespace xtape {
namespace {

// Braces have no namespace to look into: these find the ops, and their plain twins.
using xtape::concatenate, xtape::stack;
plain::Tensor concatenate(std::initializer_list<plain::Tensor> operands, std::ptrdiff_t axis) {
  return plain::concatenate(std::span(operands.begin(), operands.size()), axis);
}
plain::Tensor stack(std::initializer_list<plain::Tensor> operands, std::ptrdiff_t axis) {
  return plain::stack(std::span(operands.begin(), operands.size()), axis);
}

}  // namespace

// clang-format off

std::vector<Row> shaping_rows() {
  return {
      OP("reshape", reshape(x, of.shape), "torch.reshape(x, shape)", "np.reshape(x, shape)", kind::reshaped()),
      OP("squeeze", squeeze(x), "torch.squeeze(x)", "np.squeeze(x)", kind::each_shape()),
      OP("squeeze", squeeze(x, of.axes), "torch.squeeze(x, axes)", "np.squeeze(x, axes)", kind::squeezed()),
      OP("unsqueeze", unsqueeze(x, of.axis), "torch.unsqueeze(x, axis)", "np.expand_dims(x, axis)", kind::unsqueezed()),
      OP("broadcast_to", broadcast_to(x, of.shape), "x.expand(shape)", "", kind::spread()),
      OP("permute", permute(x, of.axes), "torch.permute(x, axes)", "np.transpose(x, axes)", kind::permuted()),
      OP("transpose", transpose(x, of.axis, of.other), "torch.transpose(x, axis, other)", "np.swapaxes(x, axis, other)", kind::two_axes()),
      OP("flip", flip(x, of.axes), "torch.flip(x, axes)", "np.flip(x, axes)", kind::axes()),
      OP("concatenate (span)", concatenate(std::span<const std::decay_t<decltype(x)>>(std::vector{x, y, x}), of.axis),
         "torch.cat([x, y, x], axis)", "np.concatenate([x, y, x], axis)", kind::joined()),
      OP("concatenate (braces)", concatenate({x, y}, of.axis), "torch.cat([x, y], axis)", "np.concatenate([x, y], axis)", kind::joined()),
      OP("concatenate (vector)", concatenate(std::vector{y, x, x}, of.axis), "torch.cat([y, x, x], axis)", "np.concatenate([y, x, x], axis)", kind::joined()),
      OP("stack (span)", stack(std::span<const std::decay_t<decltype(x)>>(std::vector{x, y, x}), of.axis),
         "torch.stack([x, y, x], axis)", "np.stack([x, y, x], axis)", kind::stacked()),
      OP("stack (braces)", stack({x, y}, of.axis), "torch.stack([x, y], axis)", "np.stack([x, y], axis)", kind::stacked()),
      OP("stack (vector)", stack(std::vector{y, x, x}, of.axis), "torch.stack([y, x, x], axis)", "np.stack([y, x, x], axis)", kind::stacked()),
      OP("split", split<2>(x, of.axis)[1], "torch.chunk(x, 2, axis)[1]", "np.split(x, 2, axis)[1]", kind::halved()),
  };
}

std::vector<Row> indexing_rows() {
  return {
      OP("slice", slice(x, of.begin, of.end, of.axis), "torch.narrow(x, axis, begin, end - begin)", "np.take(x, range(begin, end), axis)", kind::range()),
      OP("slice", slice(x, of.begin), "x[begin:]", "x[begin:]", kind::opened()),
      OP("slice", slice(x, of.begin, of.end, of.axis, of.step),
         "torch.movedim(torch.movedim(x, axis, 0)[begin:end:step], 0, axis)", "np.take(x, range(begin, end, step), axis)", kind::stepped()),
      OP("select", select(x, of.begin, of.axis), "torch.select(x, axis, begin)", "np.take(x, begin, axis)", kind::place()),
      OP("gather", gather(x, of.rows), "torch.index_select(x, 0, torch.tensor(rows, dtype=torch.long))", "np.take(x, np.array(rows, int), 0)", kind::rows()),
      OP("gather", gather(x, of.rows, of.axis), "torch.index_select(x, axis, torch.tensor(rows, dtype=torch.long))",
         "np.take(x, np.array(rows, int), axis)", kind::places()),
      OP("scatter_add", scatter_add(x, of.rows, y, of.axis), "torch.index_add(x, axis, torch.tensor(rows, dtype=torch.long), y)", "", kind::scattered()),
  };
}

std::vector<Row> triangle_rows() {
  return {
      OP("diagonal", diagonal(x, of.other), "torch.diagonal(x, other, -2, -1)", "np.diagonal(x, other, -2, -1)", kind::matrices()),
      OP("diag", diag(x, of.other), "torch.diag_embed(x, other)", "", kind::vectors()),
      OP("tril", tril(x, of.other), "torch.tril(x, other)", "np.tril(x, other)", kind::matrices()),
      OP("triu", triu(x, of.other), "torch.triu(x, other)", "np.triu(x, other)", kind::matrices()),
  };
}

// clang-format on

}  // namespace xtape
