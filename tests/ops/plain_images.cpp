#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/ops/plain.hpp"
#include "tests/support/arrays.hpp"

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

/// Positions along an axis of an image, each with its share in a position of the result.
using Shares = std::vector<std::pair<std::size_t, double>>;

/// Each pixel of the result is a sum of pixels, each times the product of its shares; or a number
/// where one of the axes has none.
template <class RowShares, class ColumnShares>
Tensor mixed(const Tensor& x, std::size_t height, std::size_t width, RowShares of_row,
             ColumnShares of_column, double otherwise) {
  Tensor y{Shape{x.shape[0], height, width, x.shape[3]}, {}};
  for_each_index(y.shape, [&](const std::vector<std::size_t>& index) {
    const Shares rows = of_row(index[1]), columns = of_column(index[2]);
    double total = rows.empty() || columns.empty() ? otherwise : 0;
    std::vector<std::pair<Number, double>> from;
    for (const auto& [row, row_share] : rows) {
      for (const auto& [column, column_share] : columns) {
        const std::size_t pixel = (index[0] * x.shape[1] + row) * x.shape[2] + column;
        const Number& number = x.elements[pixel * x.shape[3] + index[3]];
        total += number->value * row_share * column_share;
        from.emplace_back(number, row_share * column_share);
      }
    }
    y.elements.push_back(make(total, from));
  });
  return y;
}

/// How an axis grows: the centre of position i of the result lies at (i + 1/2) / factor.
auto enlarged(std::size_t extent, std::size_t factor, Upsampling mode) {
  return [=](std::size_t i) -> Shares {
    if (mode == Upsampling::nearest) {
      return {{i / factor, 1.0}};
    }
    const double last = static_cast<double>(extent) - 1;
    const double centre = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5;
    const double place = std::min(std::max(centre, 0.0), last);
    const double below = std::floor(place), above = std::ceil(place);
    return {{static_cast<std::size_t>(below), 1 - (place - below)},
            {static_cast<std::size_t>(above), place - below}};
  };
}

auto surrounded(std::size_t extent, std::size_t before, PadMode mode) {
  return [=](std::size_t i) -> Shares {
    auto place = static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(before);
    const auto last = static_cast<std::ptrdiff_t>(extent) - 1;
    if (mode == PadMode::constant && (place < 0 || place > last)) {
      return {};
    }
    place = last - std::abs(last - std::abs(place));
    return {{static_cast<std::size_t>(place), 1.0}};
  };
}

}  // namespace

Tensor upsample2d(const Tensor& x, Pair factor, Upsampling mode) {
  const std::size_t height = x.shape[1], width = x.shape[2];
  return mixed(x, height * factor.height, width * factor.width,
               enlarged(height, factor.height, mode), enlarged(width, factor.width, mode), 0);
}

Tensor pad(const Tensor& x, const Margins& margins, PadOptions options) {
  const std::size_t height = x.shape[1], width = x.shape[2];
  return mixed(x, margins.top + height + margins.bottom, margins.left + width + margins.right,
               surrounded(height, margins.top, options.mode),
               surrounded(width, margins.left, options.mode), options.value);
}

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
