#include <cmath>
#include <numeric>

#include "tests/ops/plain.hpp"

// Losses.

namespace xtape::plain {
namespace {

using Pairwise = Number (*)(const Number&, const Number&);

/// The mean or the sum of f(prediction, target).
Tensor over_elements(const Tensor& prediction, const Tensor& target, Reduction reduction,
                     Pairwise f) {
  const Tensor errors = paired(prediction, target, f);
  return reduction == Reduction::mean ? mean(errors) : sum(errors);
}

}  // namespace

Tensor softmax_cross_entropy(const Tensor& logits, const std::vector<int>& labels,
                             Reduction reduction, double smoothing,
                             std::span<const double> class_weights, std::optional<int> ignored) {
  const std::size_t classes = logits.shape[1];
  std::vector<double> targets, weights(classes, 1.0);
  std::copy(class_weights.begin(), class_weights.end(), weights.begin());
  double total = 0;
  for (const int label : labels) {
    for (std::size_t j = 0; j < classes; ++j) {
      const double target =
          (std::cmp_equal(j, label) ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      targets.push_back(label == ignored ? 0 : target * weights[j]);
    }
    total += label == ignored ? 0 : weights[static_cast<std::size_t>(label)];
  }
  const Tensor loss = sum(leaf(logits.shape, targets) * log_softmax(logits)) * -1;
  return reduction == Reduction::mean ? loss * (1 / total) : loss;
}
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction,
                             double smoothing) {
  const double rows = reduction == Reduction::mean ? static_cast<double>(logits.shape[0]) : 1;
  const double share = smoothing / static_cast<double>(logits.shape[1]);
  const Tensor logs = log_softmax(logits);
  return (sum(targets * logs) * (1 - smoothing) + sum(logs) * share) * (-1 / rows);
}

Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction) {
  return over_elements(prediction, target, reduction, [](const Number& a, const Number& b) {
    const double e = a->value - b->value;
    return make(e * e, {{a, 2 * e}, {b, -2 * e}});
  });
}
Tensor l1(const Tensor& prediction, const Tensor& target, Reduction reduction) {
  return over_elements(prediction, target, reduction, [](const Number& a, const Number& b) {
    const double e = a->value - b->value, slope = e > 0 ? 1 : e < 0 ? -1 : 0;
    return make(std::abs(e), {{a, slope}, {b, -slope}});
  });
}
Tensor huber(const Tensor& prediction, const Tensor& target, Reduction reduction, double delta) {
  // delta^2 h(e / delta) with the loss h for a delta of 1
  const auto f = [](const Number& a, const Number& b) {
    const double e = a->value - b->value, slope = std::min(std::max(e, -1.0), 1.0);
    return make(std::abs(e) <= 1 ? e * e / 2 : std::abs(e) - 0.5, {{a, slope}, {b, -slope}});
  };
  return over_elements(prediction * (1 / delta), target * (1 / delta), reduction, f) *
         (delta * delta);
}
Tensor sigmoid_cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction) {
  return over_elements(logits, targets, reduction, [](const Number& x, const Number& t) {
    const double p = 1 / (1 + std::exp(-x->value));
    const double softplus = std::max(x->value, 0.0) + std::log1p(std::exp(-std::abs(x->value)));
    return make(softplus - x->value * t->value, {{x, p - t->value}, {t, -x->value}});
  });
}
Tensor kl_divergence(const Tensor& log_p, const Tensor& targets, Reduction reduction) {
  const Tensor terms = paired(log_p, targets, [](const Number& l, const Number& t) {
    const double difference = std::log(t->value) - l->value;
    return make(t->value * difference, {{l, -t->value}, {t, difference + 1}});
  });
  const double rows = reduction == Reduction::mean ? static_cast<double>(log_p.shape[0]) : 1;
  return sum(terms) * (1 / rows);
}

}  // namespace xtape::plain
