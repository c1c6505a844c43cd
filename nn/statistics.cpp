#include "nn/statistics.hpp"

namespace xtape::nn::detail {

void require_momentum(double momentum) {
  require<ValueError>(momentum > 0 && momentum <= 1,
                      "update_statistics: expected a momentum above 0 and at most 1, got {}",
                      momentum);
}

template <class T>
void take_in(const ParameterName& name, Array<T>& buffer,
             std::span<const Observation<std::type_identity_t<T>>> observations, double momentum) {
  const T rate = static_cast<T>(momentum);
  for (const Observation<T>& observation : observations) {
    if (observation.buffer != &buffer) {
      continue;
    }
    require_whole("update_statistics", name, buffer, "buffer");
    if (buffer.size() != observation.values.size()) [[unlikely]] {
      fail<ShapeError>("update_statistics: buffer '{}' is {} now, and {} values were observed",
                       name.str(), buffer.shape(), observation.values.size());
    }
    T* numbers = buffer.data();
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      const T observed = observation.values[i];
      if (observation.statistic == Statistic::count) {
        numbers[i] += observed;
      } else if (momentum == 1) {
        numbers[i] = observed;  // whatever it was before
      } else {
        numbers[i] += rate * (observed - numbers[i]);
      }
    }
  }
}

template void take_in(const ParameterName&, Array<float>&, std::span<const Observation<float>>,
                      double);
template void take_in(const ParameterName&, Array<double>&, std::span<const Observation<double>>,
                      double);

}  // namespace xtape::nn::detail
