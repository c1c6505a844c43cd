#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>
#include <xtape.hpp>

/// @file
/// What the evals of GradBench share. Each eval has a source of its own, with its functions.

namespace gradbench {

using nlohmann::json;
using xtape::Array;
using xtape::Shape;
using Tape = xtape::Tape<double>;
using Variable = xtape::Variable<double>;
using NoGrad = xtape::NoGrad<double>;

/// What a function of an eval answers: its output, and the time of each run.
struct Answer {
  json output;
  std::vector<std::chrono::nanoseconds> times;
};

/// A function of an eval. A function that this build of xtape cannot compute is null.
using Function = std::function<Answer(const json& input)>;

/// The functions of an eval, by name.
using Functions = std::map<std::string_view, Function>;

/// The twelve evals.
///@{
Functions ba();
Functions det();
Functions gmm();
Functions hello();
Functions ht();
Functions kmeans();
Functions llsq();
Functions lse();
Functions lstm();
Functions ode();
Functions particle();
Functions saddle();
///@}

/// Reads an array of any rank from nested lists.
Array<double> numbers(const json& lists);

/// Returns an array as nested lists. An array of rank 0 becomes a number.
json lists(const Array<double>& array);

/// Calls `compute` at least `min_runs` times, and for at least `min_seconds`, as the input says.
/// Answers with `write(result)` for the last result, and with the time of each call.
template <class Compute, class Write>
Answer repeat(const json& input, Compute compute, Write write) {
  using Clock = std::chrono::steady_clock;
  const bool says = input.is_object();
  const std::size_t runs = says ? input.value("min_runs", std::size_t{1}) : 1;
  const std::chrono::duration<double> least(says ? input.value("min_seconds", 0.0) : 0.0);
  Answer answer;
  std::chrono::duration<double> total{0};
  while (true) {
    const auto start = Clock::now();
    const auto& result = compute();
    const auto end = Clock::now();
    answer.times.push_back(end - start);
    total += end - start;
    if (answer.times.size() >= runs && total >= least) {
      answer.output = write(result);
      return answer;
    }
  }
}

/// Answers with the value of a function of one array.
template <class F>
Answer value(const json& input, const Array<double>& x, F f) {
  Tape tape;
  const NoGrad guard{tape};
  const auto compute = [&]() -> const Array<double>& {
    tape.rewind();
    return f(tape.parameter(x)).value();
  };
  return repeat(input, compute, lists);
}

/// Answers with the gradient of a scalar function of one array.
template <class F>
Answer gradient(const json& input, const Array<double>& x, F f) {
  Tape tape;
  const auto compute = [&]() -> const Array<double>& {
    tape.rewind();
    tape.backward(f(tape.parameter(x)));
    return tape.grad(x);
  };
  return repeat(input, compute, lists);
}

}  // namespace gradbench
