#include "tests/ops/random_graph.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

namespace xtape {
namespace {

using namespace graph_detail;

Shape draw_shape(Rng& rng) {
  constexpr std::size_t extents[] = {1, 1, 2, 2, 3, 3, 4, 5, 7};
  Shape shape(rng.below(8) == 0 ? 4 : rng.below(4));
  for (std::size_t& extent : shape) {
    extent = rng.below(40) == 0 ? 0 : extents[rng.below(std::size(extents))];
  }
  return shape;
}

/// Multiples of 1/64, which are short to print and the same in float.
GraphNode draw_leaf(const Shape& shape, Domain domain, Rng& rng) {
  GraphNode leaf;
  leaf.shape = shape;
  leaf.values.resize(element_count(shape));
  for (std::size_t i = 0; i < leaf.values.size(); ++i) {
    double value = (static_cast<double>(rng.below(257)) - 128) / 64;
    if (domain == Domain::positive || domain == Domain::off_zero) {
      value = 0.25 + std::abs(value);
    }
    if (domain == Domain::off_zero && rng.below(2) == 0) {
      value = -value;
    }
    if (domain == Domain::wholes || domain == Domain::halves) {
      const double place = domain == Domain::wholes ? -2 : -1.5;
      value = place + static_cast<double>(rng.below(4)) + value / 16;
    }
    leaf.values[i] = domain == Domain::distinct ? static_cast<double>(i) / 16 - 1 : value;
  }
  if (domain == Domain::distinct) {
    rng.shuffle(std::span(leaf.values));
  }
  return leaf;
}

/// A graph as it grows.
struct Growing {
  Graph graph;
  std::vector<plain::Tensor> values;
  std::vector<bool> used;

  bool push(GraphNode node) {
    auto value = plain_value(node, values);
    if (!value) {
      return false;
    }
    for (const std::size_t i : node.inputs) {
      used[i] = true;
    }
    graph.push_back(std::move(node));
    values.push_back(std::move(*value));
    used.push_back(false);
    return true;
  }

  void cut(std::size_t size) {
    graph.resize(size);
    values.resize(size);
    used.resize(size);
  }

  /// An earlier node that `suits`, rather one that nothing uses yet; or the number of nodes.
  template <class Suits>
  std::size_t find(Suits suits, Rng& rng) const {
    std::vector<std::size_t> all, unused;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      if (suits(values[i])) {
        all.push_back(i);
        if (!used[i]) {
          unused.push_back(i);
        }
      }
    }
    const auto& from = unused.empty() || rng.below(4) == 0 ? all : unused;
    return from.empty() ? graph.size() : from[rng.below(from.size())];
  }

  /// A node of this shape: an earlier one, or with `fresh` a new leaf.
  std::size_t operand(const Shape& shape, Domain domain, bool fresh, Rng& rng) {
    const auto suits = [&](const plain::Tensor& x) {
      return same_shape(x.shape, shape) && holds(domain, x);
    };
    const std::size_t found = fresh ? graph.size() : find(suits, rng);
    if (found == graph.size()) {
      push(draw_leaf(shape, domain, rng));
    }
    return found;
  }

  /// Applies the op to earlier nodes where there are any that it takes, but for some `fresh` ones.
  bool add(const Row& op, bool all_fresh, Rng& rng) {
    const std::size_t before = graph.size();
    const auto used_before = used;
    std::vector<Shape> shapes;
    const auto suits = [&](const plain::Tensor& x) {
      shapes = op.kind.complete(x.shape, rng);
      return !shapes.empty() && holds(op.domain(0), x);
    };
    GraphNode node{.op = &op, .inputs = {}, .seed = rng(), .shape = {}, .values = {}};
    const std::size_t first = all_fresh || rng.below(8) == 0 ? before : find(suits, rng);
    shapes = first < before ? op.kind.complete(values[first].shape, rng) : std::vector<Shape>();
    for (int i = 0; i < 100 && first == before && shapes.empty(); ++i) {
      shapes = op.kind.complete(draw_shape(rng), rng);
    }
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const bool fresh = all_fresh || rng.below(3) == 0;
      node.inputs.push_back(
          i == 0 && first < before ? first : operand(shapes[i], op.domain(i), fresh, rng));
    }
    if (shapes.empty() || !push(std::move(node))) {
      cut(before);
      used = used_before;
      return false;
    }
    return true;
  }
};

/// Of the graphs that end with one of the nodes, the one of most nodes.
Graph largest(const Graph& graph) {
  Graph best;
  for (auto end = graph.begin() + 1; end <= graph.end(); ++end) {
    const Graph candidate = pruned(Graph(graph.begin(), end));
    best = candidate.size() > best.size() ? candidate : best;
  }
  return best;
}

}  // namespace

std::span<const Row> graph_ops() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> chosen;
    std::copy_if(table().begin(), table().end(), std::back_inserter(chosen),
                 [](const Row& row) { return row.in_graphs; });
    return chosen;
  }();
  return rows;
}

Graph random_graph(std::span<const Row> ops, std::size_t steps, Rng& rng) {
  Growing growing;
  growing.push(draw_leaf(draw_shape(rng), Domain::any, rng));
  for (std::size_t step = 0; step < steps; ++step) {
    growing.add(ops[rng.below(ops.size())], false, rng);
  }
  return largest(growing.graph);
}

Graph graph_of_each(std::span<const Row> ops, Rng& rng) {
  const auto known = [](const char* text) {
    return &*std::find_if(graph_ops().begin(), graph_ops().end(),
                          [=](const Row& op) { return op.text == text; });
  };
  const Row *sum = known("sum(x)"), *add = known("x + y"), *subtract = known("x - y");
  Growing growing;
  const auto last = [&] { return growing.graph.size() - 1; };
  const auto push = [&](const Row* op, std::vector<std::size_t> inputs) {
    return growing.push(
        {.op = op, .inputs = std::move(inputs), .seed = 0, .shape = {}, .values = {}});
  };
  std::optional<std::size_t> total;
  for (const Row& op : ops) {
    while (!growing.add(op, true, rng) || growing.values.back().elements.size() > 12 ||
           !push(sum, {last()})) {
    }
    if (total) {  // with the sign that keeps the total small
      const auto value = [&](std::size_t i) { return growing.values[i].elements[0]->value; };
      push(value(*total) * value(last()) > 0 ? subtract : add, {*total, last()});
    }
    total = last();
  }
  return pruned(growing.graph);
}

}  // namespace xtape
