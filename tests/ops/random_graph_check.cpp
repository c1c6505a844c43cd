#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/ops/random_graph.hpp"
#include "tests/support/operands.hpp"

namespace xtape {
namespace {

using namespace graph_detail;

/// Applies the ops to the leaves, in order; gives all nodes.
template <class T>
std::vector<Variable<T>> apply(const Graph& graph, std::span<const Variable<T>> leaves) {
  std::vector<Variable<T>> nodes;
  for (const GraphNode& node : graph) {
    if (node.op == nullptr) {
      nodes.push_back(leaves.front());
      leaves = leaves.subspan(1);
      continue;
    }
    std::vector<Variable<T>> inputs;
    std::vector<Shape> shapes;
    for (const std::size_t i : node.inputs) {
      inputs.push_back(nodes[i]);
      shapes.push_back(nodes[i].shape());
    }
    nodes.push_back(
        node.op->call(std::span<const Variable<T>>(inputs), arguments_of(node, shapes)));
  }
  return nodes;
}

std::vector<Array<double>> leaves_of(const Graph& graph) {
  std::vector<Array<double>> leaves;
  for (const GraphNode& node : graph) {
    if (node.op == nullptr) {
      leaves.push_back(array_of<double>(node.shape, node.values));
    }
  }
  return leaves;
}

template <class T>
Computed compute(const Graph& graph) {
  Tape<T> tape;
  tape.keep_gradients(true);
  std::vector<Variable<T>> leaves;
  for (const Array<double>& each : leaves_of(graph)) {
    leaves.push_back(tape.variable(converted<T>(each)));
  }
  const auto nodes = apply<T>(graph, leaves);
  const Variable<T> result = nodes.back();
  const auto by = array_of<T>(result.shape(), output_weights(result.value().size()));
  tape.backward(sum(result * tape.constant(by)));
  Computed computed;
  for (const Variable<T>& each : nodes) {
    computed.values.push_back(converted<double>(each.value()));
    computed.grads.push_back(converted<double>(each.grad()));
  }
  return computed;
}

/// The first node in which the two differ by more than a part of `tolerance`.
std::string difference(const char* what, const Graph& graph, const Computed& a, const Computed& b,
                       double tolerance) {
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const bool value = greatest_difference(a.values[i], b.values[i]) > tolerance;
    // Only leaves, as an op may give its operand itself (dropout of nothing does).
    const bool leaf = graph[i].op == nullptr;
    if (value || (leaf && greatest_difference(a.grads[i], b.grads[i]) > tolerance)) {
      return fmt::format("the {} of v{}, {}", value ? "value" : "gradient", i, what);
    }
  }
  return "";
}

bool moderate(const std::vector<Array<double>>& grads) {
  return std::all_of(grads.begin(), grads.end(), [](const Array<double>& grad) {
    return std::all_of(grad.data(), grad.data() + grad.size(),
                       [](double element) { return std::abs(element) < 1000; });
  });
}

}  // namespace

bool checkable(const Graph& graph) {
  const auto values = plain_values(graph);
  return !values.empty() && moderate(compute_plainly(values).grads);
}

std::string disagreement(const Graph& graph) {
  const auto values = plain_values(graph);
  if (values.empty()) {
    return "";
  }
  const Computed expected = compute_plainly(values);
  if (!moderate(expected.grads)) {
    return "";
  }
  try {
    const Computed in_double = compute<double>(graph);
    std::string what = difference("plainly computed", graph, in_double, expected, 1e-11);
    if (!what.empty()) {
      return what;
    }
    const auto check = gradcheck(
        [&](std::span<const Variable<double>> leaves) { return apply(graph, leaves).back(); },
        leaves_of(graph),
        {.relative_tolerance = 1e-5, .absolute_tolerance = 1e-5, .max_elements = 4});
    if (!check) {
      return "the gradients, by finite differences: " + to_string(check);
    }
    return difference("in float", graph, compute<float>(graph), in_double, 1e-3);
  } catch (const std::exception& error) {
    return fmt::format("it throws: {}", error.what());
  }
}

}  // namespace xtape
