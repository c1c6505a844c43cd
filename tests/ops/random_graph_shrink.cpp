#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tests/ops/random_graph.hpp"

namespace xtape {
namespace {

using namespace graph_detail;

/// The leaf with one extent of an axis less: its elements there left out.
GraphNode narrowed(const GraphNode& leaf, std::size_t axis) {
  GraphNode less = leaf;
  --less.shape[axis];
  const plain::Tensor kept = plain::slice(plain::leaf(leaf.shape, leaf.values), 0,
                                          static_cast<std::ptrdiff_t>(less.shape[axis]),
                                          static_cast<std::ptrdiff_t>(axis));
  less.values.clear();
  for (const plain::Number& each : kept.elements) {
    less.values.push_back(each->value);
  }
  return less;
}

/// The graph with node i replaced.
Graph with(Graph graph, std::size_t i, GraphNode node) {
  graph[i] = std::move(node);
  return pruned(graph);
}

/// Without the last nodes; with a leaf for a node; without an op, its operand in its place.
void leave_out_nodes(const Graph& graph, std::vector<Graph>& candidates) {
  for (auto end = graph.begin() + 1; end < graph.end(); ++end) {
    candidates.push_back(pruned(Graph(graph.begin(), end)));
  }
  const auto values = plain_values(graph);
  for (std::size_t i = graph.size() - 1; i-- > 0 && !values.empty();) {
    if (graph[i].op == nullptr) {
      continue;
    }
    GraphNode leaf;
    leaf.shape = values[i].shape;
    for (const plain::Number& each : values[i].elements) {
      leaf.values.push_back(std::round(each->value * 64) / 64);
    }
    candidates.push_back(with(graph, i, leaf));
    for (const std::size_t input : graph[i].inputs) {
      Graph bypassed = graph;
      for (GraphNode& node : bypassed) {
        std::replace(node.inputs.begin(), node.inputs.end(), i, input);
      }
      candidates.push_back(pruned(bypassed));
    }
  }
}

/// Extents that must agree shrink together: all of one size, in all leaves.
void narrow_together(const Graph& graph, std::vector<Graph>& candidates) {
  std::set<std::size_t> extents;
  for (const GraphNode& node : graph) {
    extents.insert(node.shape.begin(), node.shape.end());
  }
  for (const std::size_t extent : extents) {
    Graph less = graph;
    for (GraphNode& leaf : less) {
      for (std::size_t axis = 0; axis < leaf.shape.size() && extent > 1; ++axis) {
        leaf = leaf.shape[axis] == extent ? narrowed(leaf, axis) : leaf;
      }
    }
    if (extent > 1) {
      candidates.push_back(less);
    }
  }
}

/// A leaf with an extent less, without an axis, or with a 1 for another number.
void simplify_leaf(const Graph& graph, std::size_t i, std::vector<Graph>& candidates) {
  const GraphNode& leaf = graph[i];
  for (std::size_t axis = 0; axis < leaf.shape.size(); ++axis) {
    if (leaf.shape[axis] > 1) {
      candidates.push_back(with(graph, i, narrowed(leaf, axis)));
    } else if (leaf.shape[axis] == 1) {
      GraphNode less = leaf;
      std::vector<std::size_t> rest(leaf.shape.begin(), leaf.shape.end());
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(axis));
      less.shape = Shape(rest.begin(), rest.end());
      candidates.push_back(with(graph, i, less));
    }
  }
  for (std::size_t k = 0; k < leaf.values.size(); ++k) {
    if (leaf.values[k] != 1) {
      GraphNode plainer = leaf;
      plainer.values[k] = 1;
      candidates.push_back(with(graph, i, plainer));
    }
  }
}

/// Every graph that is simpler in one respect, the greatest simplifications first.
std::vector<Graph> simpler(const Graph& graph) {
  std::vector<Graph> candidates;
  leave_out_nodes(graph, candidates);
  narrow_together(graph, candidates);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (graph[i].op == nullptr) {
      simplify_leaf(graph, i, candidates);
    }
  }
  return candidates;
}

}  // namespace

Graph shrink(Graph graph, const std::function<bool(const Graph&)>& fails) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (Graph& candidate : simpler(graph)) {
      if (fails(candidate)) {
        graph = std::move(candidate);
        smaller = true;
        break;
      }
    }
  }
  return graph;
}

}  // namespace xtape
