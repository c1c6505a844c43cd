#include "autograd/ops/convolution.hpp"

#include <string>

#include "tests/support/evaluate.hpp"

using namespace xtape;

namespace {

/// Variables of any shape on one tape.
struct Operands {
  Tape<float> tape;
  Variable<float> operator()(const Shape& shape) { return tape.constant(Array<float>(shape, 1.f)); }
};

}  // namespace

TEST_CASE("convolutions name a geometry that does not fit") {
  Operands of;
  const auto large = of({7, 7, 3, 4});
  const auto small = of({3, 3, 3, 4});
  const auto sequence = of({2, 3, 1});
  const auto long_window = of({6, 1, 1});
  const auto x = of({8, 5, 5, 3}), transposed = of({3, 3, 4, 3});
  CHECK_REFUSED(of.tape, conv2d(x, large), ShapeError,
                "conv2d: (8, 5, 5, 3) with kernel (7, 7), padding 0: the kernel does not fit into "
                "the image");
  CHECK_REFUSED(of.tape, conv2d(x, small, {.padding = {0, 1}, .dilation = {3, 1}}), ShapeError,
                "conv2d: (8, 5, 5, 3) with kernel (3, 3), padding (0, 1), dilation (3, 1): the "
                "kernel does not fit into the image");
  CHECK_REFUSED(of.tape, conv1d(sequence, long_window, {.padding = 1}), ShapeError,
                "conv1d: (2, 3, 1) with kernel 6, padding 1: the kernel does not fit into the "
                "sequence");
  CHECK(conv2d(x, of({7, 7, 3, 4}), {.padding = 1}).shape() == Shape{8, 1, 1, 4});
  CHECK(conv2d(x, of({7, 4, 3, 4}), {.padding = same}).shape() == Shape{8, 5, 5, 4});
  CHECK_REFUSED(
      of.tape, conv_transpose2d(x, transposed, {.stride = 2, .padding = 6}), ShapeError,
      "conv_transpose2d: (8, 5, 5, 3) with kernel (3, 3), stride 2, padding 6: nothing of "
      "the result is left");
}

TEST_CASE("convolutions refuse operands of other shapes") {
  Operands of;
  const auto two_channels = of({3, 3, 2, 4});
  const auto short_bias = of({3});
  Tape<float> other;
  const auto x = of({8, 5, 5, 3}), weight = of({3, 3, 3, 4}), row = of({4}), matrix = of({1, 4});
  CHECK_REFUSED(of.tape, conv2d(row, weight), ShapeError,
                "conv2d: expected x (batch, height, width, in) and weight (kernel height, kernel "
                "width, in / groups, out), got (4) and (3, 3, 3, 4)");
  CHECK_REFUSED(of.tape, conv1d(x, weight), ShapeError,
                "conv1d: expected x (batch, length, in) and weight (kernel, in / groups, out), got "
                "(8, 5, 5, 3) and (3, 3, 3, 4)");
  CHECK_REFUSED(of.tape, conv2d(x, two_channels), ShapeError,
                "conv2d: (8, 5, 5, 3) with weight (3, 3, 2, 4), groups 1: expected 3 channels in "
                "the weight");
  CHECK_REFUSED(of.tape, conv2d(x, weight, short_bias), ShapeError,
                "conv2d: the bias (3) does not fit: expected (4)");
  CHECK_REFUSED(of.tape, conv2d(x, weight, matrix), ShapeError,
                "conv2d: the bias (1, 4) does not fit: expected (4)");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.groups = 2}), ShapeError,
                "conv2d: 3 channels to 4 cannot be divided into 2 groups");
  CHECK_REFUSED(of.tape, conv_transpose2d(x, weight, {.groups = 2}), ShapeError,
                "conv_transpose2d: 3 channels cannot be divided into 2 groups");
  CHECK_REFUSED(of.tape, conv_transpose2d(x, weight), ShapeError,
                "conv_transpose2d: (8, 5, 5, 3) with weight (3, 3, 3, 4): expected 3 channels in "
                "the last axis of the weight");
  const auto elsewhere = other.constant(Array<float>(Shape{3, 3, 3, 4}, 1.f));
  CHECK_REFUSED(of.tape, conv2d(x, elsewhere), TapeError,
                "conv2d: the operands live on different tapes");
}

TEST_CASE("convolutions refuse options that make no sense") {
  Operands of;
  const auto empty = of({0, 3, 3, 3});
  const auto sequence = of({2, 5, 1});
  const auto window = of({3, 1, 1});
  const auto x = of({8, 5, 5, 3}), weight = of({3, 3, 3, 3});
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.stride = {0, 1}}), ValueError,
                "conv2d: expected a stride of at least 1, got (0, 1)");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.dilation = 0}), ValueError,
                "conv2d: expected a dilation of at least 1, got 0");
  CHECK_REFUSED(of.tape, conv2d(x, empty), ValueError,
                "conv2d: expected a kernel of at least 1, got (0, 3)");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.groups = 0}), ValueError,
                "conv2d: expected at least 1 group, got 0");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.stride = 2, .padding = same}), ValueError,
                "conv2d: padding same needs a stride of 1, got 2");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.padding = static_cast<std::size_t>(-1)}), ValueError,
                "conv2d: expected padding of at most 1073741824, got 18446744073709551615");
  CHECK_REFUSED(of.tape, conv2d(x, weight, {.groups = static_cast<std::size_t>(-1)}), ValueError,
                "conv2d: expected groups of at most 1073741824, got 18446744073709551615");
  CHECK_REFUSED(of.tape, conv1d(sequence, window, {.padding = {1, 2}}), ValueError,
                "conv1d: expected one number as padding, got (1, 2)");
  CHECK_REFUSED(of.tape, conv_transpose2d(x, weight, {.stride = 2, .output_padding = {1, 2}}),
                ValueError,
                "conv_transpose2d: expected output_padding below the stride or the dilation, got "
                "(1, 2)");
}
