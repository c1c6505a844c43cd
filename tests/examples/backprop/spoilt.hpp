#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <xtape.hpp>

#include "tests/support/catch.hpp"

/// Layers whose gradient is wrong in one element, and elements to spoil.

/// Returns a weight whose gradient is `factor` times too large in element `place`.
inline xtape::Variable<double> spoilt(xtape::Variable<double> weight, std::size_t place,
                                      double factor) {
  return record("spoilt", {weight}, weight.value() * 1.0, [=](xtape::Variable<double> y) {
    xtape::accumulate(weight, y.grad());
    xtape::accumulate(weight,
                      [=](xtape::Array<double>& dw, double) { dw.data()[place] *= factor; });
  });
}

/// A Linear layer with a spoilt weight.
struct WrongLinear {
  xtape::Variable<double> operator()(xtape::Variable<double> x) const {
    const auto w = x.tape().parameter(linear.weight);
    return xtape::linear(x, spoilt(w, place, factor), x.tape().parameter(linear.bias));
  }
  static void visit(auto& self, auto&& f) { xtape::nn::Linear<double>::visit(self.linear, f); }

  xtape::nn::Linear<double> linear;
  std::size_t place;
  double factor;
};

/// A Conv2d without bias and with a spoilt weight.
struct WrongConv {
  xtape::Variable<double> operator()(xtape::Variable<double> x) const {
    const auto w = x.tape().parameter(conv.weight);
    return conv2d(x, spoilt(w, place, factor), conv.options());
  }
  static void visit(auto& self, auto&& f) { xtape::nn::Conv2d<double>::visit(self.conv, f); }

  xtape::nn::Conv2d<double> conv;
  std::size_t place;
  double factor;
};

/// Returns the first element, from number `from` on, of the weight of this name whose gradient is
/// not 0.
inline std::size_t next_that_matters(const xtape::nn::Sequential<double>& network,
                                     const std::string& weight_name, const xtape::nn::Batch& batch,
                                     std::size_t from) {
  xtape::Tape<double> tape;
  tape.backward(
      xtape::nn::SoftmaxCrossEntropy{}(network(tape.constant(batch.inputs)), batch.targets));
  std::size_t place = from;
  xtape::nn::for_each_parameter(
      network, [&](const xtape::nn::ParameterName& name, const xtape::Array<double>& weight) {
        if (name.str() == weight_name) {
          const auto& elements = tape.grad(weight).storage();
          const auto found = std::find_if(elements.begin() + static_cast<std::ptrdiff_t>(from),
                                          elements.end(), [](double dw) { return dw != 0; });
          place = static_cast<std::size_t>(found - elements.begin());
          REQUIRE(found != elements.end());
        }
      });
  return place;
}
