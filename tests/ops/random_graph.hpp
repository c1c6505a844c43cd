#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/ops/table.hpp"

/// Random graphs of random ops and shapes, each checked three ways: the gradients on the tape
/// against those that plain.hpp derives, against finite differences, and in float against double.
/// A graph that fails is made as small as it can be while it fails, and printed as a program.

namespace xtape {

/// The rows of the table that random graphs have.
std::span<const Row> graph_ops();

/// A leaf, or an op applied to earlier nodes.
struct GraphNode {
  const Row* op = nullptr;
  std::vector<std::size_t> inputs;
  std::uint64_t seed = 0;  // of the op's arguments
  Shape shape;             // of a leaf, and its values
  std::vector<double> values;
};

/// Nodes after those they depend on. The last one is the result; the loss is a weighted sum of it.
using Graph = std::vector<GraphNode>;

/// A graph of `steps` ops or fewer, of which every node is used.
Graph random_graph(std::span<const Row> ops, std::size_t steps, Rng& rng);

/// A graph that has each of the ops once, and some to add up their results.
Graph graph_of_each(std::span<const Row> ops, Rng& rng);

/// Whether the graph can be checked: shapes fit, numbers are in their domains, and neither they nor
/// the gradients are so large that finite differences or floats tell little.
bool checkable(const Graph& graph);

/// How the ways to compute a graph disagree; empty when they agree. A graph that is not
/// checkable agrees with itself.
std::string disagreement(const Graph& graph);

/// The smallest graph for which `fails` still holds, of those reached by leaving out nodes and
/// making shapes and numbers smaller.
Graph shrink(Graph graph, const std::function<bool(const Graph&)>& fails);

/// A program that computes the graph with xtape, says what it got and what plain.hpp gets, and
/// fails where they differ.
std::string program_of(const Graph& graph);

/// The parts that the above share.
namespace graph_detail {

/// The value that plain.hpp gives a node; none when shapes or numbers do not suit the op, or when
/// the result is large.
std::optional<plain::Tensor> plain_value(const GraphNode& node,
                                         const std::vector<plain::Tensor>& earlier);

/// The values of all nodes; empty when one of them has none.
std::vector<plain::Tensor> plain_values(const Graph& graph);

bool holds(Domain domain, const plain::Tensor& x);

Of arguments_of(const GraphNode& node, const std::vector<Shape>& shapes);

/// The graph without what its last node does not depend on.
Graph pruned(const Graph& graph);

/// The weights of the result's elements in the loss.
std::vector<double> output_weights(std::size_t count);

/// A value and a gradient for each node.
struct Computed {
  std::vector<Array<double>> values, grads;
};

/// The gradients by plain.hpp.
Computed compute_plainly(const std::vector<plain::Tensor>& values);

}  // namespace graph_detail

}  // namespace xtape
