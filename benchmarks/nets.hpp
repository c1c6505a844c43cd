#pragma once

#include <cstddef>
#include <string>
#include <vector>
#include <xtape.hpp>

/// The networks that the benchmarks of whole training steps share.

namespace benchmarks {

struct Net {
  std::string name;
  std::vector<std::size_t> widths;  ///< From the input to the logits.
  std::size_t batch;
};

inline const std::vector<Net>& nets() {
  static const std::vector<Net> all{
      {"784-128-10", {784, 128, 10}, 64},
      {"784-800-10", {784, 800, 10}, 64},
      {"784-1024-1024-10", {784, 1024, 1024, 10}, 256},
      {"20 layers of 32", std::vector<std::size_t>(21, 32), 16},
  };
  return all;
}

/// Linear layers with activations between them.
inline xtape::nn::Sequential<float> make_model(
    const Net& net, xtape::Rng& rng,
    const xtape::nn::Layer<float>& activation = xtape::nn::Sigmoid{}) {
  namespace nn = xtape::nn;
  nn::Sequential<float> model;
  for (std::size_t i = 0; i + 1 < net.widths.size(); ++i) {
    model.push_back(nn::Linear(net.widths[i], net.widths[i + 1], rng));
    if (i + 2 < net.widths.size()) {
      model.push_back(activation);
    }
  }
  return model;
}

/// A network for images (32, 32, 3) of the form of arXiv:2404.00498, with a group of layers for
/// each of three widths.
inline xtape::nn::Sequential<float> make_image_model(const std::vector<std::size_t>& widths,
                                                     const xtape::nn::Layer<float>& activation,
                                                     xtape::Rng& rng) {
  namespace nn = xtape::nn;
  nn::Sequential<float> model{nn::Conv2d(3, 24, 2, rng), activation};
  std::size_t in = 24;
  for (const std::size_t out : widths) {
    model.push_back(nn::Conv2d(in, out, 3, rng, {.padding = 1, .bias = false}));
    model.push_back(nn::MaxPool2d(2));
    model.push_back(nn::BatchNorm(out));
    model.push_back(activation);
    model.push_back(nn::Conv2d(out, out, 3, rng, {.padding = 1, .bias = false}));
    model.push_back(nn::BatchNorm(out));
    model.push_back(activation);
    in = out;
  }
  model.push_back(nn::MaxPool2d(3));
  model.push_back(nn::Flatten{});
  model.push_back(nn::Linear(in, 10, rng));
  return model;
}

}  // namespace benchmarks
