#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/indexing.hpp"
#include "nn/initializers.hpp"

/// @file
/// Layers that tell the steps of a sequence apart. Attention alone does not know their order.

namespace xtape::nn {

/// A layer that adds waves to the steps of a sequence (Vaswani et al. 2017). To number 2i of step t
/// it adds sin(t / 10000^(2i / width)), and to number 2i + 1 the cosine of the same angle.
struct SinusoidalPositions {
  /// Returns x (batch, time, width) with the waves of the steps `first`, first + 1, ... Throws
  /// ShapeError if x has another number of axes.
  template <class T>
  Variable<T> operator()(Variable<T> x, std::size_t first = 0) const {
    require<ShapeError>(x.shape().size() == 3,
                        "SinusoidalPositions: expected (batch, time, width), got {}", x.shape());
    const std::size_t steps = x.shape()[1], width = x.shape()[2];
    return x + x.tape().constant([=](Array<T>& waves) {
      resize(waves, Shape{steps, width});
      for (std::size_t number = 0; number < width; ++number) {
        const double exponent =
            static_cast<double>(number - number % 2) / static_cast<double>(width);
        const double scale = std::pow(10000.0, exponent);
        for (std::size_t step = 0; step < steps; ++step) {
          const double angle = static_cast<double>(first + step) / scale;
          waves.data()[step * width + number] =
              static_cast<T>(number % 2 == 0 ? std::sin(angle) : std::cos(angle));
        }
      }
    });
  }
};

/// A layer that adds a learned vector to each step of a sequence: weight (steps, width).
template <class T = float>
class LearnedPositions {
 public:
  /// Creates the vectors for sequences of at most `steps` steps. `initialize` draws them. Throws
  /// ValueError if a size is 0. Throws ShapeError if the number of weights overflows.
  template <class Initializer = Normal>
  LearnedPositions(std::size_t steps, std::size_t width, Rng& rng,
                   Initializer initialize = {0.02}) {
    require<ValueError>(steps > 0 && width > 0,
                        "LearnedPositions: expected sizes of at least 1, got {} x {}", steps,
                        width);
    resize(weight, Shape{steps, width});
    initialize(weight, rng);
  }

  /// Returns x (batch, time, width) with the vectors of the steps `first`, first + 1, ... Throws
  /// ShapeError if x has another shape, if there are no vectors for its last steps, or if the
  /// weights were moved from.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> x, std::size_t first = 0) const {
    require<ShapeError>(weight.dimension() == 2,
                        "LearnedPositions: expected weights (steps, width), got {}",
                        weight.shape());
    const std::size_t steps = weight.shape()[0], width = weight.shape()[1];
    if (x.shape().size() != 3 || x.shape()[2] != width) [[unlikely]] {
      fail<ShapeError>("{}: expected (batch, time, {}), got {}", describe(), width, x.shape());
    }
    if (first > steps || x.shape()[1] > steps - first) [[unlikely]] {
      fail<ShapeError>("{}: expected steps below {}, got {} from step {} on", describe(), steps,
                       x.shape()[1], first);
    }
    const auto begin = static_cast<std::ptrdiff_t>(first);
    const auto end = static_cast<std::ptrdiff_t>(first + x.shape()[1]);
    return x + slice(x.tape().parameter(weight), begin, end);
  }

  /// Returns the name in tables and errors: "LearnedPositions 128 x 64".
  std::string describe() const {
    return weight.dimension() == 2
               ? fmt::format("LearnedPositions {} x {}", weight.shape()[0], weight.shape()[1])
               : "LearnedPositions";
  }

  /// Names the parameter: "weight".
  static void visit(auto& self, auto&& f) { f("weight", self.weight); }

  Array<T> weight;  ///< (steps, width).
};

}  // namespace xtape::nn
