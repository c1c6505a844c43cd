#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "examples/backprop/layers.hpp"

namespace by_hand {
namespace {

using xtape::Pair;
using xtape::Shape;

Windows windows_over(const Values& x, Pair kernel, Pair stride, Pair padding) {
  xtape::require<xtape::ShapeError>(x.dimension() == 4, "expected images, got {}", x.shape());
  const auto axis = [](std::size_t extent, std::size_t size, std::size_t step, std::size_t zeros) {
    return Axis{extent, size, step == 0 ? size : step, zeros, zeros};
  };
  return {x.shape()[0], axis(x.shape()[1], kernel.height, stride.height, padding.height),
          axis(x.shape()[2], kernel.width, stride.width, padding.width)};
}

Shape shape_of(const Windows& all, std::size_t channels) {
  return Shape{all.batch, all.rows.count(), all.columns.count(), channels};
}

}  // namespace

MaxPool::MaxPool(Pair kernel, const xtape::MaxPoolOptions& options)
    : kernel_(kernel), options_(options) {}

Values MaxPool::forward(const Values& images) const {
  const Windows all = windows_over(images, kernel_, options_.stride, options_.padding);
  const Four<const double> x(images);
  Values result(shape_of(all, x[3]), -std::numeric_limits<double>::infinity());
  const Four<double> y(result);
  all.visit([&](auto n, auto i, auto j, auto, auto, auto r, auto s) {
    for (std::size_t c = 0; c < x[3]; ++c) {
      y(n, i, j, c) = std::max(y(n, i, j, c), x(n, r, s, c));
    }
  });
  return result;
}

Backward MaxPool::backward(const Values& images, const Values& result_gradient) const {
  const Windows all = windows_over(images, kernel_, options_.stride, options_.padding);
  const Values result = forward(images);
  Values gradient(images.shape(), 0.), unclaimed(result.shape(), 1.);
  const Four<const double> x(images), y(result), dy(result_gradient);
  const Four<double> dx(gradient), free(unclaimed);
  all.visit([&](auto n, auto i, auto j, auto, auto, auto r, auto s) {
    for (std::size_t c = 0; c < x[3]; ++c) {
      if (x(n, r, s, c) == y(n, i, j, c)) {  // of equal pixels the first gets all
        dx(n, r, s, c) += dy(n, i, j, c) * std::exchange(free(n, i, j, c), 0.);
      }
    }
  });
  return {std::move(gradient), {}};
}

AveragePool::AveragePool(Pair kernel, const xtape::AvgPoolOptions& options)
    : kernel_(kernel), options_(options) {}

template <class F>
void AveragePool::visit(const Values& x, F&& f) const {
  const Windows all = windows_over(x, kernel_, options_.stride, options_.padding);
  Values pixels(shape_of(all, 1), 0.);
  const Four<double> count(pixels);
  all.visit([&](auto n, auto i, auto j, auto...) { count(n, i, j, 0) += 1; });
  const auto area = static_cast<double>(kernel_.height * kernel_.width);
  all.visit([&](auto n, auto i, auto j, auto, auto, auto r, auto s) {
    f(n, i, j, r, s, 1 / (options_.count_padding ? area : count(n, i, j, 0)));
  });
}

Values AveragePool::forward(const Values& images) const {
  const Windows all = windows_over(images, kernel_, options_.stride, options_.padding);
  const Four<const double> x(images);
  Values result(shape_of(all, x[3]), 0.);
  const Four<double> y(result);
  visit(images, [&](auto n, auto i, auto j, auto r, auto s, double share) {
    for (std::size_t c = 0; c < x[3]; ++c) {
      y(n, i, j, c) += share * x(n, r, s, c);
    }
  });
  return result;
}

Backward AveragePool::backward(const Values& images, const Values& result_gradient) const {
  Values gradient(images.shape(), 0.);
  const Four<const double> dy(result_gradient);
  const Four<double> dx(gradient);
  visit(images, [&](auto n, auto i, auto j, auto r, auto s, double share) {
    for (std::size_t c = 0; c < dx[3]; ++c) {
      dx(n, r, s, c) += share * dy(n, i, j, c);
    }
  });
  return {std::move(gradient), {}};
}

Values GlobalAveragePool::forward(const Values& images) const {
  const AveragePool whole({images.shape().at(1), images.shape().at(2)}, {});
  Values result = whole.forward(images);
  result.reshape(Shape{images.shape()[0], images.shape()[3]});
  return result;
}

Backward GlobalAveragePool::backward(const Values& images, const Values& dy) const {
  const AveragePool whole({images.shape().at(1), images.shape().at(2)}, {});
  Values as_images = dy;
  as_images.reshape(Shape{images.shape()[0], 1, 1, images.shape()[3]});
  return whole.backward(images, as_images);
}

}  // namespace by_hand
