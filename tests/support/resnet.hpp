#pragma once

#include <cstddef>
#include <vector>

#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/residual.hpp"
#include "nn/sequential.hpp"

/// Returns the ResNet-20 of He et al. (2015) for CIFAR-10, as tests/oracle/resnet.py has it.
template <class T>
xtape::nn::Sequential<T> make_resnet20() {
  namespace nn = xtape::nn;
  xtape::Rng rng{1};
  const auto conv = [&](std::size_t in, std::size_t out, std::size_t kernel, std::size_t stride) {
    return nn::Conv2d<T>(in, out, kernel, rng,
                         {.stride = stride, .padding = kernel / 2, .bias = false});
  };
  nn::Sequential<T> model{conv(3, 16, 3, 1), nn::BatchNorm<T>(16), nn::ReLU{}};
  std::size_t channels = 16;
  for (const std::size_t out : {16UL, 32UL, 64UL}) {
    for (int block = 0; block < 3; ++block) {
      const std::size_t stride = channels == out ? 1 : 2;
      nn::Residual<T> residual{conv(channels, out, 3, stride), nn::BatchNorm<T>(out), nn::ReLU{},
                               conv(out, out, 3, 1), nn::BatchNorm<T>(out)};
      if (channels != out) {
        residual.shortcut =
            nn::Sequential<T>{conv(channels, out, 1, stride), nn::BatchNorm<T>(out)};
      }
      model.push_back(std::move(residual));
      model.push_back(nn::ReLU{});
      channels = out;
    }
  }
  model.push_back(nn::GlobalAvgPool2d{});
  model.push_back(nn::Flatten{});
  model.push_back(nn::Linear<T>(64, 10, rng));
  return model;
}

/// Returns the gradients of a model's parameters in a model of the same shapes, which
/// save_weights() writes in PyTorch's order.
template <class T>
xtape::nn::Sequential<T> model_of_gradients(const xtape::nn::Sequential<T>& model,
                                            const xtape::Tape<T>& tape) {
  namespace nn = xtape::nn;
  std::vector<xtape::Array<T>> gradients;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const xtape::Array<T>& each) {
    gradients.push_back(tape.grad(each));
  });
  nn::Sequential<T> result = model;
  std::size_t next = 0;
  nn::for_each_parameter(
      result, [&](const nn::ParameterName&, xtape::Array<T>& each) { each = gradients[next++]; });
  return result;
}
