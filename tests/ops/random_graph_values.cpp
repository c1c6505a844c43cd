#include "tests/ops/random_graph.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace xtape::graph_detail {
namespace {

constexpr std::size_t most_elements = 64;
constexpr double largest = 30;  // value of any node

bool moderate(const plain::Tensor& x) {
  return x.elements.size() <= most_elements &&
         std::all_of(x.elements.begin(), x.elements.end(),
                     [](const plain::Number& each) { return std::abs(each->value) <= largest; });
}

template <class Element>
Array<double> array_from(const plain::Tensor& x, Element element) {
  Array<double> array(x.shape);
  std::transform(x.elements.begin(), x.elements.end(), array.data(), element);
  return array;
}

}  // namespace

bool holds(Domain domain, const plain::Tensor& x) {
  std::vector<double> values;
  for (const plain::Number& each : x.elements) {
    values.push_back(each->value);
  }
  std::sort(values.begin(), values.end());
  switch (domain) {
    case Domain::positive:
      return values.empty() || values.front() >= 0.1;
    case Domain::off_zero:
      return std::none_of(values.begin(), values.end(),
                          [](double value) { return std::abs(value) < 0.05; });
    case Domain::distinct:
      return std::adjacent_find(values.begin(), values.end(),
                                [](double a, double b) { return b - a < 0.01; }) == values.end();
    case Domain::bounded:  // a period is long beside the steps of finite differences
      return values.empty() || (values.front() >= -4 && values.back() <= 4);
    case Domain::wholes:
      return std::all_of(values.begin(), values.end(), [](double value) {
        return std::abs(value) <= 4 && std::abs(value - std::round(value)) <= 0.15;
      });
    case Domain::halves:
      return std::all_of(values.begin(), values.end(), [](double value) {
        return std::abs(value) <= 4 && std::abs(value - std::round(value)) >= 0.35;
      });
    default:
      return true;
  }
}

Of arguments_of(const GraphNode& node, const std::vector<Shape>& shapes) {
  Rng rng(node.seed);
  return node.op->kind.draw(shapes, rng);
}

std::optional<plain::Tensor> plain_value(const GraphNode& node,
                                         const std::vector<plain::Tensor>& earlier) {
  if (node.op == nullptr) {
    return plain::leaf(node.shape, node.values);
  }
  std::vector<plain::Tensor> inputs;
  std::vector<Shape> shapes;
  for (const std::size_t i : node.inputs) {
    inputs.push_back(earlier[i]);
    shapes.push_back(earlier[i].shape);
  }
  bool fit = node.op->kind.fits(shapes);
  for (std::size_t i = 0; fit && i < inputs.size(); ++i) {
    fit = holds(node.op->domain(i), inputs[i]);
  }
  if (!fit) {
    return {};
  }
  plain::Tensor value = node.op->in_plain(inputs, arguments_of(node, shapes));
  return moderate(value) ? std::optional(value) : std::nullopt;
}

std::vector<plain::Tensor> plain_values(const Graph& graph) {
  std::vector<plain::Tensor> values;
  for (const GraphNode& node : graph) {
    auto value = plain_value(node, values);
    if (!value) {
      return {};
    }
    values.push_back(std::move(*value));
  }
  return values;
}

std::vector<double> output_weights(std::size_t count) {
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = 0.5 + 0.25 * static_cast<double>(i * 7 % 5);
  }
  return result;
}

Graph pruned(const Graph& graph) {
  std::vector<bool> needed(graph.size());
  needed.back() = true;
  for (std::size_t i = graph.size(); i-- > 0;) {
    for (const std::size_t input : graph[i].inputs) {
      needed[input] = needed[input] || needed[i];
    }
  }
  Graph kept;
  std::vector<std::size_t> place(graph.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (needed[i]) {
      place[i] = kept.size();
      kept.push_back(graph[i]);
      for (std::size_t& input : kept.back().inputs) {
        input = place[input];
      }
    }
  }
  return kept;
}

Computed compute_plainly(const std::vector<plain::Tensor>& values) {
  const plain::Tensor& result = values.back();
  plain::differentiate(
      plain::sum(result * plain::leaf(result.shape, output_weights(result.elements.size())))
          .elements[0]);
  Computed computed;
  for (const plain::Tensor& each : values) {
    computed.values.push_back(array_from(each, [](const auto& number) { return number->value; }));
    computed.grads.push_back(array_from(each, [](const auto& number) { return number->grad; }));
  }
  return computed;
}

}  // namespace xtape::graph_detail
