#include "examples/images/insight.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"

namespace images {
namespace {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

constexpr std::size_t most_maps = 16, most_filters = 64;

/// Returns channel `channel` of the first image of `maps` (1, rows, columns, channels) as bytes.
/// Black is the least number and white the greatest. If a number is not finite, all is black.
std::vector<std::uint8_t> map_pixels(const Array<float>& maps, std::size_t channel) {
  const std::size_t channels = maps.shape()[3];
  std::vector<double> values;
  for (std::size_t i = channel; i < maps.size(); i += channels) {
    values.push_back(maps.data()[i]);
  }
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double low = *least, range = *greatest - *least;
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  std::vector<std::uint8_t> pixels;
  pixels.reserve(values.size());
  for (const double value : values) {
    const double share = finite && range > 0 ? (value - low) / range : 0;
    pixels.push_back(static_cast<std::uint8_t>(255 * share));
  }
  return pixels;
}

/// Shows the first channels of `maps` (1, rows, columns, channels).
nn::Figure maps_figure(const Array<float>& maps) {
  std::vector<std::uint8_t> all;
  for (std::size_t channel = 0; channel < std::min(most_maps, maps.shape()[3]); ++channel) {
    const auto pixels = map_pixels(maps, channel);
    all.insert(all.end(), pixels.begin(), pixels.end());
  }
  return nn::images(nn::Samples(std::move(all), {maps.shape()[1], maps.shape()[2]}));
}

/// The weight of the first convolution over grey or colour images, or null.
const Array<float>* first_windows(const nn::Sequential<float>& network) {
  const Array<float>* found = nullptr;
  nn::for_each_array(network, [&](const nn::ParameterName&, const Array<float>& array) {
    const bool windows = array.dimension() == 4 && (array.shape()[2] == 1 || array.shape()[2] == 3);
    found = found == nullptr && windows ? &array : found;
  });
  return found;
}

}  // namespace

nn::Figure first_filters(const nn::Sequential<float>& network) {
  const Array<float>* weight = first_windows(network);
  if (weight == nullptr) {
    return {};
  }
  const Shape& shape = weight->shape();
  const std::size_t count = shape[3], elements = weight->size() / count;
  std::vector<std::uint8_t> pixels;
  for (std::size_t filter = 0; filter < std::min(count, most_filters); ++filter) {
    float limit = 0;
    for (std::size_t i = 0; i < elements; ++i) {
      limit = std::max(limit, std::abs(weight->data()[i * count + filter]));
    }
    for (std::size_t i = 0; i < elements; ++i) {
      const float share = limit > 0 ? weight->data()[i * count + filter] / limit : 0;
      pixels.push_back(static_cast<std::uint8_t>(std::lround(127.5F + 127.5F * share)));
    }
  }
  nn::Figure figure = nn::images(nn::Samples(std::move(pixels), {shape[0], shape[1], shape[2]}));
  figure.id = "filters";
  return figure.titled("What the first filters look for",
                       "The windows of the first convolution, each as a picture of its own scale. "
                       "Grey is 0.");
}

nn::Figure feature_maps(const nn::Sequential<float>& network, const nn::Samples& images) {
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  auto x = tape.constant(images.slice(0, 1));
  std::vector<nn::Figure> stages{nn::images(images, 1)};
  for (std::size_t i = 0; i < network.size(); ++i) {
    const auto y = network[i](x);
    const bool maps = x.shape().size() == 4 && x.shape()[1] > 1 && x.shape()[3] > 3;
    if (maps && (y.shape().size() != 4 || y.shape()[1] != x.shape()[1])) {
      stages.push_back(maps_figure(x.value()));
    }
    x = y;
  }
  if (stages.size() == 1) {
    return {};
  }
  nn::Figure figure = nn::side_by_side(stages);
  figure.id = "maps";
  return figure.titled("What the layers see",
                       "The first test image, and 16 channels of the last result of each size. "
                       "Black is the least number of a channel and white the greatest.");
}

}  // namespace images
