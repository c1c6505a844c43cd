#include "nn/train/data_parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "autograd/ops/arithmetic.hpp"

namespace xtape::nn {

template <class T>
void DataParallel<T>::backward(Variable<T> loss, double weight) {
  require<ValueError>(weight >= 0 && weight <= 1,
                      "DataParallel: expected a weight in [0, 1], got {}", weight);
  Tape<T>& tape = loss.tape();
  if (group_.size() == 1) {
    tape.backward(loss);
    return;
  }
  sent_ = 0;
  done_.clear();
  unplanned_.clear();
  for (Slot& slot : slots_) {
    slot.grad = nullptr;
  }
  for (Bucket& bucket : buckets_) {
    bucket.missing = bucket.slots.size();
  }
  tape.backward(weight == 1 ? loss : loss * static_cast<T>(weight),
                [this](const Array<T>& parameter, Array<T>& grad) { take(parameter, grad); });
  const bool unlike_plan = send_rest();
  reduce_observations(tape, weight);
  if (unlike_plan) {
    reduce_unplanned();
    plan();
  }
}

/// Puts a complete gradient into its bucket.
template <class T>
void DataParallel<T>::take(const Array<T>& parameter, Array<T>& grad) {
  done_.push_back({&parameter, &grad});
  const auto place = places_.find(&parameter);
  if (place == places_.end() || slots_[place->second].size != grad.size()) {
    unplanned_.push_back(&grad);
    return;
  }
  Slot& slot = slots_[place->second];
  Bucket& bucket = buckets_[slot.bucket];
  slot.grad = &grad;
  std::copy_n(grad.data(), slot.size, bucket.numbers.data() + slot.begin);
  --bucket.missing;
  send_complete();
}

/// Sends the buckets that are complete, in their order: all ranks must send in the same order. The
/// last one waits for send_rest().
template <class T>
void DataParallel<T>::send_complete() {
  for (; sent_ + 1 < buckets_.size() && buckets_[sent_].missing == 0; ++sent_) {
    group_.start_all_reduce(std::span(buckets_[sent_].numbers));
  }
  group_.poll();
}

/// Sends the other buckets, with zeros for gradients that this step does not have, and waits for
/// the sums. The last bucket ends with a number that says whether this step has other gradients
/// than the plan. Returns whether that is so on any rank: all ranks must go on alike.
template <class T>
bool DataParallel<T>::send_rest() {
  bool unlike_plan = !unplanned_.empty();
  for (const Slot& slot : slots_) {
    if (slot.grad == nullptr) {
      Bucket& bucket = buckets_[slot.bucket];
      std::fill_n(bucket.numbers.data() + slot.begin, slot.size, T(0));
      --bucket.missing;
      unlike_plan = true;
    }
  }
  send_complete();
  if (!buckets_.empty()) {
    std::vector<T>& last = buckets_.back().numbers;
    last.back() = unlike_plan ? T(1) : T(0);
    group_.start_all_reduce(std::span(last));
    group_.wait();
    unlike_plan = last.back() > 0;
  }
  for (const Slot& slot : slots_) {
    if (slot.grad != nullptr) {
      std::copy_n(buckets_[slot.bucket].numbers.data() + slot.begin, slot.size, slot.grad->data());
    }
  }
  return unlike_plan;
}

/// Averages the gradients that have no place in the buckets. Throws Error if a rank has other
/// gradients than this one.
template <class T>
void DataParallel<T>::reduce_unplanned() {
  std::uint64_t gradients = 0;
  for (const Done& done : done_) {
    const auto place = places_.find(done.parameter);
    const std::array key{done.grad->size(), place == places_.end() ? slots_.size() : place->second};
    gradients = detail::hash_bytes(std::as_bytes(std::span(key)), gradients);
  }
  detail::require_same_hash(group_, gradients, "DataParallel: the gradients");
  for (Array<T>* grad : unplanned_) {
    group_.all_reduce(std::span(grad->data(), grad->size()));
  }
}

/// Makes buckets of the gradients of this step, in the order in which they were complete.
template <class T>
void DataParallel<T>::plan() {
  slots_.clear();
  buckets_.clear();
  places_.clear();
  for (const Done& done : done_) {
    const std::size_t size = done.grad->size();
    if (buckets_.empty() || buckets_.back().numbers.size() + size > bucket_size_) {
      buckets_.emplace_back();
    }
    Bucket& bucket = buckets_.back();
    places_.emplace(done.parameter, slots_.size());
    bucket.slots.push_back(slots_.size());
    slots_.push_back({buckets_.size() - 1, bucket.numbers.size(), size, nullptr});
    bucket.numbers.resize(bucket.numbers.size() + size);
  }
  if (!buckets_.empty()) {
    buckets_.back().numbers.push_back(0);  // see send_rest()
  }
}

/// Averages what was observed of running averages.
template <class T>
void DataParallel<T>::reduce_observations(Tape<T>& tape, double weight) {
  observed_.clear();
  for (const Observation<T>& each : tape.observations()) {
    if (each.statistic == Statistic::average) {
      for (const T value : each.values) {
        observed_.push_back(weight == 0 ? T(0) : static_cast<T>(weight) * value);
      }
    }
  }
  if (observed_.empty()) {
    return;
  }
  group_.all_reduce(std::span(observed_));
  std::span<const T> rest = observed_;
  for (Observation<T>& each : tape.observations()) {
    if (each.statistic == Statistic::average) {
      each.values = rest.first(each.values.size());
      rest = rest.subspan(each.values.size());
    }
  }
}

template class DataParallel<float>;
template class DataParallel<double>;

namespace detail {

template <class T>
void broadcast_optimizer(ProcessGroup& group, Optimizer<T>& optimizer,
                         std::span<const Array<T>* const> parameters) {
  std::string name = optimizer.name();
  share(group, name);
  require<Error>(name == optimizer.name(), "broadcast: the optimizer of rank 0 is {}, this one {}",
                 name, optimizer.name());
  std::size_t steps = optimizer.steps();
  share(group, steps);
  Plateau plateau = optimizer.plateau();
  share(group, plateau);
  std::vector<typename Optimizer<T>::Slot> slots;
  const auto& mine = optimizer.slots();
  const std::size_t state_count = optimizer.state_count();
  for (const Array<T>* parameter : parameters) {
    const auto slot = std::find_if(mine.begin(), mine.end(),
                                   [&](const auto& each) { return each.parameter == parameter; });
    bool present = slot != mine.end();
    share(group, present);
    if (present) {
      slots.push_back({parameter, slot != mine.end()
                                      ? slot->state
                                      : std::vector<Array<T>>(state_count,
                                                              Array<T>(parameter->shape(), T(0)))});
      for (Array<T>& state : slots.back().state) {
        group.broadcast(std::as_writable_bytes(std::span(state.data(), state.size())));
      }
    }
  }
  optimizer.restore(std::move(slots), steps, plateau);
}

#define XTAPE_INSTANTIATE(T) \
  template void broadcast_optimizer(ProcessGroup&, Optimizer<T>&, std::span<const Array<T>* const>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace detail

}  // namespace xtape::nn
