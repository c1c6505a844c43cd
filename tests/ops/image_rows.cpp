#include <limits>

#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"
#include "tests/support/operands.hpp"

/// The rows of ops of images (batch, height, width, channels).

namespace xtape {

// clang-format off

std::vector<Row> image_rows() {
  return {
      OP("upsample2d", upsample2d(x, of.factor), "F.interpolate(nchw(x), scale_factor=factor).permute(0, 2, 3, 1)", "", kind::enlarged()),
      OP("upsample2d", upsample2d(x, of.factor, Upsampling::bilinear),
         "F.interpolate(nchw(x), scale_factor=factor, mode='bilinear').permute(0, 2, 3, 1)", "", kind::enlarged()),
      OP("pad", pad(x, of.margins, {.value = 1.5}), "F.pad(nchw(x), margins, value=1.5).permute(0, 2, 3, 1)", "", kind::padded()),
      OP("pad", pad(x, of.padding, {.mode = PadMode::reflect}), "F.pad(nchw(x), [padding[1]] * 2 + [padding[0]] * 2, 'reflect').permute(0, 2, 3, 1)",
         "np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)), 'reflect')", kind::padded()),
      OP("pad", pad(x, of.margins, {.mode = PadMode::reflect}), "F.pad(nchw(x), margins, 'reflect').permute(0, 2, 3, 1)", "", kind::padded()),
  };
}

std::vector<Row> pooling_rows() {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto ties = array_of<double>(Shape{1, 4, 4, 2}, {1, -inf, 2, -inf, inf, 3, nan, 3,
                                                         2, -inf, 1, -inf, 4, 3, inf, 3,
                                                         0, 5, -0.0, nan, 1, nan, nan, 1,
                                                         -0.0, 5, 0, 5, 1, 2, 1, 3});
  const auto pixel = array_of<double>(Shape{1, 1, 1, 3}, {1, -2, 3});  // smaller than the kernel
  return {
      OP("max_pool2d", max_pool2d(x, of.kernel), "F.max_pool2d(nchw(x), kernel).permute(0, 2, 3, 1)", "", kind::windows())
          .on({Domain::distinct}),
      OP("max_pool2d", max_pool2d(x, of.kernel, {.stride = of.stride, .padding = of.padding}),
         "F.max_pool2d(nchw(x), kernel, stride, padding).permute(0, 2, 3, 1)", "", kind::windows())
          .on({Domain::distinct})
          .numbers_together({pixel}, {.kernel = 2, .stride = 1, .padding = 1})
          .numbers_together({ties}, {.kernel = 2, .stride = 2})
          .numbers_together({ties}, {.kernel = 3, .stride = 1, .padding = 1}),
      OP("avg_pool2d", avg_pool2d(x, of.kernel), "F.avg_pool2d(nchw(x), kernel).permute(0, 2, 3, 1)", "", kind::windows()),
      OP("avg_pool2d", avg_pool2d(x, of.kernel, {.stride = of.stride, .padding = of.padding, .count_padding = of.count_padding}),
         "F.avg_pool2d(nchw(x), kernel, stride, padding, count_include_pad=count_padding).permute(0, 2, 3, 1)", "", kind::windows())
          .numbers_together({pixel}, {.kernel = 2, .stride = 1, .padding = 1}),
      OP("global_avg_pool2d", global_avg_pool2d(x), "F.adaptive_avg_pool2d(nchw(x), 1).flatten(1)", "np.mean(x, (1, 2))", kind::images()),
  };
}

// clang-format on

}  // namespace xtape
