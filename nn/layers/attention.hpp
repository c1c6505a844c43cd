#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/comparisons.hpp"
#include "autograd/ops/dropout.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/matrix.hpp"
#include "autograd/ops/shaping.hpp"
#include "autograd/ops/softmax.hpp"
#include "nn/layers/affine.hpp"

/// @file
/// Attention (Vaswani et al. 2017), with the equations and the names of PyTorch. Sequences are
/// (batch, time, width), as with batch_first in PyTorch.

namespace xtape::nn {

/// Options of MultiHeadAttention.
struct AttentionOptions {
  bool causal = false;  ///< Step i sees the steps 0 to i only.
  double dropout = 0;   ///< The rate of dropout of the attention weights.
};

/// Masks for a call of MultiHeadAttention. A mask is 1 where a query may look, and 0 elsewhere. A
/// comparison gives such a mask. If a query may look nowhere, its result is the bias of out_proj.
/// PyTorch's boolean masks are the other way round: true hides a key. There, a query that may look
/// nowhere gets NaN.
template <class T = float>
struct AttentionMasks {
  /// The keys that each query may look at: (queries, keys) or (batch, heads, queries, keys).
  /// Extents of 1 broadcast.
  std::optional<Variable<T>> visible{};
  /// 1 for the keys of each sequence, and 0 for padding: (batch, keys).
  std::optional<Variable<T>> keys{};
  /// Numbers to add to the scores, of a shape like `visible`. -inf hides a key.
  std::optional<Variable<T>> added{};
};

/// The keys and values of the steps that a causal MultiHeadAttention has seen, each (batch, heads,
/// steps, width / heads). A new cache has seen none. Use one cache for each layer.
template <class T = float>
struct KeyValueCache {
  Array<T> keys;    ///< The keys.
  Array<T> values;  ///< The values.

  /// Returns the number of steps.
  std::size_t steps() const { return keys.dimension() == 4 ? keys.shape()[2] : 0; }
};

namespace detail {

/// The masks of a call, for scores (batch, heads, queries, keys).
template <class T>
struct ScoreMasks {
  std::optional<Variable<T>> visible{};  ///< 1 where a query may look, else 0.
  std::optional<Variable<T>> added{};    ///< To add to the scores. 0 where -inf hides a key.
  bool may_hide_all = false;             ///< True if a query may have nowhere to look.

  /// Hides what `mask` does not show.
  void hide(Variable<T> mask) {
    visible = visible ? *visible * mask : mask;
    may_hide_all = true;
  }
};

/// Throws ShapeError unless a mask broadcasts to the scores. With three axes, it is unclear whether
/// the first numbers sequences or heads.
template <class Layer>
void require_mask(const Layer& layer, const Shape& mask, const Shape& scores) {
  bool fits = mask.size() == 2 || mask.size() == 4;
  for (std::size_t i = 1; fits && i <= mask.size(); ++i) {
    const std::size_t extent = mask[mask.size() - i];
    fits = extent == 1 || extent == scores[scores.size() - i];
  }
  if (!fits) [[unlikely]] {
    fail<ShapeError>("{}: expected a mask ({}, {}) or {}, got {}", layer.describe(), scores[2],
                     scores[3], scores, mask);
  }
}

/// Returns the mask of a causal layer: the last query sees all keys, and each query before it one
/// key less.
template <class T>
Variable<T> causal_mask(Tape<T>& tape, std::size_t queries, std::size_t keys) {
  return tape.constant([=](Array<T>& mask) {
    resize(mask, Shape{queries, keys});
    for (std::size_t i = 0; i < mask.size(); ++i) {
      mask.data()[i] = i % keys + queries <= i / keys + keys ? T(1) : T(0);
    }
  });
}

/// Returns the masks of a call of a layer. Throws ShapeError if one does not fit the scores.
template <class T, class Layer>
ScoreMasks<T> score_masks(const Layer& layer, Tape<T>& tape, const Shape& scores, bool causal,
                          const AttentionMasks<T>& masks) {
  ScoreMasks<T> all;
  if (causal) {
    if (scores[2] > scores[3]) [[unlikely]] {
      fail<ShapeError>("{}: expected at most as many queries as keys, got {} and {}",
                       layer.describe(), scores[2], scores[3]);
    }
    if (scores[2] > 1) {  // a single query sees all keys
      all.visible = causal_mask(tape, scores[2], scores[3]);
    }
  }
  if (masks.visible) {
    require_mask(layer, masks.visible->shape(), scores);
    all.hide(*masks.visible);
  }
  if (masks.keys) {
    const Shape wanted{scores[0], scores[3]};
    if (!same_shape(masks.keys->shape(), wanted)) [[unlikely]] {
      fail<ShapeError>("{}: expected a mask of keys {}, got {}", layer.describe(), wanted,
                       masks.keys->shape());
    }
    all.hide(reshape(*masks.keys, Shape{scores[0], 1, 1, scores[3]}));
  }
  if (masks.added) {
    require_mask(layer, masks.added->shape(), scores);
    const Variable<T> shown = *masks.added != -std::numeric_limits<Real<T>>::infinity();
    all.added = where(shown, *masks.added, Real<T>(0));  // a NaN stays
    all.hide(shown);
  }
  return all;
}

/// Returns softmax(scores) v, with the rate of dropout of the softmax. What is hidden has the
/// weight 0, also if all keys of a query are.
template <class T>
Variable<T> weigh(Variable<T> scores, Variable<T> v, const ScoreMasks<T>& masks, double rate) {
  if (masks.added) {
    scores = scores + *masks.added;
  }
  // It is finite, because a softmax of -inf alone is NaN, and so is its gradient.
  constexpr Real<T> low = std::numeric_limits<Real<T>>::lowest() / 2;
  Variable<T> weights = softmax(masks.visible ? where(*masks.visible, scores, low) : scores);
  if (masks.may_hide_all) {  // otherwise the softmax has made the hidden weights 0
    weights = where(*masks.visible, weights, Real<T>(0));
  }
  return matmul(dropout(weights, rate, v.tape().rng()), v);
}

}  // namespace detail

/// Attention with several heads: y = concatenate(head 1, head 2, ...) W_out + b_out. A head is
/// softmax(Q K^T / sqrt(d)) V. Queries Q, keys K and values V have d = width / heads numbers. The
/// rows of in_proj_weight are those of Q, K and V. AttentionMasks hide keys from queries.
template <class T = float>
class MultiHeadAttention {
 public:
  /// Creates a layer for vectors of `width` numbers. Weights are drawn as in PyTorch:
  /// in_proj_weight by GlorotUniform, and out_proj.weight from U(-a, a) with a = 1 / sqrt(width).
  /// Biases are 0. Throws ValueError if `width` is 0, if `heads` does not divide it, or unless 0 <=
  /// dropout <= 1.
  MultiHeadAttention(std::size_t width, std::size_t heads, Rng& rng,
                     const AttentionOptions& options = {})
      : out_proj(checked_width(width, heads, options), width, rng, draw_out),
        heads_(heads),
        options_(options) {
    resize(in_proj_weight, Shape{3 * width, width});
    GlorotUniform{}(in_proj_weight, rng);
    in_proj_bias = Array<T>(Shape{3 * width}, T(0));
  }

