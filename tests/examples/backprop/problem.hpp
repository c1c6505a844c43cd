#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "examples/backprop/dense.hpp"
#include "nn/train/metrics.hpp"
#include "tensor/rng.hpp"
#include "tests/support/arrays.hpp"

/// Small networks and batches, and slopes by central differences, for the tests of
/// docs/backprop.md.

using xtape::Array;
using xtape::Rng;
using xtape::Shape;

/// A network, and a batch to run through it.
template <class T>
struct Problem {
  /// `widths` are the features, the units of each hidden layer, and the classes.
  Problem(std::size_t batch, const std::vector<std::size_t>& widths, Rng& rng,
          const std::string& activation = "sigmoid")
      : network{{}, by_hand::find_activation<T>(activation)} {
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const double deviation = 1 / std::sqrt(static_cast<double>(widths[l]));
      network.layers.push_back({random_normal<T>({widths[l], widths[l + 1]}, rng, deviation),
                                random_normal<T>({widths[l + 1]}, rng, 0.5)});
    }
    x = random_normal<T>({batch, widths.front()}, rng);
    for (std::size_t i = 0; i < batch; ++i) {
      labels.push_back(rng.below(widths.back()));
    }
    y = xtape::nn::one_hot<T>(labels, widths.back());
  }

  by_hand::Forward<T> forward() const { return by_hand::forward(network, x, y); }
  by_hand::Gradients<T> backprop() const { return by_hand::backprop(network, x, y); }
  T loss() const { return forward().loss; }

  /// The parameters of a layer, counted from 1 as docs/backprop.md does.
  Array<T>& w(std::size_t layer) { return network.layers[layer - 1].w; }
  Array<T>& b(std::size_t layer) { return network.layers[layer - 1].b; }

  by_hand::Network<T> network;
  Array<T> x, y;
  std::vector<std::size_t> labels;
};

inline Problem<double> some_problem(std::size_t batch = 5) {
  Rng rng{7};
  return {batch, {6, 4, 3}, rng};
}

/// (f(x + h) - f(x - h)) / 2h, for an x that f reads.
template <class F>
double slope(F&& f, double& x, double h = 6e-6) {
  const double before = x;
  x = before + h;
  const double above = f();
  x = before - h;
  const double below = f();
  x = before;
  return (above - below) / (2 * h);
}

/// The slope in each element of x.
template <class F>
Array<double> slopes(F&& f, Array<double>& x, double h = 6e-6) {
  Array<double> result(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [&](double& each) { return slope(f, each, h); });
  return result;
}
