#include "tests/ops/rows.hpp"

/// The rows of losses.

namespace xtape {
namespace {

constexpr double weights[] = {0.5, 2, 0.25};

}  // namespace

// clang-format off

std::vector<Row> loss_rows() {
  const auto large = array_of<double>(Shape{5, 3}, {1000, 0, -1000, huge, huge, huge, -745, 0, 745, 3, -inf, 2, -1e5, -1e5, -1e5 + 1});
  auto finite = large;
  finite(3, 1) = -1e4;
  Array<double> targets(Shape{5, 3}, 0.25);
  targets(0, 1) = targets(2, 2) = 1.5;
  const std::vector<int> labels{0, 2, 0, 2, 1};
  const auto errors = array_of<double>({0, 0.25, -0.25, 0.5, -0.5, 1, -1, 3, -3, 1e5, -1e5}), zeros = Array<double>(errors.shape(), 0.0);
  const auto logits = array_of<double>({0, 0.5, -0.5, 20, -20, 37, -37, 700, -700, 1000, -1000, 1e5});
  return {
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction),
         "F.cross_entropy(x, torch.tensor(labels), reduction=reduction)", "", kind::labelled())
          .numbers_together({large}, {.labels = labels, .reduction = Reduction::mean})
          .numbers_together({large}, {.labels = labels, .reduction = Reduction::sum}),
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction, 0.1),
         "F.cross_entropy(x, torch.tensor(labels), reduction=reduction, label_smoothing=0.1)", "", kind::labelled())
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::mean}),
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction, 0.1, weights),
         "F.cross_entropy(x, torch.tensor(labels), torch.tensor([0.5, 2.0, 0.25]), reduction=reduction, label_smoothing=0.1)", "", kind::labelled())
          .numbers_only()
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::mean})
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::sum}),
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction, 0, weights, -1),
         "F.cross_entropy(x, torch.tensor(labels), torch.tensor([0.5, 2.0, 0.25]), ignore_index=-1, reduction=reduction)", "", kind::labelled())
          .numbers_only()
          .numbers_together({large}, {.labels = {-1, 2, 0, 2, -1}, .reduction = Reduction::mean})
          .numbers_together({large}, {.labels = {-1, -1, -1, -1, -1}, .reduction = Reduction::sum}),
      OP("softmax_cross_entropy (labels)", softmax_cross_entropy(x, of.labels, of.reduction, 0.1, {}, 2),
         "F.cross_entropy(x, torch.tensor(labels), ignore_index=2, reduction=reduction, label_smoothing=0.1)", "", kind::labelled())
          .numbers_only()
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::mean})
          .numbers_together({finite}, {.labels = labels, .reduction = Reduction::sum}),
      OP("softmax_cross_entropy (targets)", softmax_cross_entropy(x, y, of.reduction),
         "F.cross_entropy(x, y, reduction=reduction)", "", kind::targeted())
          .on({any, above_0})
          .numbers_together({finite, targets}, {.reduction = Reduction::mean})
          .numbers_together({finite, targets}, {.reduction = Reduction::sum}),
      OP("softmax_cross_entropy (targets)", softmax_cross_entropy(x, y, of.reduction, 0.1),
         "F.cross_entropy(x, y, reduction=reduction, label_smoothing=0.1)", "", kind::targeted())
          .on({any, above_0})
          .numbers_together({finite, targets}, {.reduction = Reduction::mean}),
      OP("mse", mse(x, y, of.reduction), "F.mse_loss(x, y, reduction=reduction)", "", kind::alike()),
      // At 0 both take the slope 0.
      OP("l1", l1(x, y, of.reduction), "F.l1_loss(x, y, reduction=reduction)", "", kind::alike()).on({wholes, halves}).numbers_together({errors, zeros}),
      OP("huber", huber(x, y, of.reduction), "F.huber_loss(x, y, reduction)", "", kind::alike())
          .numbers_together({errors, zeros}),
      OP("huber", huber(x, y, of.reduction, 0.5), "F.huber_loss(x, y, reduction, 0.5)", "", kind::alike())
          .numbers_together({errors, zeros}),
      OP("sigmoid_cross_entropy", sigmoid_cross_entropy(x, y, of.reduction), "F.binary_cross_entropy_with_logits(x, y, reduction=reduction)", "", kind::alike())
          .numbers_together({logits, Array<double>(logits.shape(), 0.0)})
          .numbers_together({logits, Array<double>(logits.shape(), 1.0)})
          .numbers_together({logits, Array<double>(logits.shape(), 0.25)}, {.reduction = Reduction::sum}),
      OP("kl_divergence", kl_divergence(x, y, of.reduction), "F.kl_div(x, y, reduction={'mean': 'batchmean'}.get(reduction, reduction))", "", kind::targeted())
          .on({above_0})
          .numbers_together({finite, targets}),
  };
}

// clang-format on

}  // namespace xtape
