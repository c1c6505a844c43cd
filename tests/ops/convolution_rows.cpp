#include <utility>

#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"

/// The rows of convolutions.

namespace xtape {
namespace {

using Shapes = std::vector<Shape>;

/// The axes of the weight: that of the channels of x, and that of the channels of the result.
struct Form {
  std::size_t rank, in, out;
};
constexpr Form image{4, 2, 3}, sequence{3, 1, 2}, transposed_image{4, 3, 2};

bool fits(const Form& form, const Shape& x, const Shape& weight) {
  bool all = x.size() == form.rank && weight.size() == form.rank && weight[form.in] == x.back();
  for (std::size_t axis = 0; all && axis + 2 < form.rank; ++axis) {
    all = weight[axis] > 0 && x[axis + 1] >= (form.in < form.out ? weight[axis] : 1);
  }
  return all;
}

/// Operands of these shapes. In random graphs, weights with windows of up to 3 x 3 and up to 3
/// filters are drawn.
Kind convolved(const Form& form, const std::vector<Shapes>& samples, bool bias = false) {
  Kind kind;
  for (const Shapes& shapes : samples) {
    kind.samples.push_back({shapes});
  }
  kind.fits = [=](std::span<const Shape> shapes) {
    return fits(form, shapes[0], shapes[1]) &&
           (!bias || same_shape(shapes[2], Shape{shapes[1][form.out]}));
  };
  kind.complete = [=](const Shape& x, Rng& rng) {
    Shape weight(form.rank);
    for (std::size_t& extent : weight) {
      extent = 1 + rng.below(3);
    }
    weight[form.in] = x.size() == form.rank ? x.back() : 0;
    Shapes all{x, weight};
    if (bias) {
      all.push_back(Shape{weight[form.out]});
    }
    return fits(form, x, weight) ? all : Shapes();
  };
  kind.draw = [](std::span<const Shape>, Rng&) { return Of{}; };
  return kind;
}

/// A row whose options need shapes that random graphs do not draw.
Row alone(Row row) {
  row.in_graphs = false;
  return row;
}

// clang-format off

std::vector<Row> images() {
  const std::vector<Shapes> plain{{{1, 1, 1, 1}, {1, 1, 1, 1}},  {{2, 1, 2, 1}, {1, 2, 1, 1}},
                                  {{1, 3, 2, 1}, {2, 1, 1, 2}},  {{1, 3, 3, 2}, {3, 3, 2, 1}},
                                  {{2, 5, 4, 3}, {3, 2, 3, 5}},  {{1, 6, 7, 2}, {3, 3, 2, 17}},
                                  {{0, 3, 3, 4}, {3, 3, 4, 2}},
                                  {{3, 4, 4, 4}, {1, 1, 4, 3}},  {{2, 5, 5, 1}, {2, 2, 1, 0}}};
  std::vector<Shapes> with_bias = plain;
  for (Shapes& shapes : with_bias) {
    shapes.push_back(Shape{shapes[1][3]});
  }
  const std::vector<Shapes> padded{{{1, 1, 1, 1}, {3, 3, 1, 1}}, {{1, 2, 3, 1}, {3, 3, 1, 2}},
                                   {{2, 4, 5, 2}, {3, 3, 2, 3}}, {{1, 5, 4, 1}, {4, 3, 1, 2}}};
  return {
      OP("conv2d (x, weight)", conv2d(x, y), "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous()).permute(0, 2, 3, 1)", "",
         convolved(image, plain)),
      alone(OP("conv2d (x, weight)", conv2d(x, y, {.stride = 2, .padding = 1}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, 2, 1).permute(0, 2, 3, 1)", "", convolved(image, padded))),
      alone(OP("conv2d (x, weight)", conv2d(x, y, {.stride = {1, 3}, .padding = {2, 0}, .dilation = {2, 1}}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, (1, 3), (2, 0), (2, 1)).permute(0, 2, 3, 1)", "",
         convolved(image, {{{1, 2, 2, 1}, {2, 2, 1, 1}}, {{1, 3, 4, 2}, {2, 2, 2, 1}}, {{2, 5, 8, 2}, {3, 3, 2, 3}}}))),
      alone(OP("conv2d (x, weight)", conv2d(x, y, {.padding = same, .dilation = {1, 2}}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, 1, 'same', (1, 2)).permute(0, 2, 3, 1)", "",
         convolved(image, {{{1, 2, 1, 1}, {2, 2, 1, 1}}, {{1, 3, 4, 2}, {2, 2, 2, 1}}, {{2, 3, 5, 1}, {4, 3, 1, 2}}}))),
      alone(OP("conv2d (x, weight)", conv2d(x, y, {.padding = 1, .groups = 2}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, 1, 1, 1, 2).permute(0, 2, 3, 1)", "",
         convolved(image, {{{1, 1, 1, 2}, {3, 1, 1, 2}}, {{1, 1, 2, 2}, {2, 2, 1, 4}}, {{2, 3, 2, 4}, {3, 3, 2, 6}}}))),
      alone(OP("conv2d (x, weight)", conv2d(x, y, {.stride = {2, 1}, .padding = 1, .groups = 3}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, (2, 1), 1, 1, 3).permute(0, 2, 3, 1)", "",
         convolved(image, {{{1, 1, 1, 3}, {1, 1, 1, 3}}, {{1, 2, 2, 3}, {2, 2, 1, 3}}, {{2, 4, 3, 3}, {3, 3, 1, 3}}, {{1, 3, 3, 3}, {2, 3, 1, 6}}}))),
      OP("conv2d (x, weight, bias)", conv2d(x, y, z), "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), z).permute(0, 2, 3, 1)",
         "", convolved(image, with_bias, true)),
      alone(OP("conv2d (x, weight, bias)", conv2d(x, y, z, {.padding = 1, .groups = 2}),
         "F.conv2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), z, 1, 1, 1, 2).permute(0, 2, 3, 1)", "",
         convolved(image, {{{1, 1, 1, 2}, {2, 1, 1, 2}, {2}}, {{1, 3, 2, 4}, {2, 2, 2, 2}, {2}}}, true))),
  };
}

std::vector<Row> sequences() {
  return {
      OP("conv1d (x, weight)", conv1d(x, y), "F.conv1d(x.permute(0, 2, 1), y.permute(2, 1, 0).contiguous()).permute(0, 2, 1)", "",
         convolved(sequence, {{{1, 1, 1}, {1, 1, 1}}, {{1, 3, 1}, {2, 1, 2}}, {{2, 5, 3}, {3, 3, 4}}, {{0, 5, 8}, {3, 8, 2}}})),
      alone(OP("conv1d (x, weight)", conv1d(x, y, {.stride = 2, .padding = 2, .dilation = 3}), "F.conv1d(x.permute(0, 2, 1), y.permute(2, 1, 0).contiguous(), None, 2, 2, 3).permute(0, 2, 1)", "",
         convolved(sequence, {{{1, 1, 1}, {2, 1, 1}}, {{1, 4, 1}, {2, 1, 2}}, {{2, 7, 2}, {3, 2, 3}}}))),
      alone(OP("conv1d (x, weight)", conv1d(x, y, {.padding = same, .groups = 2}), "F.conv1d(x.permute(0, 2, 1), y.permute(2, 1, 0).contiguous(), None, 1, 'same', 1, 2).permute(0, 2, 1)", "",
         convolved(sequence, {{{1, 1, 2}, {2, 1, 2}}, {{1, 3, 4}, {4, 2, 2}}, {{2, 4, 2}, {3, 1, 4}}}))),
      OP("conv1d (x, weight, bias)", conv1d(x, y, z), "F.conv1d(x.permute(0, 2, 1), y.permute(2, 1, 0).contiguous(), z).permute(0, 2, 1)", "",
         convolved(sequence, {{{1, 1, 1}, {1, 1, 1}, {1}}, {{1, 3, 1}, {2, 1, 2}, {2}}, {{2, 5, 3}, {3, 3, 4}, {4}}}, true)),
  };
}

std::vector<Row> transposed() {
  return {
      OP("conv_transpose2d (x, weight)", conv_transpose2d(x, y), "F.conv_transpose2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous()).permute(0, 2, 3, 1)", "",
         convolved(transposed_image, {{{1, 1, 1, 1}, {1, 1, 1, 1}}, {{1, 2, 1, 1}, {1, 2, 1, 1}}, {{1, 1, 2, 2}, {2, 2, 1, 2}}, {{2, 3, 4, 3}, {3, 2, 5, 3}}, {{0, 2, 2, 2}, {3, 3, 3, 2}}, {{1, 3, 3, 4}, {1, 1, 2, 4}}})),
      alone(OP("conv_transpose2d (x, weight)", conv_transpose2d(x, y, {.stride = 2, .padding = 1, .output_padding = 1}), "F.conv_transpose2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, 2, 1, 1).permute(0, 2, 3, 1)", "",
         convolved(transposed_image, {{{1, 1, 1, 1}, {2, 3, 1, 1}}, {{1, 1, 2, 1}, {3, 3, 1, 1}}, {{2, 3, 3, 2}, {3, 3, 4, 2}}}))),
      alone(OP("conv_transpose2d (x, weight)", conv_transpose2d(x, y, {.stride = {3, 1}, .padding = {0, 1}, .output_padding = {2, 0}, .groups = 2, .dilation = {1, 2}}), "F.conv_transpose2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), None, (3, 1), (0, 1), (2, 0), 2, (1, 2)).permute(0, 2, 3, 1)", "",
         convolved(transposed_image, {{{1, 1, 1, 2}, {1, 2, 1, 2}}, {{1, 2, 1, 2}, {2, 2, 2, 2}}, {{2, 2, 3, 4}, {2, 3, 3, 4}}}))),
      OP("conv_transpose2d (x, weight, bias)", conv_transpose2d(x, y, z, {.stride = 2}), "F.conv_transpose2d(x.permute(0, 3, 1, 2), y.permute(3, 2, 0, 1).contiguous(), z, 2).permute(0, 2, 3, 1)", "",
         convolved(transposed_image, {{{1, 1, 1, 1}, {1, 1, 1, 1}, {1}}, {{1, 1, 2, 1}, {2, 2, 2, 1}, {2}}, {{2, 2, 3, 2}, {3, 3, 3, 2}, {3}}}, true)),
  };
}

// clang-format on

}  // namespace

std::vector<Row> convolution_rows() {
  std::vector<Row> rows;
  for (const auto& family : {images(), sequences(), transposed()}) {
    rows.insert(rows.end(), family.begin(), family.end());
  }
  return rows;
}

}  // namespace xtape
