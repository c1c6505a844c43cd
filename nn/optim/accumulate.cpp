#include "nn/optim/accumulate.hpp"

#include <cmath>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// Calls `f(to, from)` for each pair of elements.
template <class T, class F>
void combine(Array<T>& to, const Array<T>& from, F f) {
  T* const into = to.data();
  const T* const numbers = from.data();
  parallel(to.size(), 64, to.size(), [=](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) {
      f(into[i], numbers[i]);
    }
  });
}

}  // namespace

/// Checks that the weight, the sum of the weights and its inverse are numbers of T above 0.
template <class T>
void GradientAccumulator<T>::require_weight(double weight) const {
  const auto fits = [](double number) {
    return static_cast<T>(number) > 0 && std::isfinite(static_cast<T>(number));
  };
  require<ValueError>(fits(weight), "{}: expected a weight above 0, got {}", user, weight);
  const double sum = weights_ + weight;
  require<ValueError>(fits(sum) && fits(1 / sum), "{}: the sum of the weights would be {}", user,
                      sum);
}

/// Checks that the sum began with the parameter that was gathered last.
template <class T>
void GradientAccumulator<T>::require_same(const ParameterName& name,
                                          const Array<T>& parameter) const {
  if (empty()) {
    return;
  }
  const std::size_t index = gradients_.size() - 1;
  const bool frozen = gradients_.back() == nullptr;
  if (index < frozen_.size() && frozen_[index] != frozen) [[unlikely]] {
    fail<ShapeError>("{}: parameter '{}' is frozen in some parts of the sum and not in others",
                     user, name.str());
  }
  const bool known =
      index < sums_.size() && (frozen || same_shape(sums_[index].shape(), parameter.shape()));
  if (!known) [[unlikely]] {
    fail<ShapeError>("{}: parameter '{}' {} is not of the model that the sum began with", user,
                     name.str(), parameter.shape());
  }
}

template <class T>
void GradientAccumulator<T>::require_all() const {
  require<ShapeError>(empty() || gradients_.size() == sums_.size(),
                      "{}: the sum began with a model of {} parameters, this one has {}", user,
                      sums_.size(), gradients_.size());
}

/// Begins a sum with zeros.
template <class T>
void GradientAccumulator<T>::begin() {
  sums_.resize(gradients_.size());
  frozen_.resize(gradients_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    frozen_[i] = gradients_[i] == nullptr;
    if (!frozen_[i]) {
      resize(sums_[i], gradients_[i]->shape());
      sums_[i].fill(T(0));
    }
  }
}

template <class T>
void GradientAccumulator<T>::add_gathered(double weight) {
  if (empty()) {
    begin();
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    if (!frozen_[i]) {
      combine(sums_[i], *gradients_[i],
              [by = static_cast<T>(weight)](T& sum, T grad) { sum += by * grad; });
    }
  }
  weights_ += weight;
}

template <class T>
void GradientAccumulator<T>::average_gathered() {
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    if (!frozen_[i]) {
      combine(*gradients_[i], sums_[i],
              [by = static_cast<T>(1 / weights_)](T& grad, T sum) { grad = by * sum; });
    }
  }
  weights_ = 0;
}

template class GradientAccumulator<float>;
template class GradientAccumulator<double>;

}  // namespace xtape::nn
