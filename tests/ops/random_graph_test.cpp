#include "tests/ops/random_graph.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/read_text.hpp"

namespace xtape {
namespace {

constexpr std::uint64_t seed = 1;
constexpr std::size_t graphs = 5000;

bool fails(const Graph& graph) { return !disagreement(graph).empty(); }

/// Fails with the smallest program for it when the graph disagrees with itself.
void check(const Graph& graph) {
  const std::string what = disagreement(graph);
  if (!what.empty()) {
    const Graph smallest = shrink(graph, fails);
    FAIL_CHECK("wrong: " << what << "\nIn the smallest graph that fails: " << disagreement(smallest)
                         << "\n\n"
                         << program_of(smallest));
  }
}

/// An op of one operand, under the name that its text begins with.
template <class F, class Plain>
Row elementwise_op(const std::string& name, F f, Plain plain) {
  Row op = graph_ops().front();
  op.op = op.overload = name;
  op.text = name + "(x)";
  op.domains = {Domain::any};
  op.kind = kind::each_shape();
  op.in_float = [=](auto x, const Of&) { return f(x[0]); };
  op.in_double = [=](auto x, const Of&) { return f(x[0]); };
  op.in_plain = [=](auto x, const Of&) { return plain(x[0]); };
  return op;
}

/// x^2 with the gradient 3 x dy on the tape.
template <class T>
Variable<T> wrong_square(Variable<T> x) {
  return record("wrong_square", {x}, x.value() * x.value(),
                [=](Variable<T> y) { accumulate(x, T(3) * x.value() * y.grad()); });
}

/// The ops with one more, at a tenth of the steps.
std::vector<Row> and_often(const Row& op) {
  const auto all = graph_ops();
  std::vector<Row> ops(all.begin(), all.end());
  ops.insert(ops.end(), ops.size() / 10, op);
  return ops;
}

/// A graph of these ops that fails.
Graph failing(std::span<const Row> ops) {
  Rng rng(seed);
  for (int i = 0; i < 1000; ++i) {
    Graph graph = random_graph(ops, 8, rng);
    if (graph.size() > 6 && fails(graph)) {
      return graph;
    }
  }
  FAIL("no graph fails");
  return {};
}

/// The texts of the ops that a graph has, and "" for a leaf.
std::set<std::string> texts_of(const Graph& graph) {
  std::set<std::string> texts;
  for (const GraphNode& node : graph) {
    texts.insert(node.op == nullptr ? "" : node.op->text);
  }
  return texts;
}

}  // namespace

TEST_CASE("random graphs: three ways to differentiate them agree") {
  Rng rng(seed);
  std::set<std::string> met;
  std::size_t nodes = 0, checked = 0;
  for (std::size_t i = 0; i < graphs; ++i) {
    const Graph graph = random_graph(graph_ops(), 2 + rng.below(13), rng);
    met.merge(texts_of(graph));
    nodes += graph.size();
    checked += checkable(graph);
    check(graph);
  }
  CHECK(met.size() == graph_ops().size() + 1);
  CHECK(nodes > 5 * graphs);
  CHECK(checked > graphs * 9 / 10);
}

TEST_CASE("random graphs: every op of the table that takes any numbers is in them") {
  std::set<std::string> known;
  for (const Row& op : graph_ops()) {
    known.insert(op.overload);
  }
  for (const Row& row : table()) {
    INFO(row.overload << " has no row that random graphs take");
    CHECK((row.refuses || known.count(row.overload) == 1));
  }
}

TEST_CASE("random graphs: a graph can be had again from its seed") {
  Rng first(7), second(7);
  for (int i = 0; i < 10; ++i) {
    const Graph graph = random_graph(graph_ops(), 6, first);
    CHECK(program_of(graph) == program_of(random_graph(graph_ops(), 6, second)));
  }
}

// The program is built and run as a test of its own; see tests/CMakeLists.txt.
TEST_CASE("print a graph with each op", "[.print]") {
  Rng rng(seed);
  const Graph graph = graph_of_each(graph_ops(), rng);
  CHECK(texts_of(graph).size() == graph_ops().size() + 1);
  const std::string program = program_of(graph);
  if (read_text("printed_graph.cpp") != program) {
    std::ofstream("printed_graph.cpp") << program;
  }
}

TEST_CASE("random graphs: a wrong op is found, and shrunk to itself") {
  const auto wrong = elementwise_op(
      "wrong_square", [](auto x) { return wrong_square(x); },
      [](const plain::Tensor& x) { return x * x; });
  const auto ops = and_often(wrong);
  const Graph smallest = shrink(failing(ops), fails);
  CHECK(disagreement(smallest) == "the gradient of v0, plainly computed");
  const std::string program = program_of(smallest);
  CHECK(program.substr(program.find("  const auto v0")) ==
        "  const auto v0 = leaf(Shape{}, {1});\n"
        "  const auto v1 = wrong_square(v0);\n"
        "  tape.backward(sum(v1 * leaf(Shape{}, {0.5})));\n"
        "  compare(\"v1\", v1.value(), {1});\n"
        "  compare(\"gradient of v0\", v0.grad(), {1});\n"
        "  return wrong;\n"
        "}\n");
}

TEST_CASE("random graphs: finite differences find what both others have wrong") {
  const auto wrong = elementwise_op(
      "wrong_square", [](auto x) { return wrong_square(x); },
      [](const plain::Tensor& x) {
        plain::Tensor y = x * x;
        for (const plain::Number& each : y.elements) {
          each->from = {{each->from[0].first, 3 * each->from[0].first->value}};
        }
        return y;
      });
  const auto ops = and_often(wrong);
  const Graph smallest = shrink(failing(ops), fails);
  CHECK(smallest.size() == 2);
  CHECK(disagreement(smallest).starts_with("the gradients, by finite differences: "));
}

TEST_CASE("random graphs: float is compared with double") {
  const auto wrong = elementwise_op(
      "rough",
      [](auto x) { return x * (std::is_same_v<decltype(x), Variable<float>> ? 1.0625f : 1); },
      [](const plain::Tensor& x) { return x * 1; });
  const auto ops = and_often(wrong);
  const Graph smallest = shrink(failing(ops), fails);
  CHECK(smallest.size() == 2);
  CHECK(disagreement(smallest) == "the gradient of v0, in float");
}

TEST_CASE("random graphs: an op that is wrong where it broadcasts is shrunk to where it does") {
  std::vector<Row> ops(graph_ops().begin(), graph_ops().end());
  Row* add =
      &*std::find_if(ops.begin(), ops.end(), [](const Row& op) { return op.text == "x + y"; });
  add->in_double = [](std::span<const Variable<double>> x, const Of&) {
    const Variable<double> a = x[0], b = x[1];
    return record("operator+", {a, b}, a.value() + b.value(), [=](Variable<double> y) {
      accumulate(a, y.grad());
      accumulate(b,
                 [=](Array<double>& grad, double beta) {  // lacks the sum over what was stretched
                   for (std::size_t i = 0; i < grad.size(); ++i) {
                     grad.data()[i] = (beta == 0 ? 0 : grad.data()[i]) + y.grad().data()[i];
                   }
                 });
    });
  };
  const Graph smallest = shrink(failing(ops), fails);
  const std::string program = program_of(smallest);
  INFO(program);
  REQUIRE(smallest.size() == 3);
  CHECK(element_count(smallest[0].shape) * element_count(smallest[1].shape) <= 2);
}

}  // namespace xtape
