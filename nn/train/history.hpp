#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"
#include "nn/score.hpp"

namespace xtape::nn {

/// A histogram: counts of numbers in equal bins between `low` and `high`.
struct Histogram {
  double low = 0;                     ///< The lower end of the first bin.
  double high = 0;                    ///< The upper end of the last bin.
  std::vector<std::uint64_t> counts;  ///< One count for each bin.

  /// Returns true if all members are equal.
  bool operator==(const Histogram&) const = default;
};

/// The statistics of a parameter in one epoch.
struct ParameterRecord {
  std::string name;           ///< The dotted name, such as "0.weight".
  double weight_rms = 0;      ///< The root mean square of its elements after the epoch.
  double gradient_rms = 0;    ///< The root mean square of its observed gradients.
  Histogram weights;          ///< The histogram of its elements after the epoch.
  Histogram gradients;        ///< The histogram of log2 |g| for gradients g that are not zero.
  double zero_gradients = 0;  ///< The share of gradients that are exactly zero.

  /// Returns true if all members are equal.
  bool operator==(const ParameterRecord&) const = default;
};

/// The record of one epoch of a run.
struct EpochRecord {
  std::size_t epoch = 0;     ///< Counted from 1.
  double loss = 0;           ///< The mean over the samples during the epoch. NaN: no losses.
  double seconds = 0;        ///< The time of training, without validation.
  double samples = 0;        ///< The training samples of the epoch.
  double learning_rate = 0;  ///< The learning rate of the last step.
  double gradient_norm = std::numeric_limits<double>::quiet_NaN();  ///< Mean. NaN: not measured.
  Metrics metrics{};                                                ///< The validation metrics.
  std::vector<ParameterRecord> parameters{};  ///< In the order of the model, or empty.

  /// Returns the score of this name, or NaN.
  double metric(std::string_view name) const;

  /// Returns the parameter of this name, or null.
  const ParameterRecord* parameter(std::string_view name) const;

  /// Names the members that are plain numbers.
  static void visit(auto& self, auto&& f) {
    f("loss", self.loss), f("seconds", self.seconds), f("samples", self.samples);
    f("learning_rate", self.learning_rate), f("gradient_norm", self.gradient_norm);
  }
};

namespace detail {

/// The gradients of one parameter in the steps that were observed.
struct ObservedGradients {
  Histogram sizes;
  std::uint64_t zeros = 0;
  std::uint64_t count = 0;
  double squares = 0;

  template <class T>
  void observe(const Array<T>& gradient);
};

/// Returns the record of a parameter, without a name.
template <class T>
ParameterRecord record_of(const Array<T>& weights, ObservedGradients seen);

}  // namespace detail

/// The records of the epochs of a run, for charts and reports.
class History {
 public:
  /// Counts the gradients of one step, after Tape::backward. A few steps of each epoch are enough.
  /// Skips parameters without a gradient.
  template <class Model, class T>
  void observe(const Model& model, const Tape<T>& tape) {
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName&, const Array<T>& parameter) {
      if (index == gradients_.size()) {
        gradients_.emplace_back();
      }
      const Array<T>* gradient = tape.find_grad(parameter);
      if (gradient != nullptr) {
        gradients_[index].observe(*gradient);
      }
      ++index;
    });
  }

  /// Adds the record of an epoch.
  void end_epoch(EpochRecord record) { epochs_.push_back(std::move(record)); }

  /// Adds the record of an epoch, with histograms of the parameters. It has histograms of the
  /// gradients that were observed since the last epoch, too.
  template <class Model>
  void end_epoch(EpochRecord record, const Model& model) {
    std::size_t index = 0;
    for_each_parameter(model, [&](const ParameterName& name, const auto& parameter) {
      if (index == gradients_.size()) {
        gradients_.emplace_back();
      }
      record.parameters.push_back(
          detail::record_of(parameter, std::exchange(gradients_[index], {})));
      record.parameters.back().name = name.str();
      ++index;
    });
    end_epoch(std::move(record));
  }

  /// Returns the records of all epochs, in order.
  const std::vector<EpochRecord>& epochs() const { return epochs_; }

 private:
  std::vector<detail::ObservedGradients> gradients_;
  std::vector<EpochRecord> epochs_;
};

/// Returns the names of the metrics, or of the parameters, of all epochs. The order is that of
/// their first appearance. An epoch need not have all of them.
///@{
std::vector<std::string> names_of(const History& history, Metrics EpochRecord::*records);
std::vector<std::string> names_of(const History& history,
                                  std::vector<ParameterRecord> EpochRecord::*records);
///@}

/// Columns of numbers under their names, as checkpoints hold them.
using Series = std::map<std::string, std::vector<double>>;

/// Returns the epochs of a history as series, without the gradients that were observed since the
/// last epoch. If an epoch does not have a metric, its value is NaN.
Series series_of(const History& history);

/// Returns a history of `epochs` epochs from its series. Throws ValueError if the series are of
/// another number of epochs.
History history_of(const Series& series, std::size_t epochs);

}  // namespace xtape::nn
