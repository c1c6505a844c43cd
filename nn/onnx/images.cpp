#include <algorithm>

#include "nn/onnx/counterparts.hpp"

// The counterparts of ops of images and sequences. They want the channels first.

namespace xtape::nn::onnx {
namespace {

/// Returns a number for height and width, or for the length of a sequence.
Numbers numbers_of(Pair pair, std::size_t axes) {
  const auto height = signed_of(pair.height);
  const auto width = signed_of(pair.width);
  return axes == 2 ? Numbers{height, width} : Numbers{width};
}

/// The axes of an image, and what a convolution does along each of them.
struct Windows {
  explicit Windows(const Exporter& exporter, const Step& step)
      : axes(step.shape.size() - 2),
        stride(numbers_of(step.get<Pair>("stride"), axes)),
        padding(numbers_of(step.get<Pair>("padding"), axes)),
        dilation(numbers_of(step.get<Pair>("dilation"), axes)) {
    const Step &x = exporter.operand(step, 0), &weight = exporter.operand(step, 1);
    for (std::size_t i = 0; i < axes; ++i) {
      kernel.push_back(signed_of(weight.extent(i)));
      image.push_back(signed_of(x.extent(i + 1)));
      result.push_back(signed_of(step.extent(i + 1)));
    }
  }

  /// Returns the positions that a window covers along an axis.
  std::int64_t reach(std::size_t i) const { return (kernel[i] - 1) * dilation[i] + 1; }

  std::size_t axes;
  Numbers stride, padding, dilation, kernel, image, result;
};

/// Returns the operands: images, weights (out, in, ...), and the bias if there is one.
std::vector<std::string> operands(Exporter& exporter, const Step& step, std::size_t axes) {
  Numbers order{signed_of(axes) + 1, signed_of(axes)};
  for (std::size_t i = 0; i < axes; ++i) {
    order.push_back(signed_of(i));
  }
  std::vector<std::string> names{exporter.in(exporter.operand(step, 0), Order::channels_first),
                                 exporter.permuted(exporter.operand(step, 1), order)};
  if (step.inputs.size() == 3) {
    names.push_back(exporter.in(exporter.operand(step, 2), Order::plain));
  }
  return names;
}

/// Returns the attributes that all convolutions have.
std::vector<Argument> arguments(const Step& step, const Windows& windows, const Numbers& pads) {
  return {{"kernel_shape", windows.kernel},
          {"strides", windows.stride},
          {"pads", pads},
          {"dilations", windows.dilation},
          {"group", step.get<std::int64_t>("groups")}};
}

void convolution(Exporter& exporter, const Step& step, const char* type) {
  const Windows windows(exporter, step);
  Numbers pads = windows.padding;
  for (std::size_t i = 0; i < windows.axes; ++i) {
    const std::int64_t covered = (windows.result[i] - 1) * windows.stride[i] + windows.reach(i);
    pads.push_back(std::max<std::int64_t>(0, covered - windows.image[i] - windows.padding[i]));
  }
  exporter.make(step,
                exporter.call(step, type, operands(exporter, step, windows.axes),
                              arguments(step, windows, pads)),
                Order::channels_first);
}

void transposed_convolution(Exporter& exporter, const Step& step, const char* type) {
  const Windows windows(exporter, step);
  Numbers pads = windows.padding, added;
  pads.insert(pads.end(), windows.padding.begin(), windows.padding.end());
  for (std::size_t i = 0; i < windows.axes; ++i) {
    added.push_back(windows.result[i] - (windows.image[i] - 1) * windows.stride[i] -
                    windows.reach(i) + 2 * windows.padding[i]);
  }
  std::vector<Argument> all = arguments(step, windows, pads);
  all.push_back({"output_padding", added});
  exporter.make(step, exporter.call(step, type, operands(exporter, step, windows.axes), all),
                Order::channels_first);
}

void pool(Exporter& exporter, const Step& step, const char* type) {
  const Numbers padding = numbers_of(step.get<Pair>("padding"), 2);
  Numbers pads = padding;
  pads.insert(pads.end(), padding.begin(), padding.end());
  std::vector<Argument> arguments{{"kernel_shape", numbers_of(step.get<Pair>("kernel"), 2)},
                                  {"strides", numbers_of(step.get<Pair>("stride"), 2)},
                                  {"pads", pads}};
  if (step.has("count_padding")) {
    arguments.push_back({"count_include_pad", step.get<std::int64_t>("count_padding")});
  }
  const std::string x = exporter.in(exporter.operand(step, 0), Order::channels_first);
  exporter.make(step, exporter.call(step, type, {x}, arguments), Order::channels_first);
}

void upsample(Exporter& exporter, const Step& step, const char* type) {
  const Pair factor = step.get<Pair>("factor");
  const bool nearest = std::string_view(step.get<const char*>("mode")) == "nearest";
  const std::string x = exporter.in(exporter.operand(step, 0), Order::channels_first);
  const std::string scales =
      exporter.floats({1, 1, static_cast<float>(factor.height), static_cast<float>(factor.width)});
  std::vector<Argument> arguments{
      {"mode", nearest ? "nearest" : "linear"},
      {"coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel"}};
  if (nearest) {
    arguments.push_back({"nearest_mode", "floor"});
  }
  exporter.make(step, exporter.call(step, type, {x, "", scales}, arguments), Order::channels_first);
}

void pad(Exporter& exporter, const Step& step, const char* type) {
  const auto margin = [&](const char* side) { return step.get<std::int64_t>(side); };
  const std::string mode = step.get<const char*>("mode");
  const std::string pads = exporter.numbers({0, 0, margin("top"), margin("left"),  //
                                             0, 0, margin("bottom"), margin("right")});
  std::vector<std::string> inputs{exporter.in(exporter.operand(step, 0), Order::channels_first),
                                  pads};
  if (mode == "constant") {
    inputs.push_back(exporter.number(step.get<double>("value")));
  }
  exporter.make(step, exporter.call(step, type, inputs, {{"mode", mode}}), Order::channels_first);
}

}  // namespace

std::span<const Counterpart> images() {
  static constexpr Counterpart ops[] = {
      {"conv2d", "Conv", convolution},
      {"conv1d", "Conv", convolution},
      {"conv_transpose2d", "ConvTranspose", transposed_convolution},
      {"max_pool2d", "MaxPool", pool},
      {"avg_pool2d", "AveragePool", pool},
      {"upsample2d", "Resize", upsample},
      {"pad", "Pad", pad},
  };
  return ops;
}

}  // namespace xtape::nn::onnx
