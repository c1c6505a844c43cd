#include <cmath>
#include <utility>
#include <vector>

#include "examples/backprop/layers.hpp"

namespace by_hand {
namespace {

using xtape::Shape;

/// Sums over all positions, for each channel: the last axis of the images.
template <class F>
std::vector<double> sum(const Values& images, F&& f) {
  std::vector<double> total(images.shape().back(), 0.);
  for (std::size_t i = 0; i < images.size(); ++i) {
    total[i % total.size()] += f(i, i % total.size());
  }
  return total;
}

template <class F>
std::vector<double> mean(const Values& images, F&& f) {
  std::vector<double> result = sum(images, f);
  const std::size_t count = images.size() / result.size();
  for (double& each : result) {
    each /= static_cast<double>(count);
  }
  return result;
}

/// x with mean 0 and deviation 1 in each channel, and one over the deviation.
struct Normalized {
  Values x_hat;
  std::vector<double> factor;
};

Normalized normalize(const Values& x, double epsilon) {
  const auto mu = mean(x, [&](auto i, auto) { return x.data()[i]; });
  const auto variance =
      mean(x, [&](auto i, auto c) { return (x.data()[i] - mu[c]) * (x.data()[i] - mu[c]); });
  Normalized result{Values(x.shape()), {}};
  for (const double each : variance) {
    result.factor.push_back(1 / std::sqrt(each + epsilon));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % mu.size();
    result.x_hat.data()[i] = (x.data()[i] - mu[c]) * result.factor[c];
  }
  return result;
}

Values array_of(const std::vector<double>& numbers) {
  Values result(Shape{numbers.size()});
  std::copy(numbers.begin(), numbers.end(), result.data());
  return result;
}

}  // namespace

BatchNorm::BatchNorm(std::optional<Values> gamma, std::optional<Values> beta, double epsilon)
    : gamma_(std::move(gamma)), beta_(std::move(beta)), epsilon_(epsilon) {}

Values BatchNorm::forward(const Values& x) const {
  Values y = normalize(x, epsilon_).x_hat;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = i % x.shape().back();
    y.data()[i] = (gamma_ ? (*gamma_)(c) : 1) * y.data()[i] + (beta_ ? (*beta_)(c) : 0);
  }
  return y;
}

Backward BatchNorm::backward(const Values& x, const Values& dy) const {
  const auto [x_hat, factor] = normalize(x, epsilon_);
  const auto x_hat_dy = [&, &h = x_hat](auto i, auto) { return h.data()[i] * dy.data()[i]; };
  const auto only_dy = [&](auto i, auto) { return dy.data()[i]; };
  const auto mean_dy = mean(x, only_dy), mean_x_hat_dy = mean(x, x_hat_dy);
  Backward result{Values(x.shape()), {}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % factor.size();
    result.dx.data()[i] = (gamma_ ? (*gamma_)(c) : 1) * factor[c] *
                          (dy.data()[i] - mean_dy[c] - x_hat.data()[i] * mean_x_hat_dy[c]);
  }
  if (gamma_) {
    result.parameters.push_back(array_of(sum(x, x_hat_dy)));
  }
  if (beta_) {
    result.parameters.push_back(array_of(sum(x, only_dy)));
  }
  return result;
}

}  // namespace by_hand
