#include "autograd/ops/normalization.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/record.hpp"
#include "tensor/kernels/normalize.hpp"
#include "tensor/kernels/normalize_tangents.hpp"
#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// What the backward pass needs. It is on the tape, because a closure has no room for it.
template <class T>
struct Normalization {
  Variable<T> x;
  std::optional<Variable<T>> weight, bias;
  NormShape shape;
  Moments<Real<T>> moments;
  typename Storage<T>::const_pointer ones, zeros;  // in place of a weight and a bias, else null

  auto weights() const { return weight ? weight->value().data() : ones; }
  auto biases() const { return bias ? bias->value().data() : zeros; }
};

template <class T>
void require_channels(const char* op, const char* what, const std::optional<Variable<T>>& operand,
                      Variable<T> x, const Shape& expected) {
  require<ShapeError>(!operand || same_shape(operand->shape(), expected),
                      "{}: expected a {} {} for {}, got {}", op, what, expected, x.shape(),
                      operand ? operand->shape() : Shape{});
}

/// Returns `count` times the number, in memory of the tape, or nothing if `count` is 0.
template <class T>
typename Storage<T>::const_pointer filled(Tape<T>& tape, std::size_t count, Real<T> number) {
  const auto copies = [&](Real<T> value) -> const Real<T>* {
    const std::span<Real<T>> numbers = tape.template keep<Real<T>>(count);
    std::fill(numbers.begin(), numbers.end(), value);
    return count == 0 ? nullptr : numbers.data();
  };
  if constexpr (is_dual<T>) {
    return {copies(number), copies(0)};
  } else {
    return copies(number);
  }
}

template <class T>
Normalization<T>& prepare(const char* op, Variable<T> x, const std::optional<Variable<T>>& weight,
                          const std::optional<Variable<T>>& bias, const Shape& parameters,
                          const NormShape& shape, double epsilon) {
  require_channels(op, "weight", weight, x, parameters);
  require_channels(op, "bias", bias, x, parameters);
  require<ValueError>(std::isfinite(epsilon) && epsilon >= 0,
                      "{}: expected an epsilon of at least 0, got {}", op, epsilon);
  Tape<T>& tape = x.tape();
  const std::size_t count = shape.statistics();
  Real<T>* statistics = tape.template keep<Real<T>>(4 * count).data();
  const Moments<Real<T>> moments{statistics, statistics + count, statistics + 2 * count,
                                 statistics + 3 * count};
  const auto ones = filled(tape, weight ? 0 : shape.channels, 1);
  const auto zeros = filled(tape, bias ? 0 : shape.channels, 0);
  auto& kept = tape.template keep<Normalization<T>>(1)[0];
  kept = {x, weight, bias, shape, moments, ones, zeros};
  return kept;
}

/// Adds the sums of all channels to a gradient.
template <class T>
void accumulate_sums(const std::optional<Variable<T>>& operand, const double* sums) {
  if (operand) {
    accumulate(*operand, [=](Array<T>& grad, T beta) {
      for (std::size_t c = 0; c < grad.size(); ++c) {
        grad.data()[c] = (beta == T(0) ? T(0) : grad.data()[c]) + static_cast<T>(sums[c]);
      }
    });
  }
}

/// Adds the sums of all channels, and their tangents, to a gradient.
template <class F>
void accumulate_sums(const std::optional<Variable<Dual<F>>>& operand, const double* sums,
                     const double* tangents) {
  if (operand) {
    accumulate(*operand, [=](Array<Dual<F>>& grad, Dual<F> beta) {
      const auto out = grad.data();
      for (std::size_t c = 0; c < grad.size(); ++c) {
        const Dual<F> sum(static_cast<F>(sums[c]), static_cast<F>(tangents[c]));
        out[c] = (beta == Dual<F>(0) ? Dual<F>(0) : Dual<F>(out[c])) + sum;
      }
    });
  }
}

