#include "autograd/ops/dropout.hpp"

#include "autograd/ops/arithmetic.hpp"
#include "autograd/record.hpp"

namespace xtape {

template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng) {
  require<ValueError>(rate >= 0 && rate <= 1, "dropout: expected a rate in [0, 1], got {}", rate);
  if (!x.tape().grad_enabled() || rate == 0) {
    return x;
  }
  const T kept = rate < 1 ? static_cast<T>(1 / (1 - rate)) : T(0);
  Rng drawn = rng;
  const Variable<T> y = compose(x.tape(), [&] {
    return x * x.tape().constant([&](Array<T>& mask) {
      resize(mask, x.shape());
      for (T& element : mask.storage()) {
        element = drawn.uniform() < rate ? T(0) : kept;
      }
    });
  });
  rng = drawn;
  return y;
}

template Variable<float> dropout(Variable<float>, double, Rng&);
template Variable<double> dropout(Variable<double>, double, Rng&);

}  // namespace xtape
