#include "nn/optim/rmsprop.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// The numbers of a step, in the type of the arrays.
template <class T>
struct RMSpropFactors {
  T decay, keep, take, momentum, rate, epsilon;
};

/// The arrays of a parameter. Those that the options leave out are null.
template <class T>
struct RMSpropArrays {
  T *w, *squares, *mean, *velocity;
  const T* grad;
};

/// Takes its arguments by value, so that the compiler knows that stores do not change them.
template <bool centered, bool with_momentum, class T>
void update_range(const RMSpropFactors<T> by, const RMSpropArrays<T> of, std::size_t begin,
                  std::size_t end) {
#pragma omp simd
  for (std::size_t i = begin; i < end; ++i) {
    const T slope = of.grad[i] + by.decay * of.w[i];
    of.squares[i] = by.keep * of.squares[i] + by.take * slope * slope;
    T variance = of.squares[i];
    if constexpr (centered) {
      of.mean[i] = by.keep * of.mean[i] + by.take * slope;
      // Rounding may leave a little less than 0.
      variance = std::max(variance - of.mean[i] * of.mean[i], T(0));
    }
    T direction = slope / (std::sqrt(variance) + by.epsilon);
    if constexpr (with_momentum) {
      direction += by.momentum * of.velocity[i];
      of.velocity[i] = direction;
    }
    of.w[i] -= by.rate * direction;
  }
}

template <class T>
void update_all(const RMSpropFactors<T>& by, const RMSpropArrays<T>& of, std::size_t size) {
  const bool centered = of.mean != nullptr, with_momentum = of.velocity != nullptr;
  auto* range = update_range<false, false, T>;
  if (centered) {
    range = with_momentum ? update_range<true, true, T> : update_range<true, false, T>;
  } else if (with_momentum) {
    range = update_range<false, true, T>;
  }
  parallel(size, 64, size, [&](std::size_t begin, std::size_t end) { range(by, of, begin, end); });
}

}  // namespace

template <class T>
RMSprop<T>::RMSprop(RMSpropOptions initial) : Optimizer<T>("RMSprop"), options(std::move(initial)) {
  RMSprop::prepare();
  this->checked(options.learning_rate);
}

template <class T>
std::size_t RMSprop<T>::prepare() const {
  const auto& [learning_rate, alpha, epsilon, momentum, centered, weight_decay, factors] = options;
  require<ValueError>(alpha >= 0 && alpha < 1, "RMSprop: expected an alpha in [0, 1), got {}",
                      alpha);
  require<ValueError>(static_cast<T>(epsilon) > 0 && std::isfinite(epsilon),
                      "RMSprop: expected an epsilon above 0, got {}", epsilon);
  require<ValueError>(momentum >= 0 && momentum < 1,
                      "RMSprop: expected a momentum in [0, 1), got {}", momentum);
  require<ValueError>(weight_decay >= 0 && std::isfinite(weight_decay),
                      "RMSprop: expected a weight_decay of at least 0, got {}", weight_decay);
  detail::require_sound("RMSprop", factors);
  return 1 + (centered ? 1UL : 0UL) + (momentum > 0 ? 1UL : 0UL);
}

template <class T>
void RMSprop<T>::update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
                        double learning_rate, double decay_factor) {
  const bool centered = options.centered, with_momentum = options.momentum > 0;
  const RMSpropFactors<T> by{.decay = static_cast<T>(options.weight_decay * decay_factor),
                             .keep = static_cast<T>(options.alpha),
                             .take = static_cast<T>(1 - options.alpha),
                             .momentum = static_cast<T>(options.momentum),
                             .rate = static_cast<T>(learning_rate),
                             .epsilon = static_cast<T>(options.epsilon)};
  const RMSpropArrays<T> of{.w = parameter.data(),
                            .squares = state[0].data(),
                            .mean = centered ? state[1].data() : nullptr,
                            .velocity = with_momentum ? state.back().data() : nullptr,
                            .grad = grad.data()};
  update_all(by, of, parameter.size());
}

template class RMSprop<float>;
template class RMSprop<double>;

}  // namespace xtape::nn
