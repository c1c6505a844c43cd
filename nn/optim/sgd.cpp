#include "nn/optim/sgd.hpp"

#include <cmath>
#include <utility>

#include "tensor/parallel.hpp"

namespace xtape::nn {

template <class T>
SGD<T>::SGD(SGDOptions initial) : Optimizer<T>("SGD"), options(std::move(initial)) {
  SGD::prepare();
  this->checked(options.learning_rate);
}

template <class T>
std::size_t SGD<T>::prepare() const {
  const auto& [learning_rate, momentum, nesterov, weight_decay, factors] = options;
  require<ValueError>(momentum >= 0 && momentum < 1, "SGD: expected a momentum in [0, 1), got {}",
                      momentum);
  require<ValueError>(!nesterov || momentum > 0,
                      "SGD: expected a momentum above 0 for nesterov, got 0");
  require<ValueError>(weight_decay >= 0 && std::isfinite(weight_decay),
                      "SGD: expected a weight_decay of at least 0, got {}", weight_decay);
  detail::require_sound("SGD", factors);
  return momentum > 0 ? 1 : 0;
}

template <class T>
void SGD<T>::update(Array<T>& parameter, const Array<T>& grad, std::span<Array<T>> state,
                    double learning_rate, double decay_factor) {
  const auto rate = static_cast<T>(learning_rate);
  const auto momentum = static_cast<T>(options.momentum);
  const auto decay = static_cast<T>(options.weight_decay * decay_factor);
  const bool nesterov = options.nesterov;
  const std::size_t size = parameter.size();
  T* w = parameter.data();
  const T* g = grad.data();
  if (options.momentum == 0) {
    parallel(size, 64, size, [=](std::size_t begin, std::size_t end) {
#pragma omp simd
      for (std::size_t i = begin; i < end; ++i) {
        w[i] -= rate * (g[i] + decay * w[i]);
      }
    });
    return;
  }
  T* v = state[0].data();
  parallel(size, 64, size, [=](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) {
      const T slope = g[i] + decay * w[i];
      v[i] = momentum * v[i] + slope;
      w[i] -= rate * (nesterov ? slope + momentum * v[i] : v[i]);
    }
  });
}

template class SGD<float>;
template class SGD<double>;

}  // namespace xtape::nn
