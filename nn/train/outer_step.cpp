#include "nn/train/outer_step.hpp"

#include <algorithm>
#include <span>

namespace xtape::nn::detail {

template <class T>
void OuterStep<T>::make_momentum() {
  if (options_.outer_momentum > 0) {
    for (const Array<T>* parameter : parameters_) {
      momentum_.emplace_back(parameter->shape(), T(0));
    }
  }
}

template <class T>
void OuterStep<T>::begin() {
  last_.clear();
  for (const Array<T>* parameter : parameters_) {
    last_.push_back(*parameter);
  }
  mine_ = all_ = 0;
}

template <class T>
void OuterStep<T>::step() {
  if (all_ == 0) {  // steps without batches
    count(1, group_ == nullptr ? 1 : static_cast<double>(group_->size()));
  }
  average_weights();
  average_buffers();
  mine_ = all_ = 0;
}

/// Averages the weights and the state of the optimizer. Sums how far the weights have moved, not
/// the weights, so that those which have not moved keep their bits.
template <class T>
void OuterStep<T>::average_weights() {
  const T share = static_cast<T>(mine_ / all_);
  numbers_.clear();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const T *now = parameters_[i]->data(), *before = last_[i].data();
    for (std::size_t k = 0; k < last_[i].size(); ++k) {
      numbers_.push_back(share * (now[k] - before[k]));
    }
  }
  optimizer_.for_each_state([&](const Array<T>& state) {
    for (const T number : state.storage()) {
      numbers_.push_back(share * number);
    }
  });
  if (group_ != nullptr) {
    group_->all_reduce(std::span(numbers_));
  }
  const T* next = numbers_.data();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    move(i, next);
    next += last_[i].size();
  }
  optimizer_.for_each_state([&](Array<T>& state) {
    std::copy_n(next, state.size(), state.data());
    next += state.size();
  });
}

/// Makes the outer step of a parameter. A frozen parameter has no change, and its momentum rests.
template <class T>
void OuterStep<T>::move(std::size_t index, const T* change) {
  const std::size_t size = last_[index].size();
  T *weights = parameters_[index]->data(), *last = last_[index].data();
  const bool frozen = std::all_of(change, change + size, [](T number) { return number == 0; });
  if (!frozen) {
    const T rate = static_cast<T>(options_.outer_rate);
    const T momentum = static_cast<T>(options_.outer_momentum);
    T* velocity = momentum_.empty() ? nullptr : momentum_[index].data();
    for (std::size_t i = 0; i < size; ++i) {
      T step = change[i];
      if (velocity != nullptr) {
        velocity[i] = momentum * velocity[i] + change[i];
        step += momentum * velocity[i];
      }
      last[i] += rate * step;
    }
  }
  std::copy_n(last, size, weights);
}

/// Averages the buffers. In double and with whole numbers as weights, a number that is the same on
/// all ranks, such as a count, keeps its bits.
template <class T>
void OuterStep<T>::average_buffers() {
  if (group_ == nullptr || buffers_.empty()) {
    return;
  }
  buffer_numbers_.clear();
  for (const Array<T>* buffer : buffers_) {
    for (const T number : buffer->storage()) {
      buffer_numbers_.push_back(mine_ > 0 ? mine_ * static_cast<double>(number) : 0);
    }
  }
  group_->all_reduce(std::span(buffer_numbers_));
  const double* next = buffer_numbers_.data();
  for (Array<T>* buffer : buffers_) {
    std::transform(next, next + buffer->size(), buffer->data(),
                   [this](double sum) { return static_cast<T>(sum / all_); });
    next += buffer->size();
  }
}

template class OuterStep<float>;
template class OuterStep<double>;

}  // namespace xtape::nn::detail
