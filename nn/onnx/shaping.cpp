#include <algorithm>
#include <limits>

#include "nn/onnx/counterparts.hpp"

// The counterparts of products, of reductions, and of ops that move elements.

namespace xtape::nn::onnx {
namespace {

using List = std::span<const std::uint32_t>;

void linear(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const auto plain = [&](std::size_t i) {
    return exporter.in(exporter.operand(step, i), Order::plain);
  };
  const std::string rows =
      x.shape.size() == 2
          ? plain(0)
          : exporter.call(step, "Flatten", {exporter.elements(x)}, {{"axis", std::int64_t{1}}});
  exporter.make(step, exporter.call(step, type, {rows, plain(1), plain(2)}));
}

void matmul(Exporter& exporter, const Step& step, const char* type) {
  const auto factor = [&](std::size_t i, const char* transposed) {
    const Step& x = exporter.operand(step, i);
    if (step.get<std::int64_t>(transposed) == 0) {
      return exporter.in(x, Order::plain);
    }
    Numbers axes = axes_in(Order::plain, x.shape.size());
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    return exporter.permuted(x, axes);
  };
  const std::string a = factor(0, "transpose_a"), b = factor(1, "transpose_b");
  exporter.make(step, exporter.call(step, type, {a, b}));
}

/// Adds a product with weights along the last axis, and a bias.
void affine(Exporter& exporter, const Step& step, const char* type) {
  const auto plain = [&](std::size_t i) {
    return exporter.in(exporter.operand(step, i), Order::plain);
  };
  const std::string weight = step.get<std::int64_t>("transpose") == 0
                                 ? plain(1)
                                 : exporter.permuted(exporter.operand(step, 1), {1, 0});
  const std::string x = plain(0);
  const std::string product = exporter.call(step, type, {x, weight});
  exporter.make(step, exporter.call(step, "Add", {product, plain(2)}));
}

/// Adds an operator along the last axis.
void by_rows(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const std::size_t rank = x.shape.size();
  const std::int64_t axis = signed_of(placed(rank - 1, rank, order));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order)}, {{"axis", axis}}), order);
}

/// Returns the operators' axes of a list, in an order.
Numbers axes_of(List list, std::size_t rank, Order order) {
  Numbers axes;
  for (const std::uint32_t axis : list) {
    axes.push_back(signed_of(placed(axis, rank, order)));
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

/// Returns whether reducing these axes away leaves channels that are first where they would be last
/// on the tape.
bool leaves_other_order(List axes, std::size_t rank) {
  std::size_t pixels = 0;
  bool channels = true;
  for (const std::uint32_t axis : axes) {
    channels = channels && axis + 1 != rank;
    pixels += axis > 0 && axis + 1 < rank ? 1 : 0;
  }
  return channels && pixels + 2 < rank;
}

/// Adds a reduction. ReduceSum takes its axes as an operand, the others as an attribute. max and
/// min of axes that are apart are several steps, of which the last may drop axes of those before.
void reduction(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const List list = step.get<List>("axes");
  const std::size_t rank = x.shape.size();
  const bool keeps = step.shape.size() == rank, drops = step.shape.size() + list.size() == rank;
  Order order = exporter.order_of(x);
  if (!keeps && (!drops || leaves_other_order(list, rank))) {
    order = Order::plain;
  }
  const std::string operand = exporter.in(x, order);
  if (list.empty()) {
    exporter.make(step, exporter.call(step, "Identity", {operand}), order);
    return;
  }
  const Numbers axes = axes_of(list, rank, order);
  const Argument keepdims{"keepdims", std::int64_t{keeps || !drops ? 1 : 0}};
  std::string y = std::string_view(type) == "ReduceSum"
                      ? exporter.call(step, type, {operand, exporter.numbers(axes)}, {keepdims})
                      : exporter.call(step, type, {operand}, {{"axes", axes}, keepdims});
  if (!keeps && !drops) {
    y = exporter.call(step, "Reshape", {y, exporter.numbers(Exporter::shape_of(step))});
  }
  exporter.make(step, y, keeps ? order : Order::plain);
}

void cumsum(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const auto axis = static_cast<std::size_t>(step.get<std::int64_t>("axis"));
  const std::string where = exporter.whole(signed_of(placed(axis, x.shape.size(), order)));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order), where}), order);
}

void reshape(Exporter& exporter, const Step& step, const char* type) {
  const std::string shape = exporter.numbers(Exporter::shape_of(step));
  const std::string x = exporter.elements(exporter.operand(step, 0));
  exporter.make(step, exporter.call(step, type, {x, shape}));
}

void transpose(Exporter& exporter, const Step& step, const char* type) {
  Numbers axes = axes_in(Order::plain, step.shape.size());
  std::swap(axes[static_cast<std::size_t>(step.get<std::int64_t>("axis"))],
            axes[static_cast<std::size_t>(step.get<std::int64_t>("other"))]);
  const std::string x = exporter.in(exporter.operand(step, 0), Order::plain);
  exporter.make(step, exporter.call(step, type, {x}, {{"perm", axes}}));
}

void permute(Exporter& exporter, const Step& step, const char* type) {
  const List axes = step.get<List>("axes");
  const std::string x = exporter.in(exporter.operand(step, 0), Order::plain);
  const Numbers order(axes.begin(), axes.end());
  exporter.make(step, exporter.call(step, type, {x}, {{"perm", order}}));
}

/// Adds Expand. An extent of 1 stays as it is, so that it can be the one of the batch.
void broadcast_to(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const std::size_t added = step.shape.size() - x.shape.size();
  Numbers shape;
  for (std::size_t axis = 0; axis < step.shape.size(); ++axis) {
    const bool stays = axis >= added && x.shape[axis - added] == step.shape[axis];
    shape.push_back(stays ? 1 : signed_of(step.extent(axis)));
  }
  const std::string operand = exporter.in(x, Order::plain);
  exporter.make(step, exporter.call(step, type, {operand, exporter.numbers(shape)}));
}

