#include "nn/onnx/counterparts.hpp"

#include <cmath>
#include <numbers>
#include <string_view>

namespace xtape::nn::onnx {
namespace {

/// Adds an operator of one operand that computes each element by itself.
void unary(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order)}), order);
}

/// Adds an operator of one operand and a number: a slope, or what ELU calls alpha.
void with_alpha(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const char* const name = step.has("slope") ? "slope" : "alpha";
  const auto alpha = static_cast<float>(step.get<double>(name));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order)}, {{"alpha", alpha}}),
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

/// Returns the operands, to be broadcast in an order. The last may be a number. The caller adds a
/// number on the left.
std::vector<std::string> operands_of(Exporter& exporter, const Step& step, Order order) {
  std::vector<std::string> operands;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    operands.push_back(exporter.beside(exporter.operand(step, i), step.shape.size(), order));
  }
  for (const char* name : {"right", "exponent"}) {
    if (step.has(name)) {
      operands.push_back(exporter.number(step.get<double>(name)));
    }
  }
  return operands;
}

/// Adds an operator of two operands that broadcast. One of them may be a number.
void binary(Exporter& exporter, const Step& step, const char* type) {
  const Order order = common_order(exporter, step);
  std::vector<std::string> operands = operands_of(exporter, step, order);
  if (step.has("left")) {
    operands.insert(operands.begin(), exporter.number(step.get<double>("left")));
  }
  exporter.make(step, exporter.call(step, type, operands), order);
}

constexpr auto number_of(Type type) { return static_cast<std::int64_t>(type); }

/// Adds a comparison. Its result is boolean in ONNX, and 0 or 1 here.
void comparison(Exporter& exporter, const Step& step, const char* type) {
  const Order order = common_order(exporter, step);
  const bool differs = std::string_view(type) == "Not";
  std::string holds =
      exporter.call(step, differs ? "Equal" : type, operands_of(exporter, step, order));
  if (differs) {
    holds = exporter.call(step, type, {holds});
  }
  const Argument to{"to", number_of(exporter.type())};
  exporter.make(step, exporter.call(step, "Cast", {holds}, {to}), order);
}

/// Adds a choice by a mask. One of the alternatives may be a number.
void where(Exporter& exporter, const Step& step, const char* type) {
  const Order order = common_order(exporter, step);
  std::vector<std::string> operands = operands_of(exporter, step, order);
  if (step.has("left")) {
    operands.insert(operands.begin() + 1, exporter.number(step.get<double>("left")));
  }
  operands[0] = exporter.call(step, "Cast", {operands[0]}, {{"to", number_of(Type::boolean)}});
  exporter.make(step, exporter.call(step, type, operands), order);
}

void clip(Exporter& exporter, const Step& step, const char* type) {
  const Step& x = exporter.operand(step, 0);
  const Order order = exporter.order_of(x);
  const std::string low = exporter.number(step.get<double>("low"));
  const std::string high = exporter.number(step.get<double>("high"));
  exporter.make(step, exporter.call(step, type, {exporter.in(x, order), low, high}), order);
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

/// Adds e^x - 1 for small x, too. It is tanh(x / 2) (e^x + 1).
void expm1(Exporter& exporter, const Step& step, const char*) {
  const Step& operand = exporter.operand(step, 0);
  const Order order = exporter.order_of(operand);
  const std::string x = exporter.in(operand, order);
  const auto call = [&](const char* type, std::vector<std::string> inputs) {
    return exporter.call(step, type, std::move(inputs));
  };
  const std::string tanh = call("Tanh", {call("Mul", {x, exporter.number(0.5)})});
  const std::string sum = call("Add", {call("Exp", {x}), exporter.number(1)});
  exporter.make(step, call("Mul", {tanh, sum}), order);
}

}  // namespace

std::span<const Counterpart> elementwise() {
  static constexpr Counterpart ops[] = {
      {"sigmoid", "Sigmoid", unary},
      {"tanh", "Tanh", unary},
      {"relu", "Relu", unary},
      {"leaky_relu", "LeakyRelu", with_alpha},
      {"elu", "Elu", with_alpha},
      {"softplus", "Softplus", unary},
      {"gelu", nullptr, gelu},
      {"add", "Add", binary},
      {"subtract", "Sub", binary},
      {"multiply", "Mul", binary},
      {"divide", "Div", binary},
      {"negate", "Neg", unary},
      {"exp", "Exp", unary},
      {"log", "Log", unary},
      {"log1p", nullptr, log1p},
      {"sqrt", "Sqrt", unary},
      {"square", "Mul", square},
      {"pow", "Pow", binary},
      {"abs", "Abs", unary},
      {"sin", "Sin", unary},
      {"cos", "Cos", unary},
      {"tan", "Tan", unary},
      {"sinh", "Sinh", unary},
      {"cosh", "Cosh", unary},
      {"erf", "Erf", unary},
      {"sign", "Sign", unary},
      {"norm", "Sqrt", unary},
      {"expm1", nullptr, expm1},
      {"greater", "Greater", comparison},
      {"less", "Less", comparison},
      {"greater_equal", "GreaterOrEqual", comparison},
      {"less_equal", "LessOrEqual", comparison},
      {"equal", "Equal", comparison},
      {"not_equal", "Not", comparison},
      {"maximum", "Max", binary},
      {"minimum", "Min", binary},
      {"clip", "Clip", clip},
      {"where", "Where", where},
  };
  return ops;
}

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
