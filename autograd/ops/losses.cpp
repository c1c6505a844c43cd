#include "autograd/ops/losses.hpp"

#include <cmath>

#include "autograd/define.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/softmax.hpp"
#include "tensor/elementwise.hpp"
#include "tensor/kernels/softmax.hpp"

namespace xtape {
namespace {

template <class T>
void require_batch(Variable<T> logits) {
  const Shape& shape = logits.shape();
  require<ShapeError>(shape.size() == 2 && shape[0] > 0 && shape[1] > 0,
                      "softmax_cross_entropy: expected logits (batch, classes) with at least one "
                      "row and one class, got {}",
                      shape);
}

void require_smoothing(double smoothing) {
  require<ValueError>(smoothing >= 0 && smoothing < 1,
                      "softmax_cross_entropy: expected a label_smoothing in [0, 1), got {}",
                      smoothing);
}

template <class T>
void require_one_tape(const char* op, Variable<T> a, Variable<T> b) {
  require<TapeError>(&a.tape() == &b.tape(), "{}: the operands live on different tapes", op);
}

/// Throws ShapeError unless there is one label for each row. Throws ValueError if a label is
/// neither ignored nor a class.
template <class T>
void require_labels(Variable<T> logits, Indices labels, std::optional<std::int64_t> ignored = {}) {
  const std::size_t batch = logits.shape()[0], classes = logits.shape()[1];
  require<ShapeError>(labels.size() == batch, "softmax_cross_entropy: got {} labels for logits {}",
                      labels.size(), logits.shape());
  for (std::size_t i = 0; i < batch; ++i) {
    const bool known = labels[i] >= 0 && static_cast<std::uint64_t>(labels[i]) < classes;
    require<ValueError>(known || labels[i] == ignored,
                        "softmax_cross_entropy: label {} of row {} is not one of the {} classes",
                        labels.text(i), i, classes);
  }
}

/// Copies the labels to the tape, which keeps them until backward. Checks that each is a class.
template <class T>
std::span<const std::uint32_t> keep_labels(Variable<T> logits, Indices labels) {
  require_labels(logits, labels);
  require<ShapeError>(logits.shape()[1] <= 0xFFFFFFFFu,
                      "softmax_cross_entropy: {} has too many classes", logits.shape());
  const auto kept = logits.tape().template keep<std::uint32_t>(labels.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = static_cast<std::uint32_t>(labels[i]);
  }
  return kept;
}

/// Returns t x, but 0 if t is 0. A number t that is 0 and moves has a tangent.
template <class T>
T product_or_0(T t, T x) {
  if constexpr (is_dual<T>) {
    return {product_or_0(t.value, x.value),
            product_or_0(t.tangent, x.value) + product_or_0(t.value, x.tangent)};
  } else {
    return t == T(0) ? T(0) : t * x;
  }
}

/// Returns t ln p, with 0 ln 0 = 0. A class that a logit of -inf excludes costs nothing unless its
/// target is positive, as with labels.
template <class T>
Variable<T> weighted_logs(Variable<T> targets, Variable<T> logs) {
  const auto product = [](T t, T log) { return product_or_0(t, log); };
  return define(
      "softmax_cross_entropy", {targets, logs}, elementwise(product, targets.value(), logs.value()),
      [=](auto y) { return y.grad() * logs.value(); },
      [=](auto y) { return y.grad() * targets.value(); });
}

/// Labels with weights of the classes, or rows that do not count.
class WeightedLabels {
 public:
  WeightedLabels(Indices labels, std::span<const double> class_weights,
                 std::optional<std::int64_t> ignored)
      : labels_(labels), class_weights_(class_weights), ignored_(ignored) {}

  /// Throws ShapeError or ValueError if a label or a weight does not fit the logits.
  template <class T>
  void require_fit(Variable<T> logits) const {
    require_labels(logits, labels_, ignored_);
    const std::size_t classes = logits.shape()[1], count = class_weights_.size();
    require<ShapeError>(count == 0 || count == classes,
                        "softmax_cross_entropy: got {} class weights for {} classes", count,
                        classes);
    for (const double weight : class_weights_) {
      require<ValueError>(weight >= 0 && std::isfinite(weight),
                          "softmax_cross_entropy: expected class weights of at least 0, got {}",
                          weight);
    }
  }

  /// Returns the sum of the weights of the rows.
  double total() const {
    double sum = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      sum += labels_[i] == ignored_ ? 0 : weight_of(static_cast<std::size_t>(labels_[i]));
    }
    return sum;
  }