/// Adds Trilu.
void triangle(Exporter& exporter, const Step& step, const char* type) {
  const std::string x = exporter.in(exporter.operand(step, 0), Order::plain);
  const std::string offset = exporter.whole(step.get<std::int64_t>("offset"));
  const Argument upper{"upper", std::int64_t{step.op == "triu" ? 1 : 0}};
  exporter.make(step, exporter.call(step, type, {x, offset}, {upper}));
}

constexpr std::int64_t to_the_end = std::numeric_limits<std::int64_t>::max();

void flip(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const Numbers axes = axes_of(step.get<List>("axes"), x.shape.size(), order);
  const auto each = [&](std::int64_t number) {
    return exporter.numbers(Numbers(axes.size(), number));
  };
  exporter.make(step,
                exporter.call(step, type,
                              {exporter.in(x, order), each(-1), each(-to_the_end),
                               exporter.numbers(axes), each(-1)}),
                order);
}

/// Returns a position along an axis, which may be counted from the end if the axis is the batch.
std::int64_t position(const Step& step, const Extent& extent, const char* which) {
  const std::int64_t first = step.first_number(which), second = step.second_number(which);
  if (!extent.of_batch || first == second) {
    return step.get<std::int64_t>(which);
  }
  const std::int64_t before = first - signed_of(extent.count * first_batch);
  if (before != second - signed_of(extent.count * second_batch)) {
    return step.get<std::int64_t>(which);  // which refuses it
  }
  return before == 0 ? to_the_end : before;
}

void slice(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const auto axis = static_cast<std::size_t>(step.get<std::int64_t>("axis"));
  const std::size_t rank = x.shape.size();
  const auto at = [&](const char* which) {
    return exporter.numbers({position(step, x.shape[axis], which)});
  };
  const std::string where = exporter.numbers({signed_of(placed(axis, rank, order))});
  std::vector<std::string> operands{exporter.in(x, order), at("begin"), at("end"), where};
  if (const auto by = step.get<std::int64_t>("step"); by != 1) {
    operands.push_back(exporter.numbers({by}));
  }
  exporter.make(step, exporter.call(step, type, operands), order);
}

void select(Exporter& exporter, const Step& step, const char* type) {
  const std::string x = exporter.in(exporter.operand(step, 0), Order::plain);
  const std::string index = exporter.whole(step.get<std::int64_t>("index"));
  const Argument axis{"axis", step.get<std::int64_t>("axis")};
  exporter.make(step, exporter.call(step, type, {x, index}, {axis}));
}

void concatenate(Exporter& exporter, const Step& step, const char* type) {
  Order order = Order::plain;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    if (exporter.order_of(exporter.operand(step, i)) == Order::channels_first) {
      order = Order::channels_first;
    }
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    parts.push_back(exporter.in(exporter.operand(step, i), order));
  }
  const auto axis = static_cast<std::size_t>(step.get<std::int64_t>("axis"));
  const std::int64_t there = signed_of(placed(axis, step.shape.size(), order));
  exporter.make(step, exporter.call(step, type, parts, {{"axis", there}}), order);
}

void stack(Exporter& exporter, const Step& step, const char*) {
  const auto axis = step.get<std::int64_t>("axis");
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const std::string part = exporter.in(exporter.operand(step, i), Order::plain);
    parts.push_back(exporter.call(step, "Unsqueeze", {part, exporter.numbers({axis})}));
  }
  exporter.make(step, exporter.call(step, "Concat", parts, {{"axis", axis}}));
}

void gather(Exporter& exporter, const Step& step, const char* type) {
  const Step& operand = exporter.operand(step, 0);
  const List list = step.get<List>("indices");
  const std::string x = exporter.in(operand, Order::plain);
  const std::string indices = exporter.numbers(Numbers(list.begin(), list.end()));
  const Argument axis{"axis", step.get<std::int64_t>("axis")};
  std::string y = exporter.call(step, type, {x, indices}, {axis});
  if (step.shape.size() != operand.shape.size()) {  // the indices are of several axes, or of none
    y = exporter.call(step, "Reshape", {y, exporter.numbers(Exporter::shape_of(step))});
  }
  exporter.make(step, y);
}

}  // namespace

std::span<const Counterpart> shaping() {
  static constexpr Counterpart ops[] = {
      {"affine", "MatMul", affine},
      {"linear", "Gemm", linear},
      {"matmul", "MatMul", matmul},
      {"softmax", "Softmax", by_rows},
      {"log_softmax", "LogSoftmax", by_rows},
      {"sum", "ReduceSum", reduction},
      {"mean", "ReduceMean", reduction},
      {"max", "ReduceMax", reduction},
      {"min", "ReduceMin", reduction},
      {"prod", "ReduceProd", reduction},
      {"logsumexp", "ReduceLogSumExp", reduction},
      {"cumsum", "CumSum", cumsum},
      {"reshape", "Reshape", reshape},
      {"transpose", "Transpose", transpose},
      {"flip", "Slice", flip},
      {"concatenate", "Concat", concatenate},
      {"stack", nullptr, stack},
      {"slice", "Slice", slice},
      {"gather", "Gather", gather},
      {"select", "Gather", select},
      {"permute", "Transpose", permute},
      {"broadcast_to", "Expand", broadcast_to},
      {"tril", "Trilu", triangle},
      {"triu", "Trilu", triangle},
  };
  return ops;
}

}  // namespace xtape::nn::onnx
