#include "nn/layers/attention.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "autograd/check/gradcheck.hpp"
#include "autograd/no_grad.hpp"
#include "tests/nn/layers/attention_answer.hpp"
#include "tests/support/arrays.hpp"

using namespace xtape;

namespace {

using V = Variable<double>;
using Attention = nn::MultiHeadAttention<double>;

/// Checks an answer of PyTorch's self-attention under these masks, which `masks(tape)` records.
template <class Masks>
void check_self_attention(const char* name, const nn::AttentionOptions& options, Masks masks) {
  Rng rng(1);
  oracle::AttentionAnswer answer(name, Attention(4, 2, rng, options));
  answer.check([&](const Attention& layer, const std::vector<V>& x) {
    return layer(x[0], masks(answer.tape));
  });
}

Array<double> answered(const char* name) {
  return oracle::array_from(oracle::read("attention.json").at(name));
}

/// The mask of keys of two sequences of five steps.
Array<double> present() { return 1 - answered("padding"); }

}  // namespace

TEST_CASE("MultiHeadAttention computes what PyTorch does, and its gradients") {
  using Masks = nn::AttentionMasks<double>;
  check_self_attention("self", {}, [](auto&) { return Masks{}; });
  check_self_attention("causal", {.causal = true}, [](auto&) { return Masks{}; });
  check_self_attention("padded", {},
                       [](auto& tape) { return Masks{.keys = tape.constant(present())}; });
  check_self_attention("added_scores", {},
                       [](auto& tape) { return Masks{.added = tape.constant(answered("added"))}; });
  Rng rng(1);
  oracle::AttentionAnswer cross("cross", Attention(4, 2, rng));
  cross.check([](const Attention& layer, const std::vector<V>& x) { return layer(x[0], x[1]); });
}

TEST_CASE("A causal mask is also a mask of visible keys, and one of added numbers") {
  Rng rng(2);
  const Attention causal(6, 3, rng, {.causal = true});
  Attention plain(6, 3, rng);
  plain.in_proj_weight = causal.in_proj_weight;
  plain.out_proj = causal.out_proj;
  Tape<double> tape;
  const auto x = tape.constant(random_normal<double>(Shape{2, 4, 6}, rng));
  const auto visible = tril(tape.constant(Array<double>(Shape{4, 4}, 1)));
  const auto added = log(visible);  // 0 and -inf
  const Array<double> expected = causal(x).value();
  CHECK((plain(x, {.visible = visible}).value() == expected));
  CHECK((plain(x, {.added = added}).value() == expected));
  CHECK((causal(x, {.visible = visible, .added = added}).value() == expected));
  CHECK((plain(x, {.visible = reshape(visible, {1, 1, 4, 4})}).value() == expected));
}

TEMPLATE_TEST_CASE("A causal MultiHeadAttention hides the future", "", float, double) {
  using T = TestType;
  Rng rng(3);
  const nn::MultiHeadAttention<T> attention(8, 2, rng, {.causal = true});
  Array<T> x = random_normal<T>(Shape{2, 6, 8}, rng);
  Tape<T> tape;
  const Array<T> before = attention(tape.constant(x)).value();
  for (std::size_t i = 0; i < 8; ++i) {
    x(0, 4, i) += T(3);  // step 4 of the first sequence
  }
  const Array<T> after = attention(tape.constant(x)).value();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool sees = i / 8 == 4 || i / 8 == 5;
    INFO("number " << i);
    CHECK((before.data()[i] != after.data()[i]) == sees);
  }
}

TEMPLATE_TEST_CASE("A cache of keys and values continues a sequence", "", float, double) {
  using T = TestType;
  Rng rng(4);
  const nn::MultiHeadAttention<T> attention(6, 3, rng, {.causal = true});
  Tape<T> tape;
  const NoGrad<T> guard(tape);
  const auto x = tape.constant(random_normal<T>(Shape{2, 7, 6}, rng));
  nn::KeyValueCache<T> cache;
  CHECK(cache.steps() == 0);
  std::vector<Variable<T>> parts;
  for (const auto& [begin, end] : {std::pair{0, 3}, {3, 4}, {4, 5}, {5, 7}}) {
    parts.push_back(attention(slice(x, begin, end, 1), cache));
    CHECK(cache.steps() == static_cast<std::size_t>(end));
  }
  const Array<T> whole = attention(x).value(), stepwise = xtape::concatenate(parts, 1).value();
  CHECK(cache.keys.shape() == Shape{2, 3, 7, 2});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(std::abs(whole.data()[i] - stepwise.data()[i]) < 10 * std::numeric_limits<T>::epsilon());
  }
}

