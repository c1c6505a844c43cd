#include "autograd/check/dot.hpp"

#include <string>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/module.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// Returns the values and edges of the graph, without the defaults of their style.
std::string drawn(const Tape<float>& tape, const ParameterNames& names = {}) {
  const std::string dot = to_dot(tape, names), last_default = "arrowsize=0.7];\n";
  CHECK(dot.starts_with("digraph tape {\n"));
  return dot.substr(dot.find(last_default) + last_default.size());
}

const std::string expected =
    R"=(  n0 [label="constant\n(4, 3)", style="filled,dashed", fillcolor="#f2f2f2"];
  n1 [label="weight\n(3, 2)", style=filled, fillcolor="#cfe2f7", color="#2a6fb0"];
  n2 [label="a\"b\\N&amp;lt;\nc\n(2)", style=filled, fillcolor="#cfe2f7", color="#2a6fb0"];
  n3 [label="linear\n(4, 2)"];
  n0 -> n3 [style=dashed];
  n1 -> n3;
  n2 -> n3;
  n4 [label="multiply\n(4, 2)"];
  n3 -> n4;
  n3 -> n4;
  n5 [label="variable\n()", style=filled, fillcolor="#ffffff", color="#2a6fb0"];
  n6 [label="multiply\n(4, 2)"];
  n3 -> n6;
  n5 -> n6;
  n7 [label="concatenate\naxis 0\n(12, 2)"];
  n4 -> n7;
  n6 -> n7;
  n4 -> n7;
  n8 [label="parameter\n(1)", style=filled, fillcolor="#cfe2f7", color="#2a6fb0"];
  n9 [label="sigmoid\n(4, 2)"];
  n3 -> n9 [style=dashed];
}
)=";

}  // namespace

TEST_CASE("to_dot draws each value with its op and shape, and an edge from each input") {
  Rng rng{1};
  const nn::Linear<float> layer(3, 2, rng);
  const Array<float> unnamed(Shape{1}, 1.f);
  ParameterNames names = nn::parameter_names(layer);
  names[&layer.bias] = "a\"b\\N&lt;\nc";  // all that has a meaning in a label
  Tape<float> tape;
  const auto y = layer(tape.constant(Array<float>(Shape{4, 3}, 1.f)));
  const auto squared = y * y;
  concatenate({squared, y * tape.variable(2.f), squared}, 0);
  tape.parameter(unnamed);
  const NoGrad guard(tape);
  sigmoid(y);  // no gradient flows along its edge, nor along those of constants
  CHECK(drawn(tape, names) == expected);
}

TEST_CASE("to_dot gives each recording's own edges, and the same text for the same recording") {
  Tape<float> tape;
  const auto record = [&] {
    tape.rewind();
    const auto x = tape.variable(1.f);
    return sigmoid(x * 2.f);
  };
  record();
  const std::string first = to_dot(tape);
  tape.rewind();
  tape.variable(1.f), tape.variable(1.f), tape.constant(1.f);
  CHECK(drawn(tape).find("->") == std::string::npos);
  record();
  CHECK(to_dot(tape) == first);
}

TEST_CASE("to_dot of an empty tape is an empty graph") { CHECK(drawn(Tape<float>()) == "}\n"); }
