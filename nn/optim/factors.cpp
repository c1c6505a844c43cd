#include "nn/optim/factors.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/error.hpp"

namespace xtape::nn::detail {

void require_sound(const char* optimizer, const ParameterFactors& all) {
  for (const auto& [name, factors] : all) {
    require<ValueError>(!name.empty(), "{}: factors without the name of a parameter", optimizer);
    for (const auto& [what, factor] : {std::pair("rate", factors.rate), {"decay", factors.decay}}) {
      require<ValueError>(factor >= 0 && std::isfinite(factor),
                          "{}: expected a factor of at least 0 for the {} of '{}', got {}",
                          optimizer, what, name, factor);
    }
  }
}

std::size_t find_factors(const ParameterFactors& all, const ParameterName& parameter) {
  const auto fits = [&](const NamedFactors& each) { return parameter.ends_with(each.name); };
  return static_cast<std::size_t>(std::find_if(all.begin(), all.end(), fits) - all.begin());
}

}  // namespace xtape::nn::detail
