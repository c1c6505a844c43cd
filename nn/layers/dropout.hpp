#pragma once

#include <string>

#include "autograd/ops/dropout.hpp"

namespace xtape::nn {

/// The op xtape::dropout as a layer, with the random numbers of the tape. Under NoGrad, the layer
/// returns its input.
class Dropout {
 public:
  /// Creates the layer. Throws ValueError unless 0 <= rate <= 1.
  explicit Dropout(double rate) : rate_(rate) {
    require<ValueError>(rate >= 0 && rate <= 1, "Dropout: expected a rate in [0, 1], got {}", rate);
  }

  /// Returns xtape::dropout(x, rate, x.tape().rng()).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return dropout(x, rate_, x.tape().rng());
  }

  /// Returns the name in tables and errors: "Dropout 0.5".
  std::string describe() const { return fmt::format("Dropout {}", rate_); }

  /// Names nothing, because the rate is not trained.
  static void visit(auto&, auto&&) {}

 private:
  double rate_;
};

}  // namespace xtape::nn