  /// Fills the targets for which the loss is the same. Rows that do not count are 0.
  template <class T>
  void fill(Array<T>& targets, double smoothing) const {
    const std::size_t classes = targets.shape()[1];
    const double share = smoothing / static_cast<double>(classes);
    auto row = targets.data();
    for (std::size_t i = 0; i < labels_.size(); ++i, row += classes) {
      const bool counts = labels_[i] != ignored_;
      for (std::size_t j = 0; j < classes; ++j) {
        row[j] = static_cast<T>(counts ? share * weight_of(j) : 0);
      }
      if (counts) {
        const auto label = static_cast<std::size_t>(labels_[i]);
        row[label] += static_cast<T>((1 - smoothing) * weight_of(label));
      }
    }
  }

 private:
  double weight_of(std::size_t label) const {
    return class_weights_.empty() ? 1 : class_weights_[label];
  }

  Indices labels_;
  std::span<const double> class_weights_;
  std::optional<std::int64_t> ignored_;
};

template <class T>
Variable<T> weighted_cross_entropy(Variable<T> logits, const WeightedLabels& labels,
                                   Reduction reduction, double smoothing) {
  labels.require_fit(logits);
  const double total = reduction == Reduction::mean ? labels.total() : 1;
  require<ValueError>(total > 0,
                      "softmax_cross_entropy: the weights of the labels add up to 0, so that the "
                      "loss has no mean");
  return compose(logits.tape(), [&] {
    const Variable<T> targets = logits.tape().constant([&](Array<T>& array) {
      resize(array, logits.shape());
      labels.fill(array, smoothing);
    });
    return sum(weighted_logs(targets, log_softmax(logits))) * static_cast<Real<T>>(-1 / total);
  });
}

/// Composes the mean or the sum of loss() for a prediction and a target of one shape.
template <class T, class Loss>
Variable<T> over_elements(const char* op, Variable<T> prediction, Variable<T> target,
                          Reduction reduction, Loss loss) {
  require<ShapeError>(same_shape(prediction.shape(), target.shape()),
                      "{}: the prediction {} and the target {} have different shapes", op,
                      prediction.shape(), target.shape());
  require_one_tape(op, prediction, target);
  require<ShapeError>(prediction.value().size() > 0 || reduction == Reduction::sum,
                      "{}: {} has no elements to average", op, prediction.shape());
  return compose(prediction.tape(), [&] {
    const Variable<T> errors = loss();
    return reduction == Reduction::mean ? mean(errors) : sum(errors);
  });
}

}  // namespace

template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels, Reduction reduction,
                                  double label_smoothing, std::span<const double> class_weights,
                                  std::optional<std::int64_t> ignore_index) {
  require_batch(logits);
  require_smoothing(label_smoothing);
  if (!class_weights.empty() || ignore_index) {
    return weighted_cross_entropy(logits, WeightedLabels(labels, class_weights, ignore_index),
                                  reduction, label_smoothing);
  }
  const std::span<const std::uint32_t> kept = keep_labels(logits, labels);
  const Real<T> scale =
      reduction == Reduction::mean ? 1 / static_cast<Real<T>>(labels.size()) : Real<T>(1);
  const auto smoothing = static_cast<Real<T>>(label_smoothing);
  return compose(logits.tape(), [&] {
    T loss = 0;
    const Variable<T> p =
        record("softmax", {logits},
               [&](Array<T>& y) {
                 loss = scale * softmax_with_loss(logits.value(), kept, y, label_smoothing);
               },
               {});
    return record(
        "softmax_cross_entropy", {logits, p},
        [=](Array<T>& y) {
          resize(y, Shape{});
          y.data()[0] = loss;
        },
        [=](Variable<T> y) {
          const T weight = scale * y.grad().data()[0];
          const std::size_t classes = p.shape()[1];
          accumulate(logits, weight * (p.value() - smoothing / static_cast<Real<T>>(classes)));
          accumulate(logits, [=](Array<T>& dz, T) {
            const T label_part = weight * (Real<T>(1) - smoothing);
            auto row = dz.data();
            for (const std::uint32_t label : kept) {
              row[label] -= label_part;
              row += classes;
            }
          });
        });
  });
}

