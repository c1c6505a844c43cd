#include "autograd/check/dot.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace xtape {
namespace {

/// Escapes text for a label in quotes. Graphviz gives a meaning to quotes, backslashes and the
/// ampersands of HTML entities.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '&':
        result += "&amp;";
        break;
      case '\n':
        result += "\\n";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// Returns the style of a leaf. It is empty for an op, which has the default style of the graph.
std::string_view style(std::string_view op) {
  if (op == "parameter") {
    return R"(, style=filled, fillcolor="#cfe2f7", color="#2a6fb0")";
  }
  if (op == "variable") {
    return R"(, style=filled, fillcolor="#ffffff", color="#2a6fb0")";
  }
  return op == "constant" ? R"(, style="filled,dashed", fillcolor="#f2f2f2")" : "";
}

template <class T>
std::string_view title(const Node<T>& node, const ParameterNames& names) {
  const auto name = names.find(node.value);
  return name == names.end() ? node.op : std::string_view(name->second);
}

}  // namespace

template <class T>
std::string to_dot(const Tape<T>& tape, const ParameterNames& names) {
  std::string dot =
      "digraph tape {\n"
      "  node [shape=box, style=\"filled,rounded\", fillcolor=\"#fdf1d8\", color=\"#777777\", "
      "fontname=\"Helvetica,Arial,sans-serif\", fontsize=11];\n"
      "  edge [color=\"#555555\", arrowsize=0.7];\n";
  const auto out = std::back_inserter(dot);
  for (std::size_t i = 0; i < tape.size(); ++i) {
    const Node<T>& node = tape.node(i);
    const std::string attributes = text_of(node.attributes());
    fmt::format_to(out, "  n{} [label=\"{}{}{}\\n{}\"{}];\n", i, escaped(title(node, names)),
                   attributes.empty() ? "" : "\\n", escaped(attributes), node.value->shape(),
                   style(node.inputs().empty() ? node.op : "op"));
    for (const Node<T>* input : node.inputs()) {
      fmt::format_to(out, "  n{} -> n{}{};\n", input->index, i,
                     input->needs_grad && node.needs_grad ? "" : " [style=dashed]");
    }
  }
  return dot += "}\n";
}

template std::string to_dot(const Tape<float>&, const ParameterNames&);
template std::string to_dot(const Tape<double>&, const ParameterNames&);

}  // namespace xtape