template <class F>
void differentiate(const Normalization<Dual<F>>& n, Variable<Dual<F>> y) {
  const auto x = n.x.value().data(), dy = y.grad().data(), weight = n.weights();
  const std::size_t channels = n.shape.channels;
  double* const dweight = scratch_elements<double, Normalization<Dual<F>>>(4 * channels);
  double *const dbias = dweight + channels, *const tangents = dbias + channels;
  sum_by_channel(x.value, dy.value, n.shape, n.moments, dweight, dbias);
  sum_tangents_by_channel(x, dy, n.shape, n.moments, tangents, tangents + channels);
  accumulate_sums(n.weight, dweight, tangents);
  accumulate_sums(n.bias, dbias, tangents + channels);
  accumulate(n.x, [&](Array<Dual<F>>& dx, Dual<F> beta) {
    const DualPointer<F> out = dx.data();
    normalize_backward(x.value, dy.value, n.shape, n.moments, weight.value, dweight, dbias,
                       beta.value, out.value);
    normalize_backward_tangents(x, dy, n.shape, n.moments, weight, beta.value, out.tangent);
  });
}

template <class T>
void differentiate(const Normalization<T>& n, Variable<T> y) {
  const T *x = n.x.value().data(), *dy = y.grad().data();
  double* const dweight = scratch_elements<double, Normalization<T>>(2 * n.shape.channels);
  double* const dbias = dweight + n.shape.channels;
  const auto needs_sums = [](const auto& operand) { return operand && operand->needs_grad(); };
  if (n.shape.by_channel() || needs_sums(n.weight) || needs_sums(n.bias)) {
    sum_by_channel(x, dy, n.shape, n.moments, dweight, dbias);
  }
  accumulate_sums(n.weight, dweight);
  accumulate_sums(n.bias, dbias);
  accumulate(n.x, [&](Array<T>& dx, T beta) {
    normalize_backward(x, dy, n.shape, n.moments, n.weights(), dweight, dbias, beta, dx.data());
  });
}

/// Computes the value and the moments.
template <class T>
void evaluate(const Normalization<T>& n, double epsilon, Array<T>& y) {
  if constexpr (is_dual<T>) {
    const auto x = n.x.value().data(), weight = n.weights(), bias = n.biases();
    const auto out = y.data();
    measure(x.value, n.shape, epsilon, n.moments);
    normalize(x.value, n.shape, n.moments, weight.value, bias.value, out.value);
    normalize_tangents(x, n.shape, n.moments, weight, bias, out.tangent);
  } else {
    measure(n.x.value().data(), n.shape, epsilon, n.moments);
    normalize(n.x.value().data(), n.shape, n.moments, n.weights(), n.biases(), y.data());
  }
}

/// Records the op. `by` says which numbers are one group: an attribute besides those that all have.
template <class T>
Variable<T> record_normalization(const char* op, const Normalization<T>& n, double epsilon,
                                 const Attribute& by) {
  std::array<Variable<T>, 3> operands{n.x};
  std::size_t count = 1;
  for (const auto& operand : {n.weight, n.bias}) {
    if (operand) {
      operands[count++] = *operand;
    }
  }
  const Attribute attributes[] = {
      by, {"epsilon", epsilon}, {"weight", n.weight.has_value()}, {"bias", n.bias.has_value()}};
  return n.x.tape().record(
      {op, attributes}, std::span<const Variable<T>>(operands.data(), count),
      [&](Array<T>& y) {
        resize(y, n.x.shape(), op);
        evaluate(n, epsilon, y);
      },
      [&n](Variable<T> y) { differentiate(n, y); });
}

/// Returns (batch, ..., channels) as samples x positions x channels, with one group.
NormShape by_sample(const char* op, const Shape& shape) {
  require<ShapeError>(shape.size() >= 2 && shape.back() > 0,
                      "{}: expected (batch, ..., channels) with at least one channel, got {}", op,
                      shape);
  NormShape result{shape[0], 1, shape.back(), 1};
  for (std::size_t axis = 1; axis + 1 < shape.size(); ++axis) {
    result.positions *= shape[axis];
  }
  return result;
}