  /// Returns the attention of x (batch, time, width) to itself. Throws ShapeError if x has another
  /// shape, if it has no steps, if a mask does not fit, or if the weights were moved from.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x, const AttentionMasks<S>& masks = {}) const {
    require_sequences(*this, x);
    const auto [q, k, v] = split<3>(project(x, 0, 3), 1);
    return attend(q, k, v, masks);
  }

  /// Returns the attention of queries (batch, queries, width) to a memory (batch, keys, width), as
  /// a decoder attends to its encoder. If the layer is causal, the last query sees all keys, and
  /// each query before it one key less. Throws ShapeError as the self-attention does, if the
  /// batches differ, or if a causal layer gets more queries than keys.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> query, Variable<S> memory,
                         const AttentionMasks<S>& masks = {}) const {
    require_sequences(*this, query);
    require_sequences(*this, memory);
    if (query.shape()[0] != memory.shape()[0]) [[unlikely]] {
      fail<ShapeError>("{}: expected a memory of {} sequences, got {}", describe(),
                       query.shape()[0], memory.shape());
    }
    const Variable<S> q = project(query, 0, 1);
    const auto [k, v] = split<2>(project(memory, 1, 3), 1);
    return attend(q, k, v, masks);
  }

  /// Returns the attention of the next steps x (batch, time, width) of a sequence to all steps so
  /// far, and adds their keys and values to the cache. The results are those of one call with all
  /// steps, to rounding. Use it under NoGrad, to generate a sequence step by step.
  ///
  /// Strong exception guarantee for the cache. Throws ValueError unless the layer is causal, and
  /// TapeError unless the tape is under NoGrad. Throws ShapeError as the self-attention does, or if
  /// the cache does not fit x.
  Variable<T> operator()(Variable<T> x, KeyValueCache<T>& cache) const {
    require_sequences(*this, x);
    require<ValueError>(options_.causal, "{}: a cache needs a causal layer", describe());
    require<TapeError>(!x.tape().grad_enabled(),
                       "{}: a cache needs NoGrad, because no gradient flows to it", describe());
    auto [q, k, v] = split<3>(project(x, 0, 3), 1);
    if (cache.steps() > 0) {
      require_cache(cache, q.shape());
      k = concatenate(x.tape().constant(cache.keys), k, 2);
      v = concatenate(x.tape().constant(cache.values), v, 2);
    }
    const Variable<T> y = attend(q, k, v, {});
    KeyValueCache<T> next{k.value(), v.value()};
    cache = std::move(next);
    return y;
  }

  /// Throws ShapeError, with the name of `user`, unless x is (batch, time, width) with at least one
  /// step, or if the weights were moved from.
  template <class User, NumberOver<T> S>
  void require_sequences(const User& user, Variable<S> x) const {
    require<ShapeError>(in_proj_weight.dimension() == 2 && out_proj.weight.dimension() == 2,
                        "MultiHeadAttention: expected weights (3 width, width) and (width, width), "
                        "got {} and {}",
                        in_proj_weight.shape(), out_proj.weight.shape());
    if (x.shape().size() != 3 || x.shape()[2] != width()) [[unlikely]] {
      fail<ShapeError>("{}: expected (batch, time, {}), got {}", user.describe(), width(),
                       x.shape());
    }
    if (x.shape()[1] == 0) [[unlikely]] {
      fail<ShapeError>("{}: expected at least one step, got {}", user.describe(), x.shape());
    }
  }

  /// Returns the name in tables and errors: "MultiHeadAttention 64, 4 heads".
  std::string describe() const {
    return in_proj_weight.dimension() == 2 ? fmt::format("MultiHeadAttention {}, {} head{}",
                                                         width(), heads_, heads_ == 1 ? "" : "s")
                                           : "MultiHeadAttention";
  }

  /// Names the parameters as PyTorch does.
  static void visit(auto& self, auto&& f) {
    f("in_proj_weight", self.in_proj_weight), f("in_proj_bias", self.in_proj_bias);
    f("out_proj", self.out_proj);
  }

  Array<T> in_proj_weight;  ///< (3 width, width), as in PyTorch in both layouts of a file.
  Array<T> in_proj_bias;    ///< (3 width).
  Linear<T> out_proj;       ///< W_out and b_out.

 private:
  static void draw_out(Array<T>& weight, Rng& rng) {
    const double most = 1 / std::sqrt(static_cast<double>(weight.shape()[0]));
    rng.fill_uniform(std::span<T>(weight.storage()), -most, most);
  }

  static std::size_t checked_width(std::size_t width, std::size_t heads,
                                   const AttentionOptions& options) {
    require<ValueError>(width > 0 && heads > 0 && width % heads == 0,
                        "MultiHeadAttention: expected heads that divide the width, got {} and {}",
                        heads, width);
    require<ValueError>(options.dropout >= 0 && options.dropout <= 1,
                        "MultiHeadAttention: expected a dropout in [0, 1], got {}",
                        options.dropout);
    return width;
  }

  std::size_t width() const { return in_proj_weight.shape()[1]; }

  /// Throws ShapeError unless the cache has the batch, the heads and the widths of queries.
  void require_cache(const KeyValueCache<T>& cache, const Shape& queries) const {
    const Shape wanted{queries[0], queries[1], cache.steps(), queries[3]};
    for (const Array<T>* each : {&cache.keys, &cache.values}) {
      require<ShapeError>(same_shape(each->shape(), wanted), "{}: expected a cache {}, got {}",
                          describe(), wanted, each->shape());
    }
  }

  /// Returns the queries, keys and values of x that are number `begin` to `end`, as (batch, (end -
  /// begin) heads, time, width / heads).
  template <NumberOver<T> S>
  Variable<S> project(Variable<S> x, std::size_t begin, std::size_t end) const {
    const std::size_t count = end - begin;
    Variable<S> weight = x.tape().parameter(in_proj_weight);
    Variable<S> bias = x.tape().parameter(in_proj_bias);
    if (count < 3) {
      const auto first = static_cast<std::ptrdiff_t>(begin * width());
      const auto last = static_cast<std::ptrdiff_t>(end * width());
      weight = slice(weight, first, last);
      bias = slice(bias, first, last);
    }
    const Variable<S> y = detail::affine(x, weight, Transpose::yes, bias);
    const Shape heads{x.shape()[0], x.shape()[1], count * heads_, width() / heads_};
    return transpose(reshape(y, heads), 1, 2);
  }

  /// Returns the results of queries, keys and values (batch, heads, time, width / heads).
  template <NumberOver<T> S>
  Variable<S> attend(Variable<S> q, Variable<S> k, Variable<S> v,
                     const AttentionMasks<S>& masks) const {
    const std::size_t batch = q.shape()[0], queries = q.shape()[2], keys = k.shape()[2];
    const Shape scores{batch, heads_, queries, keys};
    const auto all = detail::score_masks(*this, q.tape(), scores, options_.causal, masks);
    const T scale = static_cast<T>(1 / std::sqrt(static_cast<double>(q.shape()[3])));
    const Variable<S> products = xtape::detail::matmul(q * scale, Transpose::no, k, Transpose::yes);
    const Variable<S> heads = detail::weigh(products, v, all, options_.dropout);
    const Variable<S> y = reshape(transpose(heads, 1, 2), Shape{batch, queries, width()});
    return detail::each_step(out_proj, y);
  }

  std::size_t heads_;
  AttentionOptions options_;
};

}  // namespace xtape::nn
