#include "nn/optim/adam.hpp"

#include <cmath>
#include <utility>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// The numbers of a step, in the type of the arrays.
template <class T>
struct Coefficients {
  T decay, keep;
  T keep_m, take_m;
  T keep_v, take_v;
  T rate, scale, epsilon;
};

/// Takes the coefficients by value. Otherwise the compiler would read them again after each store,
/// in case an array contains them, and would not vectorise.
template <class T>
void update_range(const Coefficients<T> by, T* w, T* m, T* v, const T* g, std::size_t begin,
                  std::size_t end) {
#pragma omp simd
  for (std::size_t i = begin; i < end; ++i) {
    const T slope = g[i] + by.decay * w[i];
    m[i] = by.keep_m * m[i] + by.take_m * slope;
    v[i] = by.keep_v * v[i] + by.take_v * slope * slope;
    w[i] = by.keep * w[i] - by.rate * m[i] / (std::sqrt(v[i]) * by.scale + by.epsilon);
  }
}

}  // namespace

template <class T>
Adam<T>::Adam(AdamOptions initial) : Adam("Adam", std::move(initial), WeightDecay::in_gradient) {}

template <class T>
Adam<T>::Adam(const char* name, AdamOptions initial, WeightDecay weight_decay)
    : Optimizer<T>(name), options(std::move(initial)), weight_decay_(weight_decay) {
  options.weight_decay = options.weight_decay.value_or(default_decay());
  Adam::prepare();
  this->checked(options.learning_rate);
}

template <class T>
AdamW<T>::AdamW(AdamOptions initial)
    : Adam<T>("AdamW", std::move(initial), Adam<T>::WeightDecay::decoupled) {}

template <class T>
std::size_t Adam<T>::prepare() const {
  const auto& [learning_rate, beta1, beta2, epsilon, weight_decay, factors] = options;
  const char* name = this->name();
  require<ValueError>(beta1 >= 0 && beta1 < 1, "{}: expected a beta1 in [0, 1), got {}", name,
                      beta1);
  require<ValueError>(beta2 >= 0 && beta2 < 1, "{}: expected a beta2 in [0, 1), got {}", name,
                      beta2);
  require<ValueError>(static_cast<T>(epsilon) > 0 && std::isfinite(epsilon),
                      "{}: expected an epsilon above 0, got {}", name, epsilon);
  const double decay = weight_decay.value_or(default_decay());
  require<ValueError>(decay >= 0 && std::isfinite(decay),
                      "{}: expected a weight_decay of at least 0, got {}", name, decay);
  detail::require_sound(name, factors);
  return 2;
}

template <class T>
void Adam<T>::update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
                     double learning_rate, double decay_factor) {
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double weight_decay = options.weight_decay.value_or(default_decay()) * decay_factor;
  const auto step = static_cast<double>(this->steps());
  const bool decoupled = weight_decay_ == WeightDecay::decoupled;
  const Coefficients<T> by{.decay = static_cast<T>(decoupled ? 0 : weight_decay),
                           .keep = static_cast<T>(decoupled ? 1 - learning_rate * weight_decay : 1),
                           .keep_m = static_cast<T>(beta1),
                           .take_m = static_cast<T>(1 - beta1),
                           .keep_v = static_cast<T>(beta2),
                           .take_v = static_cast<T>(1 - beta2),
                           .rate = static_cast<T>(learning_rate / (1 - std::pow(beta1, step))),
                           .scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, step))),
                           .epsilon = static_cast<T>(epsilon)};
  const std::size_t size = parameter.size();
  T *w = parameter.data(), *m = state[0].data(), *v = state[1].data();
  const T* g = grad.data();
  parallel(size, 64, size,
           [&](std::size_t begin, std::size_t end) { update_range(by, w, m, v, g, begin, end); });
}

template class Adam<float>;
template class Adam<double>;
template class AdamW<float>;
template class AdamW<double>;

}  // namespace xtape::nn
