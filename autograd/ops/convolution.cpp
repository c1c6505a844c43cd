#include "autograd/ops/convolution.hpp"

#include <array>

#include "autograd/define.hpp"

namespace xtape {
namespace {

template <class T>
void require_bias(const char* op, Variable<T> bias, std::size_t out) {
  require<ShapeError>(bias.shape().size() == 1 && bias.shape()[0] == out,
                      "{}: the bias {} does not fit: expected ({})", op, bias.shape(), out);
}

/// The gradient of a bias. accumulate() sums it over all positions.
constexpr auto sum_of_dy = [](auto result) -> const auto& { return result.grad(); };

/// Returns a copy of the geometry that lives as long as the recording.
template <class T>
const Convolution* keep(Variable<T> x, const Convolution& geometry) {
  const std::span<Convolution> kept = x.tape().template keep<Convolution>(1);
  kept[0] = geometry;
  return kept.data();
}

/// Returns (batch, height, width, channels), or (batch, length, channels) for a sequence.
Shape shape_of(std::size_t rank, std::size_t batch, Pair image, std::size_t channels) {
  return rank == 4 ? Shape{batch, image.height, image.width, channels}
                   : Shape{batch, image.width, channels};
}

/// Returns the attributes of a convolution. Its padding is the one before the image.
std::array<Attribute, 4> attributes_of(const Convolution& g) {
  return {{{"stride", g.stride},
           {"padding", g.before},
           {"dilation", g.dilation},
           {"groups", g.groups}}};
}

/// The closures that compute the parts of a convolution.
template <class T>
struct Parts {
  const Convolution* g;
  Variable<T> x, weight;

  auto value(const char* op, const Array<T>* bias) const {
    return [g = g, x = x, weight = weight, op, bias](Array<T>& y) {
      resize(y, shape_of(x.shape().size(), g->batch, g->result, g->out), op);
      convolve(*g, x.value().data(), weight.value().data(),
               bias == nullptr ? typename Storage<T>::const_pointer() : bias->data(), T(0),
               y.data());
    };
  }
  auto dx() const {
    return [g = g, weight = weight](auto y, Array<T>& dx, T beta) {
      convolve_transposed(*g, y.grad().data(), weight.value().data(), beta, dx.data());
    };
  }
  auto dw() const {
    return [g = g, x = x](auto y, Array<T>& dw, T beta) {
      convolve_for_weights(*g, x.value().data(), y.grad().data(), beta, dw.data());
    };
  }
};

/// Records a convolution of images or sequences.
template <class T, class Options>
Variable<T> convolution(const char* op, Variable<T> x, Variable<T> weight, const Options& options) {
  const Convolution geometry = convolution_of(op, x.shape(), weight.shape(), options);
  const Parts<T> parts{keep(x, geometry), x, weight};
  return define({op, attributes_of(geometry)}, {x, weight}, parts.value(op, nullptr), parts.dx(),
                parts.dw());
}
template <class T, class Options>
Variable<T> convolution(const char* op, Variable<T> x, Variable<T> weight, Variable<T> bias,
                        const Options& options) {
  const Convolution geometry = convolution_of(op, x.shape(), weight.shape(), options);
  require_bias(op, bias, geometry.out);
  const Parts<T> parts{keep(x, geometry), x, weight};
  return define({op, attributes_of(geometry)}, {x, weight, bias}, parts.value(op, &bias.value()),
                parts.dx(), parts.dw(), sum_of_dy);
}

/// The closures that compute the parts of a transposed convolution.
template <class T>
struct TransposedParts {
  const Convolution* g;
  Variable<T> x, weight;

  void operator()(Array<T>& y) const {
    resize(y, shape_of(4, g->batch, g->image, g->in), "conv_transpose2d");
    convolve_transposed(*g, x.value().data(), weight.value().data(), T(0), y.data());
  }
  auto dx() const {
    return [g = g, weight = weight](auto y, Array<T>& dx, T beta) {
      convolve(*g, y.grad().data(), weight.value().data(), typename Storage<T>::const_pointer(),
               beta, dx.data());
    };
  }
  auto dw() const {
    return [g = g, x = x](auto y, Array<T>& dw, T beta) {
      convolve_for_weights(*g, y.grad().data(), x.value().data(), beta, dw.data());
    };
  }
};

}  // namespace

template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, const Conv2dOptions& options) {
  return convolution("conv2d", x, weight, options);
}
template <class T>
Variable<T> conv2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv2dOptions& options) {
  return convolution("conv2d", x, weight, bias, options);
}

template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, const Conv1dOptions& options) {
  return convolution("conv1d", x, weight, options);
}
template <class T>
Variable<T> conv1d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                   const Conv1dOptions& options) {
  return convolution("conv1d", x, weight, bias, options);
}

template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight,
                             const ConvTranspose2dOptions& options) {
  const char* op = "conv_transpose2d";
  const Convolution geometry = convolution_of(op, x.shape(), weight.shape(), options);
  const TransposedParts<T> parts{keep(x, geometry), x, weight};
  return define({op, attributes_of(geometry)}, {x, weight}, parts, parts.dx(), parts.dw());
}
template <class T>
Variable<T> conv_transpose2d(Variable<T> x, Variable<T> weight, Variable<T> bias,
                             const ConvTranspose2dOptions& options) {
  const char* op = "conv_transpose2d";
  const Convolution geometry = convolution_of(op, x.shape(), weight.shape(), options);
  require_bias(op, bias, geometry.in);
  const TransposedParts<T> parts{keep(x, geometry), x, weight};
  return define(
      {op, attributes_of(geometry)}, {x, weight, bias},
      [=](Array<T>& y) {
        parts(y);
        assign_into(y, y + bias.value());
      },
      parts.dx(), parts.dw(), sum_of_dy);
}

#define XTAPE_CONVOLUTION(T, op, Options)                            \
  template Variable<T> op(Variable<T>, Variable<T>, const Options&); \
  template Variable<T> op(Variable<T>, Variable<T>, Variable<T>, const Options&)
#define XTAPE_INSTANTIATE(T)                   \
  XTAPE_CONVOLUTION(T, conv2d, Conv2dOptions); \
  XTAPE_CONVOLUTION(T, conv1d, Conv1dOptions); \
  XTAPE_CONVOLUTION(T, conv_transpose2d, ConvTranspose2dOptions)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE
#undef XTAPE_CONVOLUTION

}  // namespace xtape
