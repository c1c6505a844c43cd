#include "nn/onnx/counterparts.hpp"

#include <cmath>
#include <numbers>

namespace xtape::nn::onnx {
namespace {

/// Adds an operator of one operand that computes each element by itself.
void unary(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order)}), order);
}

void leaky_relu(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const auto slope = static_cast<float>(step.get<double>("slope"));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order)}, {{"alpha", slope}}),
                order);
}

/// Returns channels first if an operand is so, because transposing the other one is as cheap.
Order common_order(const Exporter& exporter, const Step& step) {
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const Step& operand = exporter.operand(step, i);
    if (operand.shape.size() == step.shape.size() &&
        exporter.order_of(operand) == Order::channels_first) {
      return Order::channels_first;
    }
  }
  return Order::plain;
}

/// Adds an operator of two operands that broadcast. One of them may be a number.
void binary(Exporter& exporter, const Step& step, const char* type) {
  const Order order = common_order(exporter, step);
  std::vector<std::string> operands;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    operands.push_back(exporter.beside(exporter.operand(step, i), step.shape.size(), order));
  }
  if (step.has("left")) {
    operands.insert(operands.begin(), exporter.number(step.get<double>("left")));
  } else if (step.has("right")) {
    operands.push_back(exporter.number(step.get<double>("right")));
  }
  exporter.make(step, exporter.call(step, type, operands), order);
}

void power(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const std::string exponent = exporter.number(step.get<double>("exponent"));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order), exponent}), order);
}

void square(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const std::string operand = exporter.in(x, order);
  exporter.make(step, exporter.call(step, type, {operand, operand}), order);
}

/// Adds 0.5 x (1 + erf(x / sqrt 2)), in the form that runtimes know and replace by one kernel.
void gelu(Exporter& exporter, const Step& step, const char*) {
  const Step& operand = exporter.operand(step, 0);
  const Order order = exporter.order_of(operand);
  const std::string x = exporter.in(operand, order);
  const auto call = [&](const char* type, std::vector<std::string> inputs) {
    return exporter.call(step, type, std::move(inputs));
  };
  const std::string scaled = call("Div", {x, exporter.number(std::numbers::sqrt2)});
  const std::string sum = call("Add", {call("Erf", {scaled}), exporter.number(1)});
  const std::string product = call("Mul", {x, sum});
  exporter.make(step, call("Mul", {product, exporter.number(0.5)}), order);
}

/// Adds ln(1 + x) for small x, too. With u = 1 + x as it is rounded, this is x ln(u) / (u - 1). It
/// is x where u is 1, and ln(u) where u - 1 is x, as at infinity.
void log1p(Exporter& exporter, const Step& step, const char*) {
  const Step& operand = exporter.operand(step, 0);
  const Order order = exporter.order_of(operand);
  const std::string x = exporter.in(operand, order), one = exporter.number(1);
  const auto call = [&](const char* type, std::vector<std::string> inputs) {
    return exporter.call(step, type, std::move(inputs));
  };
  const std::string u = call("Add", {x, one});
  const std::string back = call("Sub", {u, one}), log = call("Log", {u});
  const std::string corrected = call("Mul", {log, call("Div", {x, back})});
  const std::string exact = call("Where", {call("Equal", {back, x}), log, corrected});
  exporter.make(step, call("Where", {call("Equal", {u, one}), x, exact}), order);
}

constexpr Counterpart ops[] = {
    {"sigmoid", "Sigmoid", unary},   {"tanh", "Tanh", unary},
    {"relu", "Relu", unary},         {"leaky_relu", "LeakyRelu", leaky_relu},
    {"softplus", "Softplus", unary}, {"gelu", nullptr, gelu},
    {"add", "Add", binary},          {"subtract", "Sub", binary},
    {"multiply", "Mul", binary},     {"divide", "Div", binary},
    {"negate", "Neg", unary},        {"exp", "Exp", unary},
    {"log", "Log", unary},           {"log1p", nullptr, log1p},
    {"sqrt", "Sqrt", unary},         {"square", "Mul", square},
    {"pow", "Pow", power},           {"abs", "Abs", unary},
    {"sin", "Sin", unary},           {"cos", "Cos", unary},
};

}  // namespace

std::span<const Counterpart> elementwise() { return ops; }

void translate(Exporter& exporter, const Step& step) {
  for (const auto& family : {elementwise(), images(), norms(), shaping()}) {
    for (const Counterpart& each : family) {
      if (each.op == step.op) {
        each.translate(exporter, step, each.type);
        return;
      }
    }
  }
  step.refuse("has no ONNX counterpart");
}

}  // namespace xtape::nn::onnx
