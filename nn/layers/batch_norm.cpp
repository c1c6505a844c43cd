#include "nn/layers/batch_norm.hpp"

#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/record.hpp"

namespace xtape::nn {

template <class T>
BatchNorm<T>::BatchNorm(std::size_t channels, const BatchNormOptions& options)
    : weight(Shape{options.weight ? channels : 0}, T(1)),
      bias(Shape{options.bias ? channels : 0}, T(0)),
      running_mean(Shape{channels}, T(0)),
      running_variance(Shape{channels}, T(1)),
      batches(Shape{}, T(0)),
      options_(options) {
  require<ValueError>(channels > 0, "BatchNorm: expected at least one channel, got 0");
  require<ValueError>(std::isfinite(options.epsilon) && options.epsilon >= 0,
                      "BatchNorm: expected an epsilon of at least 0, got {}", options.epsilon);
}

template <class T>
template <NumberOver<T> S>
Variable<S> BatchNorm<T>::operator()(Variable<S> x) const {
  const std::size_t channels = running_mean.size();
  if (x.shape().size() < 2 || x.shape().back() != channels) [[unlikely]] {
    fail<ShapeError>("{}: expected (batch, ..., {}), got {}", describe(), channels, x.shape());
  }
  for (const Array<T>* array : {&weight, &bias, &running_mean, &running_variance, &batches}) {
    require_whole("BatchNorm", *array);
  }
  if (!x.tape().grad_enabled()) {
    return evaluate(x);
  }
  return fixed ? by_fixed_statistics(x) : train(x);
}

template <class T>
template <class S>
Variable<S> BatchNorm<T>::train(Variable<S> x) const {
  Tape<S>& tape = x.tape();
  std::optional<Variable<S>> w, b;
  if (options_.weight) {
    w = tape.parameter(weight);
  }
  if (options_.bias) {
    b = tape.parameter(bias);
  }
  const auto batch = xtape::detail::measured_batch_norm<S>(x, w, b, options_.epsilon);
  const std::span<T> one = tape.template keep<T>(1);
  one[0] = T(1);
  tape.observe(running_mean, batch.mean);
  tape.observe(running_variance, batch.unbiased_variance);
  tape.observe(batches, one, Statistic::count);
  return batch.y;
}

template <class T>
void BatchNorm<T>::require_statistics() const {
  if (batches.data()[0] == T(0)) [[unlikely]] {
    fail<ValueError>(
        "{}: no statistics yet: call nn::update_statistics(model, tape) after each step, or "
        "nn::measure_statistics(model, data, tape)",
        describe());
  }
}

template <class T>
template <class S>
Variable<S> BatchNorm<T>::by_fixed_statistics(Variable<S> x) const {
  require_statistics();
  Tape<S>& tape = x.tape();
  return compose(tape, [&] {
    const auto epsilon = static_cast<T>(options_.epsilon);
    Variable<S> factor = tape.constant(T(1) / xt::sqrt(running_variance + epsilon));
    if (options_.weight) {
      factor = factor * tape.parameter(weight);
    }
    const Variable<S> y = (x - tape.constant_view(running_mean)) * factor;
    return options_.bias ? y + tape.parameter(bias) : y;
  });
}

template <class T>
template <class S>
Variable<S> BatchNorm<T>::evaluate(Variable<S> x) const {
  require_statistics();
  Tape<S>& tape = x.tape();
  const auto epsilon = static_cast<T>(options_.epsilon);
  const Variable<S> mean = tape.constant_view(running_mean);
  std::array<Variable<S>, 5> operands{x, mean, tape.constant_view(running_variance)};
  std::size_t count = 3;
  const Variable<S> factor = options_.weight
                                 ? tape.constant(weight / xt::sqrt(running_variance + epsilon))
                                 : tape.constant(T(1) / xt::sqrt(running_variance + epsilon));
  if (options_.weight) {
    operands[count++] = tape.constant_view(weight);
  }
  if (options_.bias) {
    operands[count++] = tape.constant_view(bias);
  }
  const Attribute attributes[] = {{"statistics", "running"},
                                  {"epsilon", options_.epsilon},
                                  {"weight", options_.weight},
                                  {"bias", options_.bias}};
  const auto recorded = [&](const auto& value) {
    return tape.record({"batch_norm", attributes},
                       std::span<const Variable<S>>(operands.data(), count), value, {});
  };
  const auto scaled = (x.value() - mean.value()) * factor.value();
  const Variable<S>& last = operands[count - 1];
  return options_.bias ? recorded(scaled + last.value()) : recorded(scaled);
}

#ifndef XTAPE_FOR_DUALS
template class BatchNorm<float>;
template class BatchNorm<double>;
#endif

#define XTAPE_INSTANTIATE(S) template Variable<S> BatchNorm<Real<S>>::operator()(Variable<S>) const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