TEST_CASE("A query that may look nowhere attends to nothing") {
  Rng rng(5);
  Attention attention(4, 2, rng);
  attention.out_proj.bias = array_of<double>({1, 2, 3, 4});
  Tape<double> tape;
  const auto x = tape.variable(random_normal<double>(Shape{1, 2, 4}, rng));
  const auto visible = tape.constant(array_of<double>(Shape{2, 2}, {0, 0, 1, 1}));
  const auto added = log(visible);
  const auto none = tape.constant(Array<double>(Shape{1, 2}, 0));
  const auto y = attention(x, {.visible = visible});
  CHECK((select(y, 0, 1).value() == array_of<double>(Shape{1, 4}, {1, 2, 3, 4})));
  CHECK((attention(x, {.added = added}).value() == y.value()));
  const auto broken = tape.constant(array_of<double>(Shape{2, 2}, {0, std::nan(""), 0, 0}));
  CHECK(std::isnan(attention(x, {.added = broken}).value()(0, 0, 0)));
  const auto nothing = attention(x, {.keys = none});
  CHECK((nothing.value() == array_of<double>(Shape{1, 2, 4}, {1, 2, 3, 4, 1, 2, 3, 4})));
  tape.backward(sum(y + nothing));
  for (const double slope : x.grad().storage()) {
    CHECK(std::isfinite(slope));
  }
}

TEST_CASE("The gradients of MultiHeadAttention are its finite differences") {
  Rng rng(6);
  const auto check = [&](Attention attention, const Shape& shape, bool masked) {
    const Array<double> x = random_normal<double>(shape, rng);
    const auto loss = [&](Tape<double>& tape) {
      nn::AttentionMasks<double> masks;
      if (masked) {
        masks.keys = tape.constant(present());
        masks.added = tape.constant(answered("added"));
      }
      return attention(tape.parameter(x), masks);
    };
    CHECK(gradcheck(
        loss, {&const_cast<Array<double>&>(x), &attention.in_proj_weight, &attention.in_proj_bias,
               &attention.out_proj.weight, &attention.out_proj.bias}));
  };
  check(Attention(4, 2, rng, {.causal = true, .dropout = 0.3}), Shape{2, 5, 4}, true);
  check(Attention(4, 1, rng), Shape{2, 5, 4}, true);   // one head
  check(Attention(4, 4, rng), Shape{3, 1, 4}, false);  // one step, and heads of one number
  check(Attention(1, 1, rng), Shape{1, 1, 1}, false);
}

TEST_CASE("The gradient of added scores reaches what they depend on") {
  Rng rng(7);
  const Attention attention(4, 2, rng);
  const Array<double> x = random_normal<double>(Shape{2, 3, 4}, rng);
  const auto with = [&](V added) { return attention(added.tape().constant(x), {.added = added}); };
  CHECK(gradcheck(with, {random_normal<double>(Shape{1, 2, 1, 3}, rng)}));
}

TEST_CASE("MultiHeadAttention drops weights in training alone, and takes no sequence as none") {
  Rng rng(8);
  const Attention drops(4, 2, rng, {.dropout = 1});
  Tape<double> tape;
  const auto x = tape.constant(random_normal<double>(Shape{2, 3, 4}, rng));
  CHECK((drops(x).value() == Array<double>(Shape{2, 3, 4}, 0)));
  {
    const NoGrad<double> guard(tape);
    CHECK((drops(x).value() != Array<double>(Shape{2, 3, 4}, 0)));
  }
  CHECK(drops(tape.constant(Array<double>(Shape{0, 3, 4}, 0))).shape() == Shape{0, 3, 4});
}

