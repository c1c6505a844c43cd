#include "nn/layers/transformer.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/no_grad.hpp"
#include "nn/sequential.hpp"
#include "tests/nn/layers/attention_answer.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"

using namespace xtape;

namespace {

using Block = nn::TransformerBlock<double>;

/// Options with this order of the norms and this activation.
nn::TransformerOptions options_of(bool norm_first, nn::FeedForward activation) {
  return {
      .feed_forward = 6, .causal = norm_first, .norm_first = norm_first, .activation = activation};
}

}  // namespace

TEST_CASE("TransformerBlock computes what PyTorch does, and its gradients") {
  Rng rng(1);
  const auto call = [](const Block& block, const auto& x) { return block(x[0]); };
  oracle::AttentionAnswer behind("block",
                                 Block(4, 2, rng, options_of(false, nn::FeedForward::relu)));
  behind.check(call);
  oracle::AttentionAnswer before("norm_first",
                                 Block(4, 2, rng, options_of(true, nn::FeedForward::gelu)));
  before.check(call);
}

TEMPLATE_TEST_CASE("Blocks with caches continue a sequence", "", float, double) {
  using T = TestType;
  Rng rng(2);
  std::vector<nn::TransformerBlock<T>> blocks;
  for (const bool norm_first : {false, true}) {
    blocks.emplace_back(6, 2, rng,
                        nn::TransformerOptions{.causal = true, .norm_first = norm_first});
  }
  Tape<T> tape;
  const NoGrad<T> guard(tape);
  const auto x = tape.constant(random_normal<T>(Shape{2, 5, 6}, rng));
  const Array<T> whole = blocks[1](blocks[0](x)).value();
  std::vector<nn::KeyValueCache<T>> caches(2);
  for (std::ptrdiff_t i = 0; i < 5; ++i) {
    const auto step = slice(x, i, i + 1, 1);
    const auto y = blocks[1](blocks[0](step, caches[0]), caches[1]);
    for (std::size_t j = 0; j < 12; ++j) {
      const T expected = whole(j / 6, static_cast<std::size_t>(i), j % 6);
      CHECK(std::abs(y.value().data()[j] - expected) < 50 * std::numeric_limits<T>::epsilon());
    }
  }
}

TEST_CASE("The gradients of TransformerBlock are its finite differences") {
  Rng rng(3);
  const auto check = [&](Block block, const Shape& shape) {
    Array<double> x = random_normal<double>(shape, rng);
    std::vector<Array<double>*> arrays{&x};
    nn::for_each_parameter(block, [&](auto&, Array<double>& each) { arrays.push_back(&each); });
    CHECK(gradcheck([&](Tape<double>& tape) { return block(tape.parameter(x)); }, arrays,
                    {.absolute_tolerance = 1e-7}));
  };
  nn::TransformerOptions options = options_of(true, nn::FeedForward::gelu);
  options.dropout = 0.2;
  check(Block(4, 2, rng, options), Shape{2, 3, 4});
  check(Block(2, 1, rng, options_of(false, nn::FeedForward::gelu)), Shape{1, 1, 2});
}

TEST_CASE("TransformerBlock passes masks on, and drops in training alone") {
  Rng rng(4);
  const Block block(4, 2, rng);
  const Block drops(4, 2, rng, {.norm_first = true, .dropout = 1});
  Tape<double> tape;
  const auto x = tape.constant(random_normal<double>(Shape{1, 3, 4}, rng));
  const auto first = tape.constant(array_of<double>(Shape{1, 3}, {1, 0, 0}));
  const auto alone = slice(x, 0, 1, 1);
  CHECK((slice(block(x, {.keys = first}), 0, 1, 1).value() == block(alone).value()));
  CHECK((drops(x).value() == x.value()));
  const NoGrad<double> guard(tape);
  CHECK((drops(x).value() != x.value()));
}

TEST_CASE("TransformerBlock names its layers and refuses what does not fit") {
  Rng rng(5);
  const Block block(4, 2, rng, {.norm_first = true});
  std::string names;
  nn::for_each_parameter(block, [&](const nn::ParameterName& name, const Array<double>& array) {
    names += fmt::format("{} {}, ", name.str(), array.shape());
  });
  CHECK(names ==
        "self_attn.in_proj_weight (12, 4), self_attn.in_proj_bias (12), "
        "self_attn.out_proj.weight (4, 4), self_attn.out_proj.bias (4), "
        "linear1.weight (4, 16), linear1.bias (16), linear2.weight (16, 4), linear2.bias (4), "
        "norm1.weight (4), norm1.bias (4), norm2.weight (4), norm2.bias (4), ");
  CHECK(block.describe() == "TransformerBlock 4, 2 heads");
  Tape<double> tape;
  const auto row = tape.constant(Array<double>(Shape{2, 4}, 0.0));
  CHECK_REFUSED(tape, block(row), ShapeError,
                "TransformerBlock 4, 2 heads: expected (batch, time, 4), got (2, 4)");
  CHECK_FAILS(Block(4, 3, rng), ValueError,
              "MultiHeadAttention: expected heads that divide the width, got 3 and 4");
  CHECK_FAILS(Block(4, 2, rng, {.dropout = -1}), ValueError,
              "MultiHeadAttention: expected a dropout in [0, 1], got -1");
}

TEST_CASE("Steps of a TransformerBlock allocate nothing once its shapes repeat") {
  COUNTING_OR_SKIP();
  Rng rng(8);
  const Block block(4, 2, rng, {.causal = true, .dropout = 0.1});
  const Array<double> x = random_normal<double>(Shape{2, 3, 4}, rng);
  Tape<double> tape;
  const auto step = [&] {
    tape.rewind();
    tape.backward(sum(block(tape.constant_view(x))));
  };
  for (int i = 0; i < 4; ++i) {
    step();
  }
  const std::size_t before = allocation_count();
  step();
  CHECK(allocation_count() == before);
}

TEST_CASE("The table of a model counts the multiplications of a TransformerBlock") {
  Rng rng(7);
  const nn::Sequential<double> model{Block(4, 2, rng)};
  // For 3 steps: the projections 144, the scores and the values 36 each, 48, and 192 twice.
  CHECK(contains(model.table(Shape{3, 4}), " 648\n"));
}

TEST_CASE("A TransformerBlock that was moved from says so") {
  Rng rng(6);
  Block block(4, 2, rng);
  const Block taker = std::move(block);
  Tape<double> tape;
  const auto x = tape.constant(Array<double>(Shape{2, 1, 4}, 0.0));
  CHECK_THROWS_AS(block(x), ShapeError);
  CHECK(taker(x).shape() == Shape{2, 1, 4});
}
