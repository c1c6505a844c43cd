#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/reductions.hpp"
#include "nn/layers/linear.hpp"
#include "nn/module.hpp"
#include "tensor/array.hpp"
#include "tensor/rng.hpp"
#include "tests/support/arrays.hpp"

/// A model of two parameters with gradients that a test chooses.
template <class T>
struct TwoParameters {
  xtape::Array<T> first, second;

  static void visit(auto& self, auto&& f) { f("first", self.first), f("second", self.second); }
};

/// A layer with a parameter and a buffer: y = (x - running_mean) gain.
template <class T>
struct Centred {
  xtape::Array<T> gain, running_mean;

  explicit Centred(std::size_t features = 3)
      : gain(xtape::Shape{features}, T(1)), running_mean(xtape::Shape{features}, T(0)) {}

  xtape::Variable<T> operator()(xtape::Variable<T> x) const {
    return (x - x.tape().constant(running_mean)) * x.tape().parameter(gain);
  }

  static void visit(auto& self, auto&& f) {
    f("gain", self.gain);
    f.buffer("running_mean", self.running_mean);
  }
};

/// Returns the dotted names of all parameters, in the order of the visit lines.
template <class Model>
std::vector<std::string> parameter_names_of(Model&& model) {
  std::vector<std::string> all;
  xtape::nn::for_each_parameter(
      model, [&](const xtape::nn::ParameterName& name, const auto&) { all.push_back(name.str()); });
  return all;
}

/// Returns the numbers of all parameters, in the order of the visit lines.
template <class T = float, class Model>
std::vector<T> numbers_of(const Model& model) {
  std::vector<T> all;
  xtape::nn::for_each_parameter(
      model, [&](const xtape::nn::ParameterName&, const xtape::Array<T>& array) {
        all.insert(all.end(), array.storage().begin(), array.storage().end());
      });
  return all;
}

/// Returns the numbers of all parameters and buffers, in the order of the visit lines.
template <class T = float, class Model>
std::vector<T> all_numbers_of(const Model& model) {
  std::vector<T> all;
  xtape::nn::for_each_array(model,
                            [&](const xtape::nn::ParameterName&, const xtape::Array<T>& array) {
                              all.insert(all.end(), array.storage().begin(), array.storage().end());
                            });
  return all;
}

template <class T>
TwoParameters<T> random_parameters(const xtape::Shape& first, const xtape::Shape& second,
                                   xtape::Rng& rng) {
  return {random_normal<T>(first, rng), random_normal<T>(second, rng)};
}

/// Records sum(model * gradients), so that the tape's gradients are exactly `gradients`.
template <class T>
void backward_with(xtape::Tape<T>& tape, const TwoParameters<T>& model,
                   const TwoParameters<T>& gradients) {
  tape.rewind();
  const auto term = [&](const xtape::Array<T>& parameter, const xtape::Array<T>& gradient) {
    return sum(tape.parameter(parameter) * tape.constant(gradient));
  };
  tape.backward(term(model.first, gradients.first) + term(model.second, gradients.second));
}

/// Returns the largest |a - b| / max(1, |b|), in units of T's rounding error.
template <class T>
double distance(const xtape::Array<T>& a, const xtape::Array<double>& b) {
  if (!xtape::same_shape(a.shape(), b.shape())) {
    return std::numeric_limits<double>::infinity();
  }
  double greatest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double scale = std::max(1.0, std::abs(b.data()[i]));
    const double error = std::abs(static_cast<double>(a.data()[i]) - b.data()[i]) / scale;
    greatest = error <= greatest ? greatest : error;  // NaN counts as large
  }
  return greatest / static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// Steps `optimizer` with random gradients beside `reference(w, g, index)`, a scalar rule in double
/// for every element. Returns the largest difference between the two.
template <class T, class Optimizer, class Reference>
double distance_from_reference(Optimizer& optimizer, Reference reference, const xtape::Shape& shape,
                               int steps) {
  xtape::Rng rng{7};
  auto model = random_parameters<T>(shape, {3}, rng);
  TwoParameters<double> expected{model.first, model.second};
  xtape::Tape<T> tape;
  double greatest = 0;
  for (int step = 0; step < steps; ++step) {
    const auto gradients = random_parameters<T>(shape, {3}, rng);
    backward_with(tape, model, gradients);
    optimizer.step(model, tape);
    std::size_t index = 0;
    const auto apply = [&](xtape::Array<double>& w, const xtape::Array<T>& g) {
      for (std::size_t i = 0; i < w.size(); ++i) {
        w.data()[i] = reference(w.data()[i], static_cast<double>(g.data()[i]), index++);
      }
    };
    apply(expected.first, gradients.first);
    apply(expected.second, gradients.second);
    greatest = std::max(
        {greatest, distance(model.first, expected.first), distance(model.second, expected.second)});
  }
  return greatest;
}

struct Namesakes {
  xtape::Array<float> a{1.f}, b{2.f};
  static void visit(auto& self, auto&& f) { f("a", self.a), f.buffer("a", self.b); }
};

/// Returns a layer with these weights.
inline xtape::nn::Linear<double> linear_of(const xtape::Array<double>& weight,
                                           const xtape::Array<double>& bias) {
  xtape::Rng unused;
  xtape::nn::Linear<double> layer(weight.shape()[0], weight.shape()[1], unused);
  layer.weight = weight;
  layer.bias = bias;
  return layer;
}
