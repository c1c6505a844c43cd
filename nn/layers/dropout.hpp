#pragma once

#include <string>

#include "autograd/ops/dropout.hpp"

namespace xtape::nn {

/// xtape::dropout with the tape's own random numbers as a layer: active in training, the identity
/// under NoGrad.
class Dropout {
 public:
  /// Throws ValueError unless 0 <= rate <= 1.
  explicit Dropout(double rate) : rate_(rate) {
    require<ValueError>(rate >= 0 && rate <= 1, "Dropout: expected a rate in [0, 1], got {}", rate);
  }

  /// xtape::dropout(x, rate, x.tape().rng()).
  template <class T>
  Variable<T> operator()(Variable<T> x) const {
    return dropout(x, rate_, x.tape().rng());
  }

  /// What tables and errors call it: "Dropout 0.5".
  std::string describe() const { return fmt::format("Dropout {}", rate_); }

  /// Names nothing: the rate is not learnt.
  static void visit(auto&, auto&&) {}

 private:
  double rate_;
};

}  // namespace xtape::nn
