#include "autograd/ops/dropout.hpp"

#include <algorithm>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/record.hpp"

namespace xtape {

template <class T>
Variable<T> dropout(Variable<T> x, double rate, Rng& rng) {
  require<ValueError>(rate >= 0 && rate <= 1, "dropout: expected a rate in [0, 1], got {}", rate);
  if (!x.tape().grad_enabled() || rate == 0) {
    return x;
  }
  const T kept = static_cast<T>(rate < 1 ? 1 / (1 - rate) : 0);
  Rng drawn = rng;
  const Variable<T> y = compose(x.tape(), [&] {
    return x * x.tape().constant([&](Array<T>& mask) {
      resize(mask, x.shape());
      std::generate_n(mask.data(), mask.size(),
                      [&] { return drawn.uniform() < rate ? T(0) : kept; });
    });
  });
  rng = drawn;
  return y;
}

#define XTAPE_INSTANTIATE(T) template Variable<T> dropout(Variable<T>, double, Rng&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
