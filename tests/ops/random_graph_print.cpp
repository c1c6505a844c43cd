#include <fmt/format.h>

#include <cmath>
#include <span>

#include "tests/ops/random_graph.hpp"

namespace xtape {
namespace {

using namespace graph_detail;

template <class Elements>
std::string braces(const Elements& elements, const char* format) {
  std::string text;
  for (const auto& each : elements) {
    text += (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(format), each);
  }
  return "{" + text + "}";
}

std::string shape_text(const Shape& shape) {
  return "xtape::Shape" + braces(std::vector<std::size_t>(shape.begin(), shape.end()), "{}");
}

/// With nine digits, and 0 for what is but rounding, so that the text is the same on every machine.
std::string numbers(Array<double> array) {
  for (double& each : array.storage()) {
    each = std::abs(each) < 1e-12 ? 0 : each;
  }
  return braces(std::span(array.data(), array.size()), "{:.9g}");
}

std::string line_of(const GraphNode& node, const std::vector<Shape>& shapes) {
  if (node.op == nullptr) {
    return fmt::format("leaf({}, {})", shape_text(node.shape), braces(node.values, "{}"));
  }
  const Arguments arguments = arguments_of(node, shapes);
  const auto name = [&](std::size_t i) {
    return i < node.inputs.size() ? fmt::format("v{}", node.inputs[i]) : "";
  };
  return fmt::format(
      fmt::runtime(node.op->text), fmt::arg("x", name(0)), fmt::arg("y", name(1)),
      fmt::arg("z", name(2)), fmt::arg("i", arguments.i), fmt::arg("j", arguments.j),
      fmt::arg("k", arguments.k), fmt::arg("flag", arguments.flag),
      fmt::arg("shape", shape_text(arguments.shape)),
      fmt::arg("list", braces(arguments.list, "{}")),
      fmt::arg("reduction", arguments.flag ? "xtape::Reduction::mean" : "xtape::Reduction::sum"));
}

constexpr const char* beginning = R"(#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <vector>
#include <xtape.hpp>

int main() {
  xtape::Tape<double> tape;
  const auto leaf = [&](const xtape::Shape& shape, std::initializer_list<double> values) {
    return tape.variable([&](xtape::Array<double>& x) {
      xtape::resize(x, shape);
      std::copy(values.begin(), values.end(), x.data());
    });
  };
  int wrong = 0;
  const auto compare = [&](const char* what, const xtape::Array<double>& array,
                           std::initializer_list<double> expected) {
    const double* got = array.data();
    for (const double wanted : expected) {
      if (!(std::abs(*got - wanted) <= 1e-6 * (1 + std::abs(wanted)))) {
        std::printf("%s: got %.17g, expected %.9g\n", what, *got, wanted);
        ++wrong;
      }
      ++got;
    }
  };
)";

}  // namespace

std::string program_of(const Graph& graph) {
  const auto values = plain_values(graph);
  const Computed expected = compute_plainly(values);
  std::string text = beginning;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    std::vector<Shape> shapes;
    for (const std::size_t input : graph[i].inputs) {
      shapes.push_back(values[input].shape);
    }
    text += fmt::format("  const auto v{} = {};\n", i, line_of(graph[i], shapes));
  }
  const std::size_t last = graph.size() - 1;
  const plain::Tensor& result = values[last];
  text += fmt::format("  tape.backward(sum(v{} * leaf({}, {})));\n", last, shape_text(result.shape),
                      braces(weights(result.elements.size()), "{}"));
  text += fmt::format("  compare(\"v{0}\", v{0}.value(), {1});\n", last,
                      numbers(expected.values[last]));
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (graph[i].op == nullptr) {
      text += fmt::format("  compare(\"gradient of v{0}\", v{0}.grad(), {1});\n", i,
                          numbers(expected.grads[i]));
    }
  }
  return text + "  return wrong;\n}\n";
}

}  // namespace xtape
