#include "autograd/ops/losses.hpp"

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

/// Copies the labels to the tape, which keeps them until backward. Checks that each is a class.
template <class T>
std::span<const std::uint32_t> keep_labels(Variable<T> logits, Indices labels) {
  const std::size_t batch = logits.shape()[0], classes = logits.shape()[1];
  require<ShapeError>(labels.size() == batch, "softmax_cross_entropy: got {} labels for logits {}",
                      labels.size(), logits.shape());
  require<ShapeError>(classes <= 0xFFFFFFFFu, "softmax_cross_entropy: {} has too many classes",
                      logits.shape());
  const auto kept = logits.tape().template keep<std::uint32_t>(batch);
  for (std::size_t i = 0; i < batch; ++i) {
    require<ValueError>(labels[i] >= 0 && static_cast<std::uint64_t>(labels[i]) < classes,
                        "softmax_cross_entropy: label {} of row {} is not one of the {} classes",
                        labels.text(i), i, classes);
    kept[i] = static_cast<std::uint32_t>(labels[i]);
  }
  return kept;
}

/// Returns t ln p, with 0 ln 0 = 0. A class that a logit of -inf excludes costs nothing unless its
/// target is positive, as with labels.
template <class T>
Variable<T> weighted_logs(Variable<T> targets, Variable<T> logs) {
  const auto product = [](T t, T log) { return t == T(0) ? T(0) : t * log; };
  return define(
      "softmax_cross_entropy", {targets, logs}, elementwise(product, targets.value(), logs.value()),
      [=](auto y) { return y.grad() * logs.value(); },
      [=](auto y) { return y.grad() * targets.value(); });
}

}  // namespace

template <class T>
Variable<T> softmax_cross_entropy(Variable<T> logits, Indices labels, Reduction reduction,
                                  double label_smoothing) {
  require_batch(logits);
  require_smoothing(label_smoothing);
  const std::span<const std::uint32_t> kept = keep_labels(logits, labels);
  const T scale = reduction == Reduction::mean ? T(1) / static_cast<T>(labels.size()) : T(1);
  const T smoothing = static_cast<T>(label_smoothing);
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
          accumulate(logits, weight * (p.value() - smoothing / static_cast<T>(classes)));
          accumulate(logits, [=](Array<T>& dz, T) {
            const T label_part = weight * (T(1) - smoothing);
            T* row = dz.data();
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
  const T scale = reduction == Reduction::mean ? T(1) / static_cast<T>(logits.shape()[0]) : T(1);
  return compose(logits.tape(), [&] {
    const T share = static_cast<T>(label_smoothing / static_cast<double>(logits.shape()[1]));
    const Variable<T> smoothed =
        label_smoothing == 0 ? targets : targets * static_cast<T>(1 - label_smoothing) + share;
    return sum(weighted_logs(smoothed, log_softmax(logits))) * -scale;
  });
}

template <class T>
Variable<T> mse(Variable<T> prediction, Variable<T> target, Reduction reduction) {
  require<ShapeError>(same_shape(prediction.shape(), target.shape()),
                      "mse: the prediction {} and the target {} have different shapes",
                      prediction.shape(), target.shape());
  require_one_tape("mse", prediction, target);
  require<ShapeError>(prediction.value().size() > 0 || reduction == Reduction::sum,
                      "mse: {} has no elements to average", prediction.shape());
  return compose(prediction.tape(), [&] {
    const Variable<T> errors = square(prediction - target);
    return reduction == Reduction::mean ? mean(errors) : sum(errors);
  });
}

#define XTAPE_INSTANTIATE(T)                                                               \
  template Variable<T> softmax_cross_entropy(Variable<T>, Indices, Reduction, double);     \
  template Variable<T> softmax_cross_entropy(Variable<T>, Variable<T>, Reduction, double); \
  template Variable<T> mse(Variable<T>, Variable<T>, Reduction)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
