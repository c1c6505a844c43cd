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

/// Linear layers with sigmoids between them.
inline xtape::nn::Sequential<float> make_model(const Net& net, xtape::Rng& rng) {
  namespace nn = xtape::nn;
  nn::Sequential<float> model;
  for (std::size_t i = 0; i + 1 < net.widths.size(); ++i) {
    model.push_back(nn::Linear(net.widths[i], net.widths[i + 1], rng));
    if (i + 2 < net.widths.size()) {
      model.push_back(nn::Sigmoid{});
    }
  }
  return model;
}

}  // namespace benchmarks
