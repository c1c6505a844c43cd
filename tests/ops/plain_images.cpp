#include <functional>

#include "tests/ops/plain.hpp"

/// Plain twins of the ops of images (batch, height, width, channels).

namespace xtape::plain {
namespace {

/// The numbers of a window, by number of its row and column, where it lies within the image.
template <class Each>
Tensor over_windows(const Tensor& x, Pair kernel, Pair stride, Pair padding, Each each) {
  const Pair step(stride.height == 0 ? kernel.height : stride.height,
                  stride.width == 0 ? kernel.width : stride.width);
  const std::size_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  Tensor y{x.shape, {}};
  y.shape[1] = (height + 2 * padding.height - kernel.height) / step.height + 1;
  y.shape[2] = (width + 2 * padding.width - kernel.width) / step.width + 1;
  for (std::size_t n = 0; n < x.shape[0]; ++n) {
    for (std::size_t i = 0; i < y.shape[1]; ++i) {
      for (std::size_t j = 0; j < y.shape[2]; ++j) {
        for (std::size_t c = 0; c < channels; ++c) {
          std::vector<Number> covered;
          for (std::size_t row = 0; row < kernel.height; ++row) {
            for (std::size_t column = 0; column < kernel.width; ++column) {
              const std::size_t a = i * step.height + row, b = j * step.width + column;
              if (a >= padding.height && a - padding.height < height && b >= padding.width &&
                  b - padding.width < width) {
                const std::size_t pixel =
                    (n * height + a - padding.height) * width + b - padding.width;
                covered.push_back(x.elements[pixel * channels + c]);
              }
            }
          }
          y.elements.push_back(each(covered));
        }
      }
    }
  }
  return y;
}

Number sum_by(const std::vector<Number>& list, double count) {
  double total = 0;
  std::vector<std::pair<Number, double>> from;
  for (const Number& number : list) {
    total += number->value / count;
    from.emplace_back(number, 1 / count);
  }
  return make(total, from);
}

}  // namespace

Tensor max_pool2d(const Tensor& x, Pair kernel, MaxPoolOptions options) {
  return over_windows(x, kernel, options.stride, options.padding, [](const auto& covered) {
    Number largest = covered[0];
    for (const Number& number : covered) {
      largest = number->value > largest->value ? number : largest;
    }
    return make(largest->value, {{largest, 1}});
  });
}

Tensor avg_pool2d(const Tensor& x, Pair kernel, AvgPoolOptions options) {
  const auto size = static_cast<double>(kernel.height * kernel.width);
  return over_windows(x, kernel, options.stride, options.padding, [=](const auto& covered) {
    return sum_by(covered, options.count_padding ? size : static_cast<double>(covered.size()));
  });
}

Tensor global_avg_pool2d(const Tensor& x) {
  Tensor y = avg_pool2d(x, Pair(x.shape[1], x.shape[2]));
  y.shape = Shape{x.shape[0], x.shape[3]};
  return y;
}

}  // namespace xtape::plain
