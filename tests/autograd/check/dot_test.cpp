#include "autograd/check/dot.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/module.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Returns the line of a parameter.
std::string parameter_line(const char* node, const char* label) {
  return fmt::format(
      "  {} [label=\"{}\", style=filled, fillcolor=\"#cfe2f7\", color=\"#2a6fb0\"];\n", node,
      label);
}

}  // namespace

TEST_CASE("to_dot draws each value with its op and shape, and an edge from each input") {
  Rng rng{1};
  const nn::Linear<float> layer(3, 2, rng);
  Tape<float> tape;
  const std::array<std::uint8_t, 4> labels{0, 1, 1, 0};
  const auto x = tape.constant(Array<float>(Shape{4, 3}, 1.f));
  nn::SoftmaxCrossEntropy{}(sigmoid(layer(x)), labels);

  const std::string dot = to_dot(tape, nn::parameter_names(layer));
  CAPTURE(dot);
  CHECK(contains(dot,
                 "  n0 [label=\"constant\\n(4, 3)\", style=\"filled,dashed\", "
                 "fillcolor=\"#f2f2f2\"];\n"));
  CHECK(contains(dot, parameter_line("n1", "weight\\n(3, 2)")));
  CHECK(contains(dot, parameter_line("n2", "bias\\n(2)")));
  CHECK(contains(dot,
                 "  n3 [label=\"linear\\n(4, 2)\"];\n"
                 "  n0 -> n3 [style=dashed];\n"
                 "  n1 -> n3;\n"
                 "  n2 -> n3;\n"
                 "  n4 [label=\"sigmoid\\n(4, 2)\"];\n"
                 "  n3 -> n4;\n"));
  CHECK(contains(dot, "\\n()\"];\n  n4 -> n6;\n  n5 -> n6;\n}\n"));
}

TEST_CASE("to_dot calls a parameter without a name a parameter, and a variable a variable") {
  Tape<double> tape;
  const Array<double> weight(Shape{2}, 1.0);
  tape.parameter(weight);
  tape.variable(2.0);
  CHECK(contains(to_dot(tape), parameter_line("n0", "parameter\\n(2)")));
  CHECK(contains(to_dot(tape), "[label=\"variable\\n()\", style=filled, fillcolor=\"#ffffff\""));
}

TEST_CASE("to_dot draws an operand used twice with two edges, and many operands in their order") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2}, 1.f));
  const auto y = x * x;
  concatenate({y, x, y}, 0);
  const std::string dot = to_dot(tape);
  CHECK(contains(dot, "  n0 -> n1;\n  n0 -> n1;\n"));
  CHECK(contains(dot, "  n1 -> n2;\n  n0 -> n2;\n  n1 -> n2;\n"));
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
  CHECK_FALSE(contains(to_dot(tape), "->"));
  record();
  CHECK(to_dot(tape) == first);
}

TEST_CASE("to_dot dashes the edges along which no gradient flows") {
  Tape<float> tape;
  const auto x = tape.variable(1.f);
  const NoGrad guard(tape);
  sigmoid(x);
  CHECK(contains(to_dot(tape), "  n0 -> n1 [style=dashed];\n"));
}

TEST_CASE("to_dot escapes what has a meaning in a label") {
  Tape<float> tape;
  const Array<float> weight(Shape{1}, 1.f);
  tape.parameter(weight);
  const std::string dot = to_dot(tape, {{&weight, "a\"b\\N&lt;\nc"}});
  CAPTURE(dot);
  CHECK(contains(dot, R"=(label="a\"b\\N&amp;lt;\nc\n(1)")="));
}

TEST_CASE("to_dot of an empty tape is an empty graph") {
  const Tape<float> tape;
  const std::string dot = to_dot(tape);
  CHECK(contains(dot, "digraph tape {\n"));
  CHECK_FALSE(contains(dot, "n0"));
}
