#include <algorithm>
#include <utility>

#include "examples/backprop/layers.hpp"

namespace by_hand {
namespace {

using xtape::Shape;

Axis axis(std::size_t extent, std::size_t kernel, std::size_t stride, std::size_t padding,
          std::size_t dilation, bool same) {
  const std::size_t total = same ? (kernel - 1) * dilation : 2 * padding;
  return {extent, kernel, stride, total / 2, total - total / 2, dilation};
}

/// Calls f(c, c_in_group, o) for each channel c of the images and each channel o of the result that
/// are of one group.
template <class F>
void visit_channels(std::size_t in, std::size_t out, std::size_t groups, F&& f) {
  for (std::size_t c = 0; c < in; ++c) {
    const std::size_t group = c / (in / groups), first = group * (out / groups);
    for (std::size_t o = first; o < first + out / groups; ++o) {
      f(c, c % (in / groups), o);
    }
  }
}

}  // namespace

Convolution::Convolution(Values w, std::optional<Values> b, const xtape::Conv2dOptions& options)
    : w_(std::move(w)), b_(std::move(b)), options_(options) {}

Windows Convolution::windows(const Values& x) const {
  const auto& [stride, padding, dilation, groups] = options_;
  xtape::require<xtape::ShapeError>(
      x.dimension() == 4 && w_.dimension() == 4 && x.shape()[3] == w_.shape()[2] * groups,
      "the weights {} do not fit the images {}", w_.shape(), x.shape());
  return {x.shape()[0],
          axis(x.shape()[1], w_.shape()[0], stride.height, padding.zeros.height, dilation.height,
               padding.is_same),
          axis(x.shape()[2], w_.shape()[1], stride.width, padding.zeros.width, dilation.width,
               padding.is_same)};
}

Values Convolution::forward(const Values& images) const {
  const Windows all = windows(images);
  Values result(Shape{all.batch, all.rows.count(), all.columns.count(), w_.shape()[3]}, 0.);
  const Four<const double> x(images), w(w_);
  const Four<double> z(result);
  for (std::size_t i = 0; b_ && i < result.size(); ++i) {
    result.data()[i] = b_->data()[i % b_->size()];
  }
  all.visit([&](auto n, auto i, auto j, auto p, auto q, auto r, auto s) {
    visit_channels(x[3], z[3], options_.groups, [&](auto c, auto c_in_group, auto o) {
      z(n, i, j, o) += w(p, q, c_in_group, o) * x(n, r, s, c);
    });
  });
  return result;
}

Backward Convolution::backward(const Values& images, const Values& dy) const {
  const Windows all = windows(images);
  Values dx_values(images.shape(), 0.), dw_values(w_.shape(), 0.);
  Values db(Shape{w_.shape()[3]}, 0.);
  const Four<const double> x(images), w(w_), dz(dy);
  const Four<double> dx(dx_values), dw(dw_values);
  for (std::size_t i = 0; i < dy.size(); ++i) {
    db.data()[i % db.size()] += dy.data()[i];
  }
  all.visit([&](auto n, auto i, auto j, auto p, auto q, auto r, auto s) {
    visit_channels(x[3], dz[3], options_.groups, [&](auto c, auto c_in_group, auto o) {
      dw(p, q, c_in_group, o) += x(n, r, s, c) * dz(n, i, j, o);
      dx(n, r, s, c) += w(p, q, c_in_group, o) * dz(n, i, j, o);
    });
  });
  Backward result{std::move(dx_values), {}};
  result.parameters.push_back(std::move(dw_values));
  if (b_) {
    result.parameters.push_back(std::move(db));
  }
  return result;
}

}  // namespace by_hand
