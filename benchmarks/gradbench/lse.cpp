// The logarithm of a sum of exponentials, put together from its parts as the eval asks for it.
#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

Functions lse() {
  const auto log_sum_exp = [](Variable x) {
    const auto top = max(x);
    return log(sum(exp(x - top))) + top;
  };
  return {
      {"primal", [=](const json& in) { return value(in, numbers(in.at("x")), log_sum_exp); }},
      {"gradient", [=](const json& in) { return gradient(in, numbers(in.at("x")), log_sum_exp); }}};
}

}  // namespace gradbench