TEST_CASE("MultiHeadAttention refuses what does not fit") {
  Rng rng(9);
  const Attention attention(4, 2, rng), causal(4, 1, rng, {.causal = true});
  Tape<double> tape;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<double>(shape, 0.0)); };
  const auto row = of({2, 4}), wide = of({2, 3, 5}), none = of({2, 0, 4}), x = of({2, 3, 4});
  const auto other = of({3, 3, 4}), shorter = of({2, 2, 4}), mask = of({2, 3}), keys = of({3, 3});
  const auto cube = of({2, 3, 3});
  const std::string name = "MultiHeadAttention 4, 2 heads: ";
  CHECK_FAILS(attention(row), ShapeError, name + "expected (batch, time, 4), got (2, 4)");
  CHECK_FAILS(attention(wide), ShapeError, name + "expected (batch, time, 4), got (2, 3, 5)");
  CHECK_FAILS(attention(none), ShapeError, name + "expected at least one step, got (2, 0, 4)");
  CHECK_FAILS(attention(x, none), ShapeError, name + "expected at least one step, got (2, 0, 4)");
  CHECK_FAILS(attention(x, other), ShapeError,
              name + "expected a memory of 2 sequences, got (3, 3, 4)");
  CHECK_FAILS(attention(x, {.visible = mask}), ShapeError,
              name + "expected a mask (3, 3) or (2, 2, 3, 3), got (2, 3)");
  CHECK_FAILS(attention(x, {.visible = cube}), ShapeError,
              name + "expected a mask (3, 3) or (2, 2, 3, 3), got (2, 3, 3)");
  CHECK_FAILS(attention(x, {.added = mask}), ShapeError,
              name + "expected a mask (3, 3) or (2, 2, 3, 3), got (2, 3)");
  CHECK_FAILS(attention(x, {.keys = keys}), ShapeError,
              name + "expected a mask of keys (2, 3), got (3, 3)");
  CHECK_FAILS(
      causal(x, shorter), ShapeError,
      "MultiHeadAttention 4, 1 head: expected at most as many queries as keys, got 3 and 2");
  CHECK_FAILS(Attention(6, 4, rng), ValueError,
              "MultiHeadAttention: expected heads that divide the width, got 4 and 6");
  CHECK_FAILS(Attention(0, 1, rng), ValueError,
              "MultiHeadAttention: expected heads that divide the width, got 1 and 0");
  CHECK_FAILS(Attention(4, 0, rng), ValueError,
              "MultiHeadAttention: expected heads that divide the width, got 0 and 4");
  CHECK_FAILS(Attention(4, 2, rng, {.dropout = 1.5}), ValueError,
              "MultiHeadAttention: expected a dropout in [0, 1], got 1.5");
}

TEST_CASE("A cache is for the causal layer and the sequences that filled it, without gradients") {
  Rng rng(10);
  const Attention attention(4, 2, rng), causal(4, 2, rng, {.causal = true});
  Tape<double> tape;
  const auto x = tape.constant(Array<double>(Shape{2, 1, 4}, 0.0));
  const auto more = tape.constant(Array<double>(Shape{3, 1, 4}, 0.0));
  nn::KeyValueCache<double> cache;
  const std::string name = "MultiHeadAttention 4, 2 heads: ";
  CHECK_FAILS(causal(x, cache), TapeError,
              name + "a cache needs NoGrad, because no gradient flows to it");
  const NoGrad<double> guard(tape);
  CHECK_FAILS(attention(x, cache), ValueError, name + "a cache needs a causal layer");
  causal(x, cache);
  CHECK_FAILS(causal(more, cache), ShapeError,
              name + "expected a cache (3, 2, 1, 2), got (2, 2, 1, 2)");
  CHECK(cache.steps() == 1);
  cache.values = Array<double>(Shape{2, 2, 2, 2}, 0.0);
  CHECK_FAILS(causal(x, cache), ShapeError,
              name + "expected a cache (2, 2, 1, 2), got (2, 2, 2, 2)");
  move_away(cache.keys);
  CHECK_THROWS_AS(causal(x, cache), ShapeError);
}

TEST_CASE("A MultiHeadAttention that was moved from says so") {
  Rng rng(11);
  Attention attention(4, 2, rng);
  const Attention taker = std::move(attention);
  Tape<double> tape;
  const auto x = tape.constant(Array<double>(Shape{2, 1, 4}, 0.0));
  CHECK_THROWS_AS(attention(x), ShapeError);
  CHECK(taker(x).shape() == Shape{2, 1, 4});
  CHECK(taker.describe() == "MultiHeadAttention 4, 2 heads");
}

TEMPLATE_TEST_CASE("MultiHeadAttention draws its weights as PyTorch does", "", float, double) {
  using T = TestType;
  Rng rng(12);
  const nn::MultiHeadAttention<T> attention(32, 2, rng);
  const auto bounded = [](const Array<T>& array, double most) {
    double greatest = 0;
    for (const T each : array.storage()) {
      greatest = std::max(greatest, std::abs(static_cast<double>(each)));
    }
    return greatest <= most && greatest > 0.98 * most;
  };
  CHECK(bounded(attention.in_proj_weight, std::sqrt(6.0 / (4 * 32))));
  CHECK(bounded(attention.out_proj.weight, 1 / std::sqrt(32.0)));
  CHECK((attention.in_proj_bias == Array<T>(Shape{96}, 0)));
  CHECK((attention.out_proj.bias == Array<T>(Shape{32}, 0)));
}
