#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/describe.hpp"
#include "nn/module.hpp"
#include "nn/table.hpp"

namespace xtape::nn {

/// Options of AverageWeights.
struct AverageOptions {
  double decay = 0.999;  ///< The share of the average that an update keeps. In [0, 1).
};

namespace detail {

/// Throws ValueError unless the decay is in [0, 1).
void require_sound(const AverageOptions& options);

/// average += share (latest - average), where a share of 1 copies. Throws ShapeError, with the name
/// of the array, if the shapes differ.
template <class T>
void average_into(Array<T>& average, const Array<T>& latest, double share,
                  const ParameterName& name);

/// Returns the count that the buffer "updates" holds. Throws ShapeError if the buffer was moved
/// from, and ValueError if it holds no count.
template <class T>
std::size_t count_in(const Array<T>& updates);

/// Throws ValueError, because the model has gained or lost arrays.
[[noreturn]] void fail_other_arrays();

}  // namespace detail

/// A model together with an average of its weights over the steps of a training, which often
/// predicts better than the last weights (Polyak and Juditsky 1992). Training uses `model`.
/// Evaluation under NoGrad uses `average`, after the first update.
///
///     nn::AverageWeights net(model, {.decay = 0.99});
///     ...
///       epoch.step([&] { return criterion(net(tape.constant(batch.inputs)), batch.targets); });
///       net.update();
///     ...
///     epoch.end(nn::evaluate(net, validation, tape));  // the average
///
/// The average is exponential, as in PyTorch's AveragedModel. The first update() copies the model.
/// Each later update() computes decay * average + (1 - decay) * model. Buffers are averaged like
/// weights, and counts are copied. So a BatchNorm in the average has averaged running statistics.
/// For exact statistics of the averaged weights, call `nn::measure_statistics(net.average, data,
/// tape)`.
///
/// The arrays of `model` keep their names. The arrays of `average` are buffers with names such as
/// "average.0.weight". So checkpoints hold both and resume bit for bit. `save_weights(path,
/// net.average)` saves the average alone. `T` is the type of the arrays.
template <class Model, class T = float>
class AverageWeights {
 public:
  /// Takes a model that is trained from now on. Throws ValueError unless the decay is in [0, 1).
  explicit AverageWeights(Model initial, const AverageOptions& options = {})
      : model(std::move(initial)), average(model), options_(options) {
    detail::require_sound(options_);
    for_each_array(model, []<class U>(const ParameterName&, const Array<U>&) {
      static_assert(std::is_same_v<U, T>, "write AverageWeights<Model, double> for doubles");
    });
  }

  /// Calls `model`, or `average` under NoGrad if there was an update.
  auto operator()(Variable<T> x) const {
    return x.tape().grad_enabled() || updates() == 0 ? model(x) : average(x);
  }

  /// Moves the average towards the weights of the model. Call update() after each step of the
  /// optimizer. The function does not allocate after the first call. Throws ShapeError or
  /// ValueError if arrays of the model have changed their number or shape.
  void update() {
    latest_.clear();
    for_each_array(model, [&](const ParameterName&, const Array<T>& array) -> void {
      latest_.push_back(&array);
    });
    const double share = updates() == 0 ? 1 : 1 - options_.decay;
    std::size_t index = 0;
    for_each_array(average, [&](const ParameterName& name, Array<T>& array) -> void {
      if (index == latest_.size()) {
        detail::fail_other_arrays();
      }
      detail::average_into(array, *latest_[index++], name.is_count() ? 1 : share, name);
    });
    if (index != latest_.size()) {
      detail::fail_other_arrays();
    }
    updates_.data()[0] += T(1);
  }

  /// Returns the number of updates. A float counts up to 16,777,216 and stays there. Throws
  /// ShapeError if this object was moved from. Throws ValueError if a file of weights has set the
  /// number to one that is no count.
  std::size_t updates() const { return detail::count_in(updates_); }

  /// Calls `f(name, array)` for each array of the model, and then for the buffers "average. ..."
  /// and "updates".
  ///@{
  template <class F>
  void each_array(F&& f, const ParameterName* prefix) {
    each(*this, f, prefix);
  }
  template <class F>
  void each_array(F&& f, const ParameterName* prefix) const {
    each(*this, f, prefix);
  }
  ///@}

  /// Adds the rows of the model to a table, without the average.
  void add_rows(detail::TableBuilder& table, const std::string& name) const {
    table.add(model, name);
  }

  /// Returns the name in tables and errors, such as "average of Sequential of 4".
  std::string describe() const { return "average of " + detail::describe(model); }

  Model model;    ///< The model that is trained.
  Model average;  ///< The average of its weights and buffers.

 private:
  template <class Self, class F>
  static void each(Self& self, F& f, const ParameterName* prefix) {
    for_each_array(self.model, f, prefix);
    const ParameterName average_name("average", prefix);
    const auto as_buffer = [&f](const ParameterName& name, auto& array) -> void {
      f(name.as_buffer(), array);
    };
    for_each_array(self.average, as_buffer, &average_name);
    f(ParameterName("updates", prefix, false, ArrayKind::count), self.updates_);
  }

  AverageOptions options_;
  Array<T> updates_ = Array<T>(Shape{}, T(0));
  std::vector<const Array<T>*> latest_;  // of an update. Reused for its memory
};

/// Deduces the type of the arrays from a model such as Sequential<double>: `AverageWeights
/// net(model)`.
template <template <class> class M, class T>
AverageWeights(M<T>, AverageOptions = {}) -> AverageWeights<M<T>, T>;

}  // namespace xtape::nn
