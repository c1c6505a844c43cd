#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/mnist/recipes.hpp"

namespace mnist {

/// What the check found about one parameter. Differences are relative to its largest gradient.
struct GradientComparison {
  std::string name;  ///< As in "dW1".
  xtape::Shape shape;
  std::optional<double> by_hand;  ///< The greatest difference from the formulas.
  double by_differences = 0;      ///< The greatest difference from a sample of central differences.
  std::size_t elements = 0;       ///< The size of the sample.
  bool agrees = false;
};

/// A line for each parameter; true when all agree.
struct GradientCheck {
  std::vector<GradientComparison> parameters;

  explicit operator bool() const;
};

/// Proves the tape's gradients on the first images of `data`, a batch but at most 64, in double
/// precision: beside the formulas derived by hand (where the network has one hidden layer of
/// sigmoids, for which they were derived), and beside central differences of a random sample of
/// elements. Prints the greatest difference of each parameter, relative to its largest gradient,
/// and says whether all agree: by hand to 1e-12 of the largest gradient, by differences to 1e-6
/// of it and the 1e-9 that rounding leaves of a difference. Says so on standard error when not.
/// Dropout is left out.
GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed,
                              const xtape::nn::Dataset& data, bool verbose = true);

}  // namespace mnist
