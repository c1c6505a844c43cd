#include "autograd/attribute.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/define.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/scope.hpp"
#include "nn/layers/batch_norm.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

using V = Variable<float>;

/// What the last node says of itself, for an op of ones of this shape.
std::string said(const Shape& shape, const std::function<V(V)>& op) {
  Tape<float> tape;
  op(tape.variable(Array<float>(shape, 1.F)));
  const Node<float>& last = tape.node(tape.size() - 1);
  return std::string(last.op) + ": " + text_of(last.attributes());
}

const Shape image{2, 6, 5, 4};

}  // namespace

TEST_CASE("The text of attributes has names and values, and the first numbers of a long list") {
  const std::array<std::uint32_t, 9> rows{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Attribute all[] = {{"slope", 0.25},
                           {"groups", 2},
                           {"keep", true},
                           {"mode", "reflect"},
                           {"stride", Pair(2)},
                           {"kernel", Pair(2, 3)},
                           {"axes", std::span(rows).first(2)},
                           {"rows", std::span(rows)}};
  CHECK(
      text_of(all) ==
      "slope 0.25, groups 2, keep 1, mode reflect, stride 2, kernel (2, 3), axes (1, 2), rows (1, "
      "2, 3, 4, 5, 6, 7, 8, ...)");
  CHECK(text_of({}).empty());
}

TEST_CASE("An op that has no other arguments has no attributes") {
  CHECK(said({2, 3}, [](V x) { return relu(x); }) == "relu: ");
  CHECK(said({2, 3}, [](V x) { return x + x; }) == "add: ");
}

TEST_CASE("Nodes say what their ops take beside the operands") {
  CHECK(said({2, 3}, [](V x) { return leaky_relu(x, 0.25F); }) == "leaky_relu: slope 0.25");
  CHECK(said({2, 3}, [](V x) { return pow(x, 3.F); }) == "pow: exponent 3");
  CHECK(said({2, 3}, [](V x) { return x - 2.F; }) == "subtract: right 2");
  CHECK(said({2, 3}, [](V x) { return 2.F / x; }) == "divide: left 2");
  CHECK(said(image, [](V x) { return sum(x, {1, -1}); }) == "sum: axes (1, 3)");
  CHECK(said(image, [](V x) { return mean(x); }) == "mean: axes (0, 1, 2, 3)");
  CHECK(said(image, [](V x) { return max(x, {1, 2}, true); }) == "max: axes (1, 2)");
  CHECK(said(image, [](V x) { return transpose(x); }) == "transpose: axis 2, other 3");
  CHECK(said(image, [](V x) { return flip(x, 2); }) == "flip: axes (2)");
  CHECK(said(image, [](V x) { return stack(x, x, 1); }) == "stack: axis 1");
  CHECK(said(image, [](V x) { return concatenate(x, x, -1); }) == "concatenate: axis 3");
  CHECK(said(image, [](V x) { return slice(x, 1, -1, 1); }) ==
        "slice: begin 1, end 5, axis 1, step 1");
  CHECK(said(image, [](V x) {
          return gather(x, std::vector<int>{1, 0});
        }) == "gather: indices (1, 0), axis 0");
}

TEST_CASE("Nodes of images say how their windows lie") {
  const auto convolved = [](const Shape& weight, const auto& op) {
    return said(image, [&](V x) { return op(x, x.tape().constant(Array<float>(weight, 1.F))); });
  };
  CHECK(convolved({2, 2, 4, 3}, [](V x, V w) { return conv2d(x, w, {.padding = same}); }) ==
        "conv2d: stride 1, padding 0, dilation 1, groups 1");
  CHECK(convolved({2, 3, 2, 4}, [](V x, V w) {
          return conv_transpose2d(x, w, {.stride = {2, 3}, .padding = 1, .groups = 2});
        }) == "conv_transpose2d: stride (2, 3), padding 1, dilation 1, groups 2");
  CHECK(said(image, [](V x) { return max_pool2d(x, 2, {.stride = 1}); }) ==
        "max_pool2d: kernel 2, stride 1, padding 0");
  CHECK(said(image, [](V x) {
          return avg_pool2d(x, {2, 3}, {.count_padding = false});
        }) == "avg_pool2d: kernel (2, 3), stride (2, 3), padding 0, count_padding 0");
  CHECK(said(image, [](V x) { return upsample2d(x, 2); }) == "upsample2d: factor 2, mode nearest");
  CHECK(said(image, [](V x) { return pad(x, 1, {.mode = PadMode::reflect}); }) ==
        "pad: top 1, bottom 1, left 1, right 1, mode reflect, value 0");
}

TEST_CASE("Nodes that normalise say over what, and which operands they have") {
  CHECK(said(image, [](V x) { return batch_norm(x); }) ==
        "batch_norm: statistics batch, epsilon 1e-05, weight 0, bias 0");
  CHECK(said(image, [](V x) { return layer_norm(x, {}, {}, 0.5, 2); }) ==
        "layer_norm: axes 2, epsilon 0.5, weight 0, bias 0");
  CHECK(said(image, [](V x) {
          return group_norm(x, 2, x.tape().constant(Array<float>(Shape{4})));
        }) == "group_norm: groups 2, epsilon 1e-05, weight 1, bias 0");
  nn::BatchNorm<float> layer(4, {.weight = false});
  layer.batches.fill(1.F);
  CHECK(said(image, [&](V x) {
          const NoGrad<float> guard{x.tape()};
          return layer(x);
        }) == "batch_norm: statistics running, epsilon 1e-05, weight 0, bias 1");
}

TEST_CASE("An op of one's own can have attributes, and they follow the recording") {
  Tape<float> tape;
  const auto record_scaled = [&](float factor) {
    tape.rewind();
    const V x = tape.variable(2.F);
    return define({"scaled", {{"factor", factor}}}, {x}, x.value() * factor,
                  [=](auto y) { return factor * y.grad(); });
  };
  record_scaled(3.F);
  tape.backward(record_scaled(5.F));
  CHECK(text_of(tape.node(1).attributes()) == "factor 5");
  CHECK(tape.node(0).attributes().empty());
  tape.rewind();
  tape.variable(1.F), tape.variable(1.F);
  CHECK(tape.node(1).attributes().empty());
}

TEST_CASE("A tape notes the places of its values when it is told to") {
  Tape<float> tape;
  const V x = tape.variable(0.F);
  tape.note_places(true);
  {
    const Scope outer{tape, "encoder"};
    const Scope inner{tape, "head"};
    log(x);  // and it looks for no anomaly
  }
  CHECK(tape.place(0).empty());
  CHECK(tape.place(1) == "encoder, head");
  tape.note_places(false);
  const Scope outer{tape, "decoder"};
  relu(x);
  CHECK(tape.place(2).empty());
}
