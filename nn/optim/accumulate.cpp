#include "nn/optim/accumulate.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// to = keep to + weight from
template <class T>
void combine(T* to, T keep, T weight, const T* from, std::size_t size) {
  parallel(size, 64, size, [=](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) {
      to[i] = keep * to[i] + weight * from[i];
    }
  });
}

}  // namespace

template <class T>
void GradientAccumulator<T>::require_weight(double weight) {
  require<ValueError>(weight > 0 && std::isfinite(weight), "{}: expected a weight above 0, got {}",
                      user, weight);
}

template <class T>
const Array<T>& GradientAccumulator<T>::sum_of(std::size_t index, const ParameterName& name,
                                               const Array<T>& grad) const {
  if (index >= sums_.size() || !same_shape(sums_[index].shape(), grad.shape())) [[unlikely]] {
    fail<ShapeError>("{}: parameter '{}' {} is not of the model that the sum began with", user,
                     name.str(), grad.shape());
  }
  return sums_[index];
}

template <class T>
void GradientAccumulator<T>::add(std::size_t index, const ParameterName& name, const Array<T>& grad,
                                 double weight) {
  note(index, name, false);
  if (empty()) {
    resize(sums_[index], grad.shape());
    sums_[index].fill(T(0));
  }
  static_cast<void>(sum_of(index, name, grad));
  combine(sums_[index].data(), T(1), static_cast<T>(weight), grad.data(), grad.size());
}

/// Notes in the first part of a sum if a parameter is frozen. Checks in later parts that it still
/// is, or is not.
template <class T>
void GradientAccumulator<T>::note(std::size_t index, const ParameterName& name, bool frozen) {
  if (empty()) {
    sums_.resize(std::max(sums_.size(), index + 1));
    frozen_.resize(sums_.size());
    frozen_[index] = frozen;
  }
  require_noted(index, name, frozen);
}

template <class T>
void GradientAccumulator<T>::require_noted(std::size_t index, const ParameterName& name,
                                           bool frozen) const {
  if (index < frozen_.size() && frozen_[index] != frozen) [[unlikely]] {
    fail<ShapeError>("{}: parameter '{}' is frozen in some parts of the sum and not in others",
                     user, name.str());
  }
}

template <class T>
void GradientAccumulator<T>::write(std::size_t index, const ParameterName& name,
                                   Array<T>& grad) const {
  require_noted(index, name, false);
  const Array<T>& sum = sum_of(index, name, grad);
  combine(grad.data(), T(0), static_cast<T>(1 / weights_), sum.data(), grad.size());
}

template class GradientAccumulator<float>;
template class GradientAccumulator<double>;

}  // namespace xtape::nn
