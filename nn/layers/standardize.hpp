#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "autograd/record.hpp"
#include "nn/data/dataset.hpp"

namespace xtape::nn {

namespace detail {

/// The mean and the deviation of each feature or channel, or of all numbers as one.
struct Moments {
  std::vector<double> mean, deviation;
};

/// Returns the means and the deviations that Standardize uses for `samples`. Throws ValueError if
/// there are no samples, or if a mean or a deviation is not finite.
Moments measure_moments(const Samples& samples);

}  // namespace detail

/// A layer that computes y = (x - mean) / deviation,   dx = dy / deviation. Use Standardize as the
/// first layer of a network. Gradient descent has one step size for all weights, so it learns
/// faster from features of similar size.
///
///     nn::Sequential model{nn::Standardize(train), nn::Linear(4, 32, rng), ...};
///
/// The mean and the deviation are buffers: saved with the weights, never trained.
template <class T = float>
class Standardize {
 public:
  /// Takes one mean and one deviation for all elements. Throws ValueError unless both are finite
  /// and the deviation is above 0.
  Standardize(double one_mean, double one_deviation)
      : Standardize({{one_mean}, {one_deviation}}, false) {}

  /// Takes a mean and a deviation for each feature or channel, that is, for each index along the
  /// last axis. Throws ValueError unless all are finite and the deviations are above 0. Throws
  /// ShapeError unless there are as many means as deviations, and at least one.
  Standardize(const std::vector<double>& means, const std::vector<double>& deviations) {
    require<ShapeError>(!means.empty() && means.size() == deviations.size(),
                        "Standardize: got {} means and {} deviations", means.size(),
                        deviations.size());
    resize(mean, Shape{means.size()});
    resize(deviation, Shape{means.size()});
    for (std::size_t i = 0; i < means.size(); ++i) {
      const T m = mean.data()[i] = static_cast<T>(means[i]);
      const T d = deviation.data()[i] = static_cast<T>(deviations[i]);
      require<ValueError>(std::isfinite(m) && std::isfinite(d) && d > 0,
                          "Standardize: expected a finite mean and a deviation above 0, got {} "
                          "and {}",
                          means[i], deviations[i]);
    }
  }

  /// Measures the mean and the deviation of the features of `data`. Rows of a table (features) are
  /// measured by feature, images (rows, columns, channels) by channel. Samples of other shapes,
  /// such as images (rows, columns), have one mean and one deviation. If a feature is constant, its
  /// deviation counts as 1. Throws ValueError if there are no samples, or if an element is not
  /// finite.
  ///@{
  explicit Standardize(const Dataset& data) : Standardize(data.features) {}
  explicit Standardize(const Samples& samples)
      : Standardize(detail::measure_moments(samples), samples.shape().size() % 2 == 1) {}
  ///@}

  /// Returns (x - mean) / deviation. Throws ShapeError unless the last axis of x has one element
  /// for each mean. With one mean for all elements, x may have any shape.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x) const {
    const bool fits =
        mean.dimension() == 0 || (!x.shape().empty() && x.shape().back() == mean.size());
    if (!fits) [[unlikely]] {
      fail<ShapeError>("{}: expected (batch, ..., {}), got {}", describe(), mean.size(), x.shape());
    }
    return compose(x.tape(), [&] {
      const Variable<S> m = x.tape().constant_view(mean);
      const Variable<S> d = x.tape().constant_view(deviation);
      const Variable<S> factor = x.tape().constant(T(1) / deviation);
      return record("standardize", {x, m, d}, (x.value() - m.value()) * factor.value(),
                    [=](Variable<S> y) { accumulate(x, y.grad() * factor.value()); });
    });
  }

  /// Returns the name in tables and errors: "Standardize 0.1307, 0.3081", or "Standardize by 3". If
  /// the layer was moved from, returns "Standardize".
  std::string describe() const {
    if (!xtape::detail::is_whole(mean) || !xtape::detail::is_whole(deviation)) {
      return "Standardize";
    }
    return mean.dimension() == 0
               ? fmt::format("Standardize {:.4g}, {:.4g}", mean.data()[0], deviation.data()[0])
               : fmt::format("Standardize by {}", mean.size());
  }

  /// Names the buffers: "mean", "deviation".
  static void visit(auto& self, auto&& f) {
    f.buffer("mean", self.mean);
    f.buffer("deviation", self.deviation);
  }

  Array<T> mean;       ///< Shape () or (last axis): the means.
  Array<T> deviation;  ///< The deviations, above 0, in the shape of `mean`.

 private:
  Standardize(const detail::Moments& moments, bool by_last_axis)
      : Standardize(moments.mean, moments.deviation) {
    if (!by_last_axis) {
      mean.resize(Shape{});
      deviation.resize(Shape{});
    }
  }
};

}  // namespace xtape::nn
