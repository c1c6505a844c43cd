#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "autograd/ops/activations.hpp"
#include "nn/layers/attention.hpp"
#include "nn/layers/layer_norm.hpp"

/// @file
/// The encoder layer of the transformer (Vaswani et al. 2017), with the equations and the names of
/// torch.nn.TransformerEncoderLayer. With a causal mask it is the layer of a language model.

namespace xtape::nn {

/// The activation between the two linear layers of a TransformerBlock.
enum class FeedForward { relu, gelu };

/// Options of TransformerBlock.
struct TransformerOptions {
  std::size_t feed_forward = 0;                ///< The width between the linear layers. 0: 4 width.
  bool causal = false;                         ///< Step i sees the steps 0 to i only.
  bool norm_first = false;                     ///< Normalises before each part, not behind it.
  FeedForward activation = FeedForward::relu;  ///< The activation between the linear layers.
  double dropout = 0;                          ///< The rate of dropout. PyTorch's default is 0.1.
};

/// A layer that attends to a sequence and then transforms each step. For x (batch, time, width) it
/// computes
///
///     x' = norm1(x + self_attn(x)),   y = norm2(x' + linear2(activation(linear1(x'))))
///
/// or, with .norm_first = true (Xiong et al. 2020),
///
///     x' = x + self_attn(norm1(x)),   y = x' + linear2(activation(linear1(norm2(x'))))
///
/// Dropout applies to the weights of the attention, to the activations, and to both parts before
/// they are added.
template <class T = float>
class TransformerBlock {
 public:
  /// Creates a layer for vectors of `width` numbers. The weights of the attention are drawn as in
  /// MultiHeadAttention, and those of the linear layers by GlorotUniform. Throws ValueError if
  /// `width` is 0, if `heads` does not divide it, or unless 0 <= dropout <= 1. Throws ShapeError if
  /// the number of weights overflows.
  TransformerBlock(std::size_t width, std::size_t heads, Rng& rng,
                   const TransformerOptions& options = {})
      : self_attn(width, heads, rng, {.causal = options.causal, .dropout = options.dropout}),
        linear1(width, hidden_width(width, options), rng),
        linear2(hidden_width(width, options), width, rng),
        norm1(width),
        norm2(width),
        options_(options) {}

  /// Returns y. Throws ShapeError if x is not (batch, time, width) with at least one step, if a
  /// mask does not fit, or if the weights were moved from.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x, const AttentionMasks<S>& masks = {}) const {
    return apply(x, [&](Variable<S> each) { return self_attn(each, masks); });
  }

  /// Returns y for the next steps of a sequence. Throws as MultiHeadAttention does.
  Variable<T> operator()(Variable<T> x, KeyValueCache<T>& cache) const {
    return apply(x, [&](Variable<T> each) { return self_attn(each, cache); });
  }

  /// Returns the name in tables and errors: "TransformerBlock 64, 4 heads".
  std::string describe() const {
    const std::string attention = self_attn.describe();
    return "TransformerBlock" + attention.substr(std::min(attention.size(), attention.find(' ')));
  }

  /// Names the layers as PyTorch does.
  static void visit(auto& self, auto&& f) {
    f("self_attn", self.self_attn), f("linear1", self.linear1), f("linear2", self.linear2);
    f("norm1", self.norm1), f("norm2", self.norm2);
  }

  MultiHeadAttention<T> self_attn;  ///< The attention.
  Linear<T> linear1;                ///< width -> feed_forward.
  Linear<T> linear2;                ///< feed_forward -> width.
  LayerNorm<T> norm1;               ///< The norm of the attention.
  LayerNorm<T> norm2;               ///< The norm of the linear layers.

 private:
  static std::size_t hidden_width(std::size_t width, const TransformerOptions& options) {
    return options.feed_forward == 0 ? 4 * width : options.feed_forward;
  }

  template <NumberOver<T> S, class Attend>
  Variable<S> apply(Variable<S> x, Attend attend) const {
    // The attention checks x before anything is recorded. With norm_first, norm1 would fail first.
    self_attn.require_sequences(*this, x);
    if (options_.norm_first) {
      x = x + drop(attend(norm1(x)));
      return x + drop(feed_forward(norm2(x)));
    }
    x = norm1(x + drop(attend(x)));
    return norm2(x + drop(feed_forward(x)));
  }

  template <NumberOver<T> S>
  Variable<S> feed_forward(Variable<S> x) const {
    x = detail::each_step(linear1, x);
    x = options_.activation == FeedForward::relu ? relu(x) : gelu(x);
    return detail::each_step(linear2, drop(x));
  }

  template <NumberOver<T> S>
  Variable<S> drop(Variable<S> x) const {
    return dropout(x, options_.dropout, x.tape().rng());
  }

  TransformerOptions options_;
};

}  // namespace xtape::nn