template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Variable<T> targets, Reduction reduction,
                                  double label_smoothing) {
  require_batch(logits);
  require_smoothing(label_smoothing);
  require<ShapeError>(same_shape(logits.shape(), targets.shape()),
                      "softmax_cross_entropy: the targets {} do not fit the logits {}",
                      targets.shape(), logits.shape());
  require_one_tape("softmax_cross_entropy", logits, targets);
  const Real<T> scale =
      reduction == Reduction::mean ? 1 / static_cast<Real<T>>(logits.shape()[0]) : Real<T>(1);
  return compose(logits.tape(), [&] {
    using Number = Real<T>;
    const auto share =
        static_cast<Number>(label_smoothing / static_cast<double>(logits.shape()[1]));
    const Variable<T> smoothed =
        label_smoothing == 0 ? targets : targets * static_cast<Number>(1 - label_smoothing) + share;
    return sum(weighted_logs(smoothed, log_softmax(logits))) * -scale;
  });
}

template <class T>
Variable<T> mse(Variable<T> prediction, Variable<T> target, Reduction reduction) {
  return over_elements("mse", prediction, target, reduction,
                       [&] { return square(prediction - target); });
}

template <class T>
Variable<T> l1(Variable<T> prediction, Variable<T> target, Reduction reduction) {
  return over_elements("l1", prediction, target, reduction,
                       [&] { return abs(prediction - target); });
}

template <class T>
Variable<T> huber(Variable<T> prediction, Variable<T> target, Reduction reduction, double delta) {
  const auto bound = static_cast<Real<T>>(delta);
  require<ValueError>(bound > 0 && std::isfinite(bound), "huber: expected a delta above 0, got {}",
                      delta);
  return over_elements("huber", prediction, target, reduction, [&] {
    const Variable<T> errors = prediction - target;
    using std::abs;
    const auto value = [=](T e) {
      const T size = abs(e);
      return size <= bound ? e * e / Real<T>(2) : bound * (size - bound / 2);
    };
    return define("huber", {errors}, elementwise(value, errors.value()), [=](auto y) {
      const auto slope = [=](T e, T dy) {
        return (e < -bound ? T(-bound) : e > bound ? T(bound) : e) * dy;
      };
      return elementwise(slope, errors.value(), y.grad());
    });
  });
}

template <class T>
Variable<T> sigmoid_cross_entropy(Variable<T> logits, Variable<T> targets, Reduction reduction) {
  return over_elements("sigmoid_cross_entropy", logits, targets, reduction, [&] {
    const Array<T>&x = logits.value(), &t = targets.value();
    return define(
        "sigmoid_cross_entropy", {logits, targets},
        positive_part(x) - x * t + xt::log1p(xt::exp(-xt::abs(x))),
        [=](auto y) { return y.grad() * (logistic(logits.value()) - targets.value()); },
        [=](auto y) { return -y.grad() * logits.value(); });
  });
}

template <class T>
Variable<T> kl_divergence(Variable<T> log_p, Variable<T> targets, Reduction reduction) {
  require<ShapeError>(same_shape(log_p.shape(), targets.shape()),
                      "kl_divergence: the targets {} do not fit the log probabilities {}",
                      targets.shape(), log_p.shape());
  require_one_tape("kl_divergence", log_p, targets);
  const Shape& shape = log_p.shape();
  require<ShapeError>(reduction == Reduction::sum || (!shape.empty() && shape[0] > 0),
                      "kl_divergence: {} has no rows to average", shape);
  const Real<T> scale =
      reduction == Reduction::mean ? 1 / static_cast<Real<T>>(shape[0]) : Real<T>(1);
  return compose(log_p.tape(), [&] {
    using std::log;
    const auto value = [](T l, T t) { return product_or_0(t, T(log(t) - l)); };
    const Variable<T> terms = define(
        "kl_divergence", {log_p, targets}, elementwise(value, log_p.value(), targets.value()),
        [=](auto y) { return -y.grad() * targets.value(); },
        [=](auto y) { return y.grad() * (xt::log(targets.value()) - log_p.value() + Real<T>(1)); });
    return sum(terms) * scale;
  });
}

#define XTAPE_INSTANTIATE(T)                                                               \
  template Variable<T> softmax_cross_entropy(Variable<T>, Indices, Reduction, double,      \
                                             std::span<const double>,                      \
                                             std::optional<std::int64_t>);                 \
  template Variable<T> softmax_cross_entropy(Variable<T>, Variable<T>, Reduction, double); \
  template Variable<T> mse(Variable<T>, Variable<T>, Reduction);                           \
  template Variable<T> l1(Variable<T>, Variable<T>, Reduction);                            \
  template Variable<T> huber(Variable<T>, Variable<T>, Reduction, double);                 \
  template Variable<T> sigmoid_cross_entropy(Variable<T>, Variable<T>, Reduction);         \
  template Variable<T> kl_divergence(Variable<T>, Variable<T>, Reduction)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
