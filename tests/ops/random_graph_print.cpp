#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
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
  return "Shape" + braces(std::vector<std::size_t>(shape.begin(), shape.end()), "{}");
}

/// With nine digits, and 0 for what is but rounding, so that the text is the same on every machine.
std::string numbers(Array<double> array) {
  for (double& each : array.storage()) {
    each = std::abs(each) < 1e-12 ? 0 : each;
  }
  return braces(std::span(array.data(), array.size()), "{:.9g}");
}

std::string argument_text(Reduction reduction) {
  return reduction == Reduction::mean ? "Reduction::mean" : "Reduction::sum";
}
std::string argument_text(const std::vector<int>& list) {
  return "std::vector<int>" + braces(list, "{}");
}
std::string argument_text(const std::vector<std::ptrdiff_t>& list) {
  return "std::vector<std::ptrdiff_t>" + braces(list, "{}");
}
std::string argument_text(Pair pair) {
  return fmt::format("Pair({}, {})", pair.height, pair.width);
}
std::string argument_text(const Margins& m) {
  return fmt::format("Margins({}, {}, {}, {})", m.top, m.bottom, m.left, m.right);
}
template <class Number>
std::string argument_text(Number number) {
  return fmt::format("{}", number);
}

std::string line_of(const GraphNode& node, const std::vector<Shape>& shapes) {
  if (node.op == nullptr) {
    return fmt::format("leaf({}, {})", shape_text(node.shape), braces(node.values, "{}"));
  }
  // Each word of the expression that names an operand or an argument, by what it is here.
  std::map<std::string, std::string> meant{{"rng", "fresh()"}};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t input = node.inputs[std::min(i, node.inputs.size() - 1)];
    meant[std::string(1, "xyz"[i])] = fmt::format("v{}", input);
  }
  arguments_of(node, shapes).visit([&](const std::string& name, const auto& value) {
    meant["of." + name] = argument_text(value);
  });
  std::string line;
  const std::string& text = node.op->text;
  const std::regex word("[A-Za-z_][\\w.]*");
  auto end = text.begin();
  for (std::sregex_iterator match(text.begin(), text.end(), word), last; match != last; ++match) {
    const auto known = meant.find(match->str());
    line.append(end, text.begin() + match->position());
    line += known == meant.end() ? match->str() : known->second;
    end = text.begin() + match->position() + match->length();
  }
  return line.append(end, text.end());
}

constexpr const char* beginning = R"(#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>
#include <xtape.hpp>

using namespace xtape;

int main() {
  Tape<double> tape;
  const auto leaf = [&](const Shape& shape, std::initializer_list<double> values) {
    return tape.variable([&](Array<double>& x) {
      resize(x, shape);
      std::copy(values.begin(), values.end(), x.data());
    });
  };
  Rng rng;
  [[maybe_unused]] const auto fresh = [&]() -> Rng& { return rng = Rng(3); };
  int wrong = 0;
  const auto compare = [&](const char* what, const Array<double>& array,
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
                      braces(output_weights(result.elements.size()), "{}"));
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
