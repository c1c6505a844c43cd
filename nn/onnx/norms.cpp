#include "nn/onnx/counterparts.hpp"

// The counterparts of ops that normalise.

namespace xtape::nn::onnx {
namespace {

/// Adds (x - mean) / sqrt(variance + epsilon) over some axes of a tensor.
std::string normalized(Exporter& exporter, const Step& step, const std::string& x,
                       const Numbers& axes) {
  const auto call = [&](const char* type, std::vector<std::string> inputs) {
    return exporter.call(step, type, std::move(inputs));
  };
  const auto mean_of = [&](const std::string& tensor) {
    return exporter.call(step, "ReduceMean", {tensor},
                         {{"axes", axes}, {"keepdims", std::int64_t{1}}});
  };
  const std::string centred = call("Sub", {x, mean_of(x)});
  const std::string variance = mean_of(call("Mul", {centred, centred}));
  const std::string epsilon = exporter.number(step.get<double>("epsilon"));
  return call("Div", {centred, call("Sqrt", {call("Add", {variance, epsilon})})});
}

/// The operand with the weight or the bias, or null.
///@{
const Step* weight_of(const Exporter& exporter, const Step& step, std::size_t before) {
  return step.get<std::int64_t>("weight") != 0 ? &exporter.operand(step, before) : nullptr;
}
const Step* bias_of(const Exporter& exporter, const Step& step) {
  const std::size_t last = step.inputs.size() - 1;
  return step.get<std::int64_t>("bias") != 0 ? &exporter.operand(step, last) : nullptr;
}
///@}

/// Adds the product with the weight and the sum with the bias. Returns the result.
std::string scaled(Exporter& exporter, const Step& step, std::string x, Order order) {
  const std::size_t rank = step.shape.size();
  if (const Step* weight = weight_of(exporter, step, 1)) {
    x = exporter.call(step, "Mul", {x, exporter.beside(*weight, rank, order)});
  }
  if (const Step* bias = bias_of(exporter, step)) {
    x = exporter.call(step, "Add", {x, exporter.beside(*bias, rank, order)});
  }
  return x;
}

void batch_norm(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  if (std::string_view(step.get<const char*>("statistics")) == "batch") {
    Numbers axes;
    for (std::size_t axis = 0; axis + 1 < step.shape.size(); ++axis) {
      axes.push_back(signed_of(axis));
    }
    const std::string y = normalized(exporter, step, exporter.in(x, Order::plain), axes);
    exporter.make(step, scaled(exporter, step, y, Order::plain));
    return;
  }
  const Numbers channels{signed_of(step.extent(step.shape.size() - 1))};
  const Step *weight = weight_of(exporter, step, 3), *bias = bias_of(exporter, step);
  const auto plain = [&](std::size_t i) {
    return exporter.in(exporter.operand(step, i), Order::plain);
  };
  exporter.make(
      step,
      exporter.call(step, type,
                    {exporter.in(x, Order::channels_first),
                     weight != nullptr ? plain(3) : exporter.filled(channels, 1),
                     bias != nullptr ? plain(step.inputs.size() - 1) : exporter.filled(channels, 0),
                     plain(1), plain(2)},
                    {{"epsilon", static_cast<float>(step.get<double>("epsilon"))}}),
      Order::channels_first);
}

/// In a model of double, the mean and the variance of LayerNormalization would be of float.
void layer_norm(Exporter& exporter, const Step& step, const char* type) {
  const std::size_t rank = step.shape.size();
  const auto count = step.get<std::int64_t>("axes");
  const std::string x = exporter.in(exporter.operand(step, 0), Order::plain);
  Numbers axes, shape;
  for (std::size_t axis = rank - static_cast<std::size_t>(count); axis < rank; ++axis) {
    axes.push_back(signed_of(axis));
    shape.push_back(signed_of(step.extent(axis)));
  }
  if (exporter.type() == Type::float64) {
    const std::string y = normalized(exporter, step, x, axes);
    exporter.make(step, scaled(exporter, step, y, Order::plain));
    return;
  }
  const Step *weight = weight_of(exporter, step, 1), *bias = bias_of(exporter, step);
  std::vector<std::string> inputs{
      x, weight != nullptr ? exporter.in(*weight, Order::plain) : exporter.filled(shape, 1)};
  if (bias != nullptr) {
    inputs.push_back(exporter.in(*bias, Order::plain));
  }
  const auto epsilon = static_cast<float>(step.get<double>("epsilon"));
  exporter.make(step, exporter.call(step, type, inputs, {{"axis", -count}, {"epsilon", epsilon}}));
}

/// Makes a channel of each group, which InstanceNormalization normalises by itself.
void group_norm(Exporter& exporter, const Step& step, const char*) {
  const auto groups = step.get<std::int64_t>("groups");
  const Order order = step.shape.size() < 3 ? Order::plain : Order::channels_first;
  const std::string x = exporter.in(exporter.operand(step, 0), order);
  const std::string grouped =
      exporter.call(step, "Reshape", {x, exporter.numbers({0, groups, -1})});
  const std::string y =
      exporter.call(step, "InstanceNormalization",
                    {grouped, exporter.filled({groups}, 1), exporter.filled({groups}, 0)},
                    {{"epsilon", static_cast<float>(step.get<double>("epsilon"))}});
  const std::string shape = exporter.numbers(Exporter::shape_of(step, order));
  const std::string back = exporter.call(step, "Reshape", {y, shape});
  exporter.make(step, scaled(exporter, step, back, order), order);
}

/// Adds (x - mean) / deviation.
void standardize(Exporter& exporter, const Step& step, const char*) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const auto beside = [&](std::size_t i) {
    return exporter.beside(exporter.operand(step, i), step.shape.size(), order);
  };
  const std::string centred = exporter.call(step, "Sub", {exporter.in(x, order), beside(1)});
  exporter.make(step, exporter.call(step, "Div", {centred, beside(2)}), order);
}

}  // namespace

std::span<const Counterpart> norms() {
  static constexpr Counterpart ops[] = {
      {"batch_norm", "BatchNormalization", batch_norm},
      {"layer_norm", "LayerNormalization", layer_norm},
      {"group_norm", nullptr, group_norm},
      {"standardize", nullptr, standardize},
  };
  return ops;
}

}  // namespace xtape::nn::onnx
