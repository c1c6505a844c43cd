#include "nn/layers/layer_norm.hpp"

#include "autograd/ops/ops.hpp"
#include "nn/layers/group_norm.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"

// LayerNorm and GroupNorm.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Tape;
using xtape::ValueError;

TEST_CASE("LayerNorm and GroupNorm call their ops with their parameters") {
  xtape::Rng rng;
  Tape<float> tape;
  const auto x = tape.constant(random_normal<float>({5, 3, 2, 4}, rng));
  nn::LayerNorm last(4), two(Shape{2, 4});
  nn::GroupNorm groups(2, 4);
  last.weight = groups.weight = Array<float>{1, 2, 3, 4};
  last.bias = groups.bias = Array<float>{4, 3, 2, 1};
  two.bias.fill(7);
  const auto w = tape.constant(last.weight), b = tape.constant(last.bias);
  CHECK((last(x).value() == layer_norm(x, w, b).value()));
  CHECK((groups(x).value() == group_norm(x, 2, w, b).value()));
  const auto no_weight = tape.constant(Array<float>(Shape{2, 4}, 1.f));
  const auto sevens = tape.constant(Array<float>(Shape{2, 4}, 7.f));
  CHECK((two(x).value() == layer_norm(x, no_weight, sevens, 1e-5, 2).value()));
  tape.backward(sum(last(x) + groups(x)));
  CHECK(tape.grad(groups.bias)(0) == 30);
  CHECK(parameter_names_of(last) == std::vector<std::string>{"weight", "bias"});
  CHECK(parameter_names_of(groups) == std::vector<std::string>{"weight", "bias"});
}

TEST_CASE("LayerNorm and GroupNorm name what they expected") {
  Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{5, 6}, 0.f));
  CHECK_FAILS(nn::LayerNorm(4)(x), ShapeError,
              "LayerNorm (4): expected the last axes (4), got (5, 6)");
  CHECK_FAILS(nn::LayerNorm(Shape{2, 5, 6})(x), ShapeError,
              "LayerNorm (2, 5, 6): expected the last axes (2, 5, 6), got (5, 6)");
  CHECK_FAILS(nn::LayerNorm(0), ValueError, "LayerNorm: expected a shape with elements, got (0)");
  CHECK_FAILS(nn::LayerNorm(Shape{}), ValueError,
              "LayerNorm: expected a shape with elements, got ()");
  CHECK_FAILS(nn::GroupNorm(2, 4)(x), ShapeError,
              "GroupNorm 2 of 4: expected (batch, ..., 4), got (5, 6)");
  CHECK_FAILS(nn::GroupNorm(3, 4), ValueError, "GroupNorm: 4 channels do not form 3 equal groups");
  CHECK_FAILS(nn::GroupNorm(0, 4), ValueError, "GroupNorm: 4 channels do not form 0 equal groups");
}