template <class T>
const Normalization<T>& prepare_batch(Variable<T> x, const std::optional<Variable<T>>& weight,
                                      const std::optional<Variable<T>>& bias, double epsilon) {
  const char* op = "batch_norm";
  NormShape shape = by_sample(op, x.shape());
  shape.positions *= shape.samples;
  shape.samples = 1;
  shape.groups = shape.channels;
  require<ShapeError>(shape.positions >= 2,
                      "{}: expected at least 2 values for each channel, got {} in {}", op,
                      shape.positions, x.shape());
  return prepare(op, x, weight, bias, Shape{shape.channels}, shape, epsilon);
}

}  // namespace

template <class T>
Variable<T> batch_norm(Variable<T> x, OptionalVariable<T> weight, OptionalVariable<T> bias,
                       double epsilon) {
  return record_normalization("batch_norm", prepare_batch(x, weight, bias, epsilon), epsilon,
                              {"statistics", "batch"});
}

template <class T>
detail::MeasuredBatch<T> detail::measured_batch_norm(Variable<T> x, OptionalVariable<T> weight,
                                                     OptionalVariable<T> bias, double epsilon) {
  const Normalization<T>& n = prepare_batch(x, weight, bias, epsilon);
  const std::span<Real<T>> mean = x.tape().template keep<Real<T>>(n.shape.channels);
  const std::span<Real<T>> variance = x.tape().template keep<Real<T>>(n.shape.channels);
  const Variable<T> y = record_normalization("batch_norm", n, epsilon, {"statistics", "batch"});
  const auto count = static_cast<double>(n.shape.count());
  for (std::size_t c = 0; c < mean.size(); ++c) {
    mean[c] = n.moments.guess[c] + n.moments.shift[c];
    variance[c] =
        static_cast<Real<T>>(static_cast<double>(n.moments.variance[c]) * (count / (count - 1)));
  }
  return {y, mean, variance};
}

template <class T>
Variable<T> layer_norm(Variable<T> x, OptionalVariable<T> weight, OptionalVariable<T> bias,
                       double epsilon, std::size_t axes) {
  const Shape& shape = x.shape();
  require<ShapeError>(axes > 0 && axes <= shape.size(), "layer_norm: {} has no {} last axes", shape,
                      axes);
  const Shape parameters(shape.end() - static_cast<std::ptrdiff_t>(axes), shape.end());
  NormShape norm{1, 1, element_count(parameters, "layer_norm"), 1};
  for (std::size_t axis = 0; axis < shape.size() - axes; ++axis) {
    norm.samples *= shape[axis];
  }
  const auto& n = prepare("layer_norm", x, weight, bias, parameters, norm, epsilon);
  return record_normalization("layer_norm", n, epsilon, {"axes", axes});
}

template <class T>
Variable<T> group_norm(Variable<T> x, std::size_t groups, OptionalVariable<T> weight,
                       OptionalVariable<T> bias, double epsilon) {
  NormShape shape = by_sample("group_norm", x.shape());
  require<ShapeError>(groups > 0 && shape.channels % groups == 0,
                      "group_norm: the channels of {} do not form {} equal groups", x.shape(),
                      groups);
  shape.groups = groups;
  const auto& n = prepare("group_norm", x, weight, bias, Shape{shape.channels}, shape, epsilon);
  return record_normalization("group_norm", n, epsilon, {"groups", groups});
}

#define XTAPE_INSTANTIATE(T)                                                                      \
  template Variable<T> batch_norm(Variable<T>, OptionalVariable<T>, OptionalVariable<T>, double); \
  template detail::MeasuredBatch<T> detail::measured_batch_norm(Variable<T>, OptionalVariable<T>, \
                                                                OptionalVariable<T>, double);     \
  template Variable<T> layer_norm(Variable<T>, OptionalVariable<T>, OptionalVariable<T>, double,  \
                                  std::size_t);                                                   \
  template Variable<T> group_norm(Variable<T>, std::size_t, OptionalVariable<T>,                  \
                                  OptionalVariable<T>, double)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
