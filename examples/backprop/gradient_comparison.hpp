#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/backprop/formulas.hpp"

namespace by_hand {

/// The result for one parameter. Differences are relative to its largest gradient.
struct GradientComparison {
  std::string name;  ///< The name, such as "dW1".
  xtape::Shape shape;
  double by_hand = 0;         ///< The greatest difference from the formulas, of all elements.
  double by_differences = 0;  ///< The greatest from differences of the loss, of a sample.
  std::size_t elements = 0;   ///< The size of the sample.
  std::size_t at_kinks = 0;   ///< The elements that agree on one side of a kink only.
  std::size_t undecided = 0;  ///< The elements that differences cannot check.
  bool agrees = false;
};

/// The results for all parameters. True if all agree, and differences decide at least half of all
/// sampled elements.
struct GradientCheck {
  std::vector<GradientComparison> parameters;
  std::size_t elements = 0;   ///< The sampled elements of all parameters.
  std::size_t undecided = 0;  ///< The undecided elements of all parameters.

  bool agrees() const;
  bool decided() const { return 2 * undecided <= elements; }
  explicit operator bool() const { return agrees() && decided(); }
};

/// Checks the tape's gradients of a network in double precision. The function compares each element
/// with the formulas of the network, and a random sample of elements with differences of the loss.
/// See xtape::gradcheck.
///
/// Formulas must agree to 1e-12 of the largest gradient of the parameter. Differences must agree to
/// 1e-6 of it plus 1e-9, the rounding error of a difference.
///
/// Elements at kinks, and elements that differences leave undecided, do not fail the check, because
/// the formulas prove them, too. A deep network of rectifiers has many kinks, so it has many
/// undecided elements.
GradientCheck compare_gradients(xtape::nn::Sequential<double>& network, const Formulas& formulas,
                                const xtape::nn::Batch& batch, std::uint64_t seed);

/// Compares the gradients of the first `count` images that are not blank with formulas_of(network).
/// Prints the greatest differences of each parameter if `verbose`. Reports disagreement on standard
/// error. The network must have no dropout.
///
/// All pixels of a blank image have the same colour. Batch norm would divide rounding errors by the
/// deviation of such images, which is almost 0. If all images are blank, the first `count` are
/// compared.
GradientCheck check_gradients(xtape::nn::Sequential<double>& network,
                              const xtape::nn::Dataset& data, std::size_t count, std::uint64_t seed,
                              bool verbose = true);

}  // namespace by_hand
