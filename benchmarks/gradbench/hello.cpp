// The square of a number, and its derivative.
#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

Functions hello() {
  const auto squared = [](Variable x) { return square(x); };
  return {{"square", [=](const json& x) { return value(x, numbers(x), squared); }},
          {"double", [=](const json& x) { return gradient(x, numbers(x), squared); }}};
}

}  // namespace gradbench
