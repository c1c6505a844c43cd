#pragma once

#include <string>
#include <vector>

#include "nn/module.hpp"

namespace xtape::nn {

/// The factors of a parameter's learning rate and weight decay.
struct Factors {
  double rate = 1;   ///< The factor of the learning rate. At least 0.
  double decay = 1;  ///< The factor of the weight decay. At least 0.
};

/// Factors for the parameters whose dotted names end with `name`. The name "bias" means "bias",
/// "0.bias" and "head.bias", and the name "head.bias" means only the last.
struct NamedFactors {
  std::string name;   ///< One or more whole parts of a dotted name.
  Factors factors{};  ///< The factors.
};

/// Factors by name, an option of the optimizers. If several names fit a parameter, the first
/// counts. If none fits, both factors are 1.
///
///     nn::SGD sgd({.learning_rate = 0.1,
///                  .weight_decay = 5e-4,
///                  .factors = {{"head.bias", {.rate = 10}}, {"bias", {.decay = 0}}}});
using ParameterFactors = std::vector<NamedFactors>;

namespace detail {

/// Throws ValueError, with the name of the optimizer, if a name is empty, or unless each factor is
/// finite and at least 0.
void require_sound(const char* optimizer, const ParameterFactors& all);

/// Returns the index of the first factors that fit a parameter, or all.size().
std::size_t find_factors(const ParameterFactors& all, const ParameterName& parameter);

}  // namespace detail

}  // namespace xtape::nn
