#include "tests/ops/plain.hpp"
#include "tests/support/arrays.hpp"

/// Convolutions as loops over their definition.

namespace xtape::plain {
namespace {

/// The sum of products, to which they are added one by one.
void add_product(const Number& sum, const Number& a, const Number& b) {
  sum->value += a->value * b->value;
  sum->from.emplace_back(a, b->value);
  sum->from.emplace_back(b, a->value);
}

Tensor zeros(const Shape& shape) {
  return leaf(shape, std::vector<double>(element_count(shape), 0.0));
}

const Number& at(const Tensor& x, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
  return x.elements[((a * x.shape[1] + b) * x.shape[2] + c) * x.shape[3] + d];
}

struct Strides {
  Pair stride, dilation, before;
};

/// Calls f(image, i, j, row, column, a, b): element (a, b) of window (i, j) lies at (row, column)
/// of an image of this size.
template <class F>
void for_each_place(std::size_t batch, Pair windows, Pair kernel, Pair size, const Strides& by,
                    F f) {
  for_each_index({batch, windows.height, windows.width, kernel.height, kernel.width},
                 [&](const std::vector<std::size_t>& at) {
                   const std::size_t row = at[1] * by.stride.height + at[3] * by.dilation.height;
                   const std::size_t column = at[2] * by.stride.width + at[4] * by.dilation.width;
                   if (row >= by.before.height && row - by.before.height < size.height &&
                       column >= by.before.width && column - by.before.width < size.width) {
                     f(at[0], at[1], at[2], row - by.before.height, column - by.before.width, at[3],
                       at[4]);
                   }
                 });
}

/// The zeros around one axis, together.
std::size_t zeros_around(bool is_same, std::size_t padding, std::size_t kernel,
                         std::size_t dilation) {
  return is_same ? dilation * (kernel - 1) : 2 * padding;
}

/// A sequence as an image of height 1.
Tensor as_image(const Tensor& x, std::size_t place) {
  List shape(x.shape.begin(), x.shape.end());
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(place), 1);
  return reshape(x, shape);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dOptions& options) {
  const Pair kernel(weight.shape[0], weight.shape[1]), size(x.shape[1], x.shape[2]);
  const auto [padding, same] = options.padding;
  const Pair around(zeros_around(same, padding.height, kernel.height, options.dilation.height),
                    zeros_around(same, padding.width, kernel.width, options.dilation.width));
  const auto count = [](std::size_t extent, std::size_t window, std::size_t zeros,
                        std::size_t stride, std::size_t dilation) {
    return (extent + zeros - dilation * (window - 1) - 1) / stride + 1;
  };
  const Pair windows(
      count(size.height, kernel.height, around.height, options.stride.height,
            options.dilation.height),
      count(size.width, kernel.width, around.width, options.stride.width, options.dilation.width));
  const std::size_t out = weight.shape[3], group_in = weight.shape[2];
  Tensor y = zeros({x.shape[0], windows.height, windows.width, out});
  for_each_place(x.shape[0], windows, kernel, size,
                 {options.stride, options.dilation, {around.height / 2, around.width / 2}},
                 [&](auto n, auto i, auto j, auto row, auto column, auto a, auto b) {
                   for (std::size_t o = 0; o < out; ++o) {
                     const std::size_t first = o / (out / options.groups) * group_in;
                     for (std::size_t c = 0; c < group_in; ++c) {
                       add_product(at(y, n, i, j, o), at(x, n, row, column, first + c),
                                   at(weight, a, b, c, o));
                     }
                   }
                 });
  return y;
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight,
                        const ConvTranspose2dOptions& options) {
  const Pair kernel(weight.shape[0], weight.shape[1]), windows(x.shape[1], x.shape[2]);
  const auto extent = [](std::size_t count, std::size_t window, std::size_t stride,
                         std::size_t dilation, std::size_t cut, std::size_t more) {
    return (count - 1) * stride + dilation * (window - 1) + 1 + more - 2 * cut;
  };
  const Pair size(
      extent(windows.height, kernel.height, options.stride.height, options.dilation.height,
             options.padding.height, options.output_padding.height),
      extent(windows.width, kernel.width, options.stride.width, options.dilation.width,
             options.padding.width, options.output_padding.width));
  const std::size_t in = x.shape[3], group_out = weight.shape[2];
  Tensor y = zeros({x.shape[0], size.height, size.width, group_out * options.groups});
  for_each_place(x.shape[0], windows, kernel, size,
                 {options.stride, options.dilation, options.padding},
                 [&](auto n, auto i, auto j, auto row, auto column, auto a, auto b) {
                   for (std::size_t c = 0; c < in; ++c) {
                     const std::size_t first = c / (in / options.groups) * group_out;
                     for (std::size_t o = 0; o < group_out; ++o) {
                       add_product(at(y, n, row, column, first + o), at(x, n, i, j, c),
                                   at(weight, a, b, o, c));
                     }
                   }
                 });
  return y;
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dOptions& options) {
  Padding padding = options.padding;
  padding.zeros.height = 0;
  const Tensor y = conv2d(as_image(x, 1), as_image(weight, 0),
                          {.stride = {1, options.stride},
                           .padding = padding,
                           .dilation = {1, options.dilation},
                           .groups = options.groups});
  return reshape(y,
                 {static_cast<std::ptrdiff_t>(y.shape[0]), static_cast<std::ptrdiff_t>(y.shape[2]),
                  static_cast<std::ptrdiff_t>(y.shape[3])});
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options) {
  return conv2d(x, weight, options) + bias;
}
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv1dOptions& options) {
  return conv1d(x, weight, options) + bias;
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  return conv_transpose2d(x, weight, options) + bias;
}

}  // namespace xtape::plain
