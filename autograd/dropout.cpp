#include "autograd/dropout.hpp"

#include "autograd/arithmetic.hpp"

namespace xtape {

template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng) {
  require<ValueError>(rate >= 0 && rate <= 1, "dropout: expected a rate in [0, 1], got {}", rate);
  if (!x.tape().grad_enabled() || rate == 0) {
    return x;
  }
  const T kept = rate < 1 ? static_cast<T>(1 / (1 - rate)) : T(0);
  return x * x.tape().constant([&](Array<T>& mask) {
    resize(mask, x.shape());
    for (T& element : mask.storage()) {
      element = rng.uniform() < rate ? T(0) : kept;
    }
  });
}

template Variable<float> dropout(Variable<float>, double, Rng&);
template Variable<double> dropout(Variable<double>, double, Rng&);

}  // namespace xtape
