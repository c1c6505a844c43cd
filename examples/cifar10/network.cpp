#include "examples/cifar10/network.hpp"

#include <fmt/format.h>

#include "nn/io/weights.hpp"

namespace cifar10 {
namespace {

namespace nn = xtape::nn;
using xtape::DataError;
using xtape::require;

constexpr std::size_t most_widths = 4;  // each halves the image

template <class T>
void add_convolution(nn::Sequential<T>& network, std::size_t in, std::size_t out, bool pool,
                     xtape::Rng& rng) {
  network.push_back(nn::Conv2d<T>(in, out, 3, rng, {.padding = 1, .bias = false}, nn::Dirac{}));
  if (pool) {
    network.push_back(nn::MaxPool2d(2));
  }
  network.push_back(nn::BatchNorm<T>(out, {.weight = false}));
  network.push_back(nn::GELU{});
}

/// The places of the two convolutions of a group in a network.
///@{
constexpr std::size_t first_of(std::size_t group) { return 3 + 7 * group; }
constexpr std::size_t second_of(std::size_t group) { return first_of(group) + 4; }
///@}

/// Returns the widths of the network in a file. Throws DataError unless its convolutions fit each
/// other, before anything large is made.
std::vector<std::size_t> widths_in(const nn::SafetensorsFile& file) {
  std::vector<std::size_t> widths;
  const auto& tensors = file.tensors();
  const auto require_shape = [&](std::size_t layer, const xtape::Shape& wanted) {
    const auto found = tensors.find(fmt::format("{}.weight", layer));
    require<DataError>(found != tensors.end() && xtape::same_shape(found->second.shape, wanted),
                       "{}: holds no network of cifar10: expected {}.weight to be {}", file.name(),
                       layer, wanted);
  };
  require_shape(1, {stem_kernel, stem_kernel, colours, stem_channels});
  std::size_t in = stem_channels;
  for (std::size_t group = 0; group < most_widths; ++group) {
    const auto second = tensors.find(fmt::format("{}.weight", second_of(group)));
    if (second == tensors.end() || second->second.shape.size() != 4) {
      break;
    }
    const std::size_t out = second->second.shape[3];
    require_shape(first_of(group), {3, 3, in, out});
    require_shape(second_of(group), {3, 3, out, out});
    widths.push_back(out);
    in = out;
  }
  return widths;
}

}  // namespace

template <class T>
nn::Sequential<T> make_network(const std::vector<std::size_t>& widths, const nn::Layer<T>& stem,
                               xtape::Rng& rng) {
  require<xtape::ValueError>(widths.size() <= most_widths,
                             "--widths: {} groups of layers do not fit into {} x {} pixels",
                             widths.size(), side, side);
  nn::Sequential<T> network{standardize<T>(), stem, nn::GELU{}};
  std::size_t in = stem_channels, rows = side - stem_kernel + 1;
  for (const std::size_t out : widths) {
    add_convolution(network, in, out, true, rng);
    add_convolution(network, out, out, false, rng);
    in = out;
    rows /= 2;
  }
  network.push_back(nn::MaxPool2d(rows));
  network.push_back(nn::Standardize<T>(0, 9));  // logits that grow slowly
  network.push_back(nn::Linear<T>(in, classes, rng));
  return network;
}

std::string bias_of_linear(std::size_t widths) {
  return fmt::format("{}.bias", first_of(widths) + 2);
}

images::Model load_model(const std::filesystem::path& path) try {
  const nn::SafetensorsFile file(path);
  xtape::Rng rng;
  const Stem<float> stem(
      xtape::Array<float>(xtape::Shape{stem_kernel, stem_kernel, colours, stem_channels}, 0.0F));
  images::Model model{.network = make_network<float>(widths_in(file), stem, rng)};
  nn::load_weights(path, model.network);
  images::require_sound(file, model.network);
  model.class_names = images::class_names_of(file, classes);
  model.image = {side, side, colours};
  return model;
} catch (const xtape::ValueError& error) {
  xtape::fail<DataError>("{}: {}", path.string(), error.what());
}

template nn::Sequential<float> make_network(const std::vector<std::size_t>&,
                                            const nn::Layer<float>&, xtape::Rng&);
template nn::Sequential<double> make_network(const std::vector<std::size_t>&,
                                             const nn::Layer<double>&, xtape::Rng&);

}  // namespace cifar10
