#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/check/anomaly.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "nn/io/weights.hpp"
#include "nn/optim/clip.hpp"
#include "nn/statistics.hpp"
#include "nn/train/finite.hpp"
#include "nn/train/loop.hpp"

// The part of a run that depends on the type of its numbers.

namespace xtape::nn::detail {
namespace {

/// Returns "'log' (64, 10) gave nan" for the first op of the recording whose value is not finite. A
/// step after the recording may have spoilt the parameters, so they are left out.
template <class T>
std::string first_bad_op(const Tape<T>& tape) {
  for (std::size_t i = 0; i < tape.size(); ++i) {
    const Node<T>& node = tape.node(i);
    const bool parameter = node.inputs().empty() && node.borrowed() != nullptr;
    const auto bad = parameter ? std::nullopt : first_not_finite(*node.value);
    if (bad) {
      return fmt::format(": '{}' {} gave {}", node.op, node.value->shape(),
                         node.value->storage()[*bad]);
    }
  }
  return "";
}

/// Arrays under the names of those of a model.
template <class T>
struct Named {
  const ModelReference<T>& model;
  std::vector<Array<T>>& arrays;

  template <class F>
  void each_array(F&& f, const ParameterName* prefix) const {
    auto next = arrays.begin();
    const auto visit = [&](const ParameterName& name, Array<T>&) -> void { f(name, *next++); };
    for_each_array(model, visit, prefix);
  }
};

/// What a checkpoint and the other ranks get: the model, the momentum of the outer step, and the
/// best weights.
template <class T>
struct Whole {
  const ModelReference<T>& model;
  std::optional<OuterStep<T>>& outer;
  std::vector<Array<T>>& best;

  template <class F>
  void each_array(F&& f, const ParameterName* prefix) const {
    for_each_array(model, f, prefix);
    if (outer && !outer->momentum().empty()) {
      const ParameterName momentum("outer_momentum", prefix);
      auto next = outer->momentum().begin();
      const auto visit = [&](const ParameterName& name, Array<T>&) -> void { f(name, *next++); };
      for_each_parameter(model, visit, &momentum);
    }
    if (!best.empty()) {
      const ParameterName weights("best_weights", prefix);
      for_each_array(Named<T>{model, best}, f, &weights);
    }
  }
};

}  // namespace

template <class T>
TypedLoop<T>::TypedLoop(const Run& run, ModelReference<T> model, Optimizer<T>& optimizer,
                        Tape<T>& tape, Batches& batches)
    : Loop(run, batches), model_(std::move(model)), optimizer_(optimizer), tape_(tape) {
  if (apart()) {
    outer_.emplace(group(), run.local_steps, model_, optimizer_);
  } else if (group() != nullptr) {
    parallel_.emplace(*group());
  }
  if (run.early_stop > 0) {
    best_ = copy_model();
  }
  open_run();
}

template <class T>
double TypedLoop<T>::step(const std::function<Variable<T>()>& loss) {
  require_in_batch("step");
  const Rng rng = tape_.rng();
  tape_.rewind();
  const Variable<T> recorded = loss();
  const auto value = static_cast<double>(recorded.item());
  if (!std::isfinite(value)) [[unlikely]] {
    tape_.rng() = rng;  // for the same dropout
    explain(value, loss);
  }
  if (parallel_) {
    parallel_->backward(recorded, batch_weight());
  } else {
    tape_.backward(apart() && batch_weight() == 0 ? recorded * T(0) : recorded);
  }
  std::optional<double> norm;
  if (average_gradients()) {
    if (run().max_norm) {
      norm = clip_grad_norm(model_, tape_, *run().max_norm);
    }
    optimizer_.step(model_, tape_);
  }
  update_statistics(model_, tape_, run().statistics_momentum);
  add(value, norm);
  return value;
}

template <class T>
bool TypedLoop<T>::average_gradients() {
  if (run().accumulate == 1) {
    return true;
  }
  if (begins_step()) {
    gradients_.clear();
  }
  const double weight = apart() ? batch_share() : static_cast<double>(batch_size());
  if (weight > 0) {
    gradients_.add(model_, tape_, weight);
  }
  if (!ends_step()) {
    return false;
  }
  if (!gradients_.empty()) {  // without samples, the gradients are 0
    gradients_.average(model_, tape_);
  }
  return true;
}

template <class T>
void TypedLoop<T>::explain(double loss, const std::function<Variable<T>()>& again) {
  const auto cause = find_anomaly(tape_, again);
  fail_loss(loss, ": " + cause.value_or("not when computed again"));
}

template <class T>
void TypedLoop<T>::require_finite_loss(Variable<T> loss) const {
  const auto value = static_cast<double>(loss.item());
  if (!std::isfinite(value)) [[unlikely]] {
    fail_loss(value, first_bad_op(tape_));
  }
}

template <class T>
void TypedLoop<T>::save(const std::filesystem::path& path, const TrainingState& state) {
  save_checkpoint(path, Whole<T>{model_, outer_, best_}, optimizer_, state, identity_of(run()));
}

template <class T>
void TypedLoop<T>::load(const std::filesystem::path& path, TrainingState& state) {
  load_checkpoint(path, Whole<T>{model_, outer_, best_}, optimizer_, state, identity_of(run()));
}

template <class T>
void TypedLoop<T>::write_best(const std::filesystem::path& path) {
  save_weights(path, Named<T>{model_, best_});
}

template <class T>
void TypedLoop<T>::keep_best(const std::filesystem::path& path) {
  std::vector<Array<T>> best = copy_model();
  if (!path.empty()) {
    save_weights(path, model_);
  }
  best_ = std::move(best);
}

template <class T>
void TypedLoop<T>::put_best_back() noexcept {
  write_model(best_);
}

template <class T>
void TypedLoop<T>::share_weights() {
  const Whole<T> all{model_, outer_, best_};
  broadcast(*group(), all);
  broadcast(*group(), optimizer_, model_);
}

template <class T>
void TypedLoop<T>::require_finite() const {
  if (const auto bad = find_not_finite(model_)) {
    fail<Error>("step {}: {}; try a smaller learning rate", steps(), *bad);
  }
}

template <class T>
void TypedLoop<T>::record(EpochRecord epoch) {
  if (run().histograms) {
    history_.end_epoch(std::move(epoch), model_);
  } else {
    history_.end_epoch(std::move(epoch));
  }
}

template <class T>
std::vector<Array<T>> TypedLoop<T>::copy_model() const {
  std::vector<Array<T>> copy;
  for_each_array(model_,
                 [&](const ParameterName&, const Array<T>& array) { copy.push_back(array); });
  return copy;
}

template <class T>
void TypedLoop<T>::write_model(const std::vector<Array<T>>& from) const {
  auto next = from.begin();
  for_each_array(model_, [&](const ParameterName&, Array<T>& array) {
    if (next != from.end() && next->size() == array.size()) {
      std::copy_n(next->data(), next->size(), array.data());
    }
    ++next;
  });
}

template class TypedLoop<float>;
template class TypedLoop<double>;

}  // namespace xtape::nn::detail
