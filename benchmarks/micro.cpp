/// The small parts one by one: each op beside a plain loop that computes the same, what a recorded
/// node costs, GEMM on both sides of its dispatch, and the gather of a batch. "plain" is what a C++
/// programmer writes without a framework.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "tests/ops/table.hpp"
#include "tests/support/datasets.hpp"

namespace {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::Transpose;
using xtape::Variable;

constexpr std::size_t columns = 64;

Array<float> random(const Shape& shape, double low = 0.1, double high = 1.1) {
  Array<float> array(shape);
  xtape::Rng{1}.fill_uniform(std::span<float>(array.storage()), low, high);
  return array;
}

/// An op of one array (rows, 64), and the same as plain loops: y = f(x), and dx from dy = 1.
struct Subject {
  std::string name;
  std::function<Variable<float>(Variable<float>)> op;
  std::function<void(const float* x, float* y, std::size_t n)> forward;
  std::function<void(const float* x, const float* y, float* dx, std::size_t n)> backward;
};

/// The ops of each element, with plain loops over their formulas.
std::vector<Subject> elementwise_subjects() {
  std::vector<Subject> subjects;
  for (const xtape::Row& row : xtape::table()) {
    if (row.formula && (subjects.empty() || subjects.back().name != row.overload)) {
      const auto loops = row.formula->in_float;
      subjects.push_back({row.overload,
                          [&row](Variable<float> x) {
                            return row.call(std::span<const Variable<float>>(&x, 1), {});
                          },
                          loops.values, loops.slopes});
    }
  }
  return subjects;
}

void plain_softmax(const float* x, float* y, std::size_t n) {
  for (std::size_t row = 0; row < n; row += columns) {
    const float largest = *std::max_element(x + row, x + row + columns);
    float sum = 0;
    for (std::size_t j = row; j < row + columns; ++j) sum += y[j] = std::exp(x[j] - largest);
    for (std::size_t j = row; j < row + columns; ++j) y[j] /= sum;
  }
}

void plain_softmax_backward(const float*, const float* y, float* dx, std::size_t n) {
  for (std::size_t row = 0; row < n; row += columns) {
    float total = 0;
    for (std::size_t j = row; j < row + columns; ++j) total += y[j];
    for (std::size_t j = row; j < row + columns; ++j) dx[j] = y[j] * (1 - total);
  }
}

void fill_ones(const float*, const float*, float* dx, std::size_t n) { std::fill_n(dx, n, 1.f); }

std::vector<Subject> other_subjects() {
  using V = Variable<float>;
  return {
      {"softmax", [](V x) { return softmax(x); }, plain_softmax, plain_softmax_backward},
      {"transpose", [](V x) { return transpose(x); },
       [](const float* x, float* y, std::size_t n) {
         const std::size_t rows = n / columns;
         for (std::size_t j = 0; j < columns; ++j)
           for (std::size_t i = 0; i < rows; ++i) y[j * rows + i] = x[i * columns + j];
       },
       fill_ones},
      {"sum rows", [](V x) { return sum(x, 1); },
       [](const float* x, float* y, std::size_t n) {
         for (std::size_t i = 0; i < n / columns; ++i) {
           float total = 0;
           for (std::size_t j = 0; j < columns; ++j) total += x[i * columns + j];
           y[i] = total;
         }
       },
       fill_ones},
      {"sum columns", [](V x) { return sum(x, 0); },
       [](const float* x, float* y, std::size_t n) {
         std::fill_n(y, columns, 0.f);
         for (std::size_t i = 0; i < n / columns; ++i)
           for (std::size_t j = 0; j < columns; ++j) y[j] += x[i * columns + j];
       },
       fill_ones},
      {"mean", [](V x) { return mean(x); },
       [](const float* x, float* y, std::size_t n) {
         y[0] = std::accumulate(x, x + n, 0.f) / static_cast<float>(n);
       },
       [](const float*, const float*, float* dx, std::size_t n) {
         std::fill_n(dx, n, 1 / static_cast<float>(n));
       }},
      {"max", [](V x) { return max(x, 1); },
       [](const float* x, float* y, std::size_t n) {
         for (std::size_t i = 0; i < n / columns; ++i)
           y[i] = *std::max_element(x + i * columns, x + (i + 1) * columns);
       },
       [](const float* x, const float* y, float* dx, std::size_t n) {
         for (std::size_t i = 0; i < n; ++i) dx[i] = x[i] == y[i / columns] ? 1.f : 0.f;
       }},
      {"reshape", [](V x) { return reshape(x, {-1}); },
       [](const float* x, float* y, std::size_t n) { std::copy_n(x, n, y); }, fill_ones},
      {"concatenate",
       [](V x) {
         return xtape::concatenate({x, x}, 1);
       },
       [](const float* x, float* y, std::size_t n) {
         for (std::size_t i = 0; i < n; i += columns) {
           std::copy_n(x + i, columns, y + 2 * i);
           std::copy_n(x + i, columns, y + 2 * i + columns);
         }
       },
       [](const float*, const float*, float* dx, std::size_t n) { std::fill_n(dx, n, 2.f); }},
      {"gather",
       [](V x) {
         std::vector<std::size_t> rows(x.shape()[0]);
         for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i * 7 % rows.size();
         return gather(x, rows);
       },
       [](const float* x, float* y, std::size_t n) {
         const std::size_t rows = n / columns;
         for (std::size_t i = 0; i < rows; ++i)
           std::copy_n(x + i * 7 % rows * columns, columns, y + i * columns);
       },
       fill_ones},
      {"dropout", [](V x) { return dropout(x, 0.5, x.tape().rng()); },
       [](const float* x, float* y, std::size_t n) {
         static xtape::Rng rng{1};
         for (std::size_t i = 0; i < n; ++i) y[i] = (rng() & 1) != 0 ? 2 * x[i] : 0;
       },
       [](const float*, const float* y, float* dx, std::size_t n) {
         for (std::size_t i = 0; i < n; ++i) dx[i] = y[i] != 0 ? 2.f : 0.f;
       }},
      {"mse", [](V x) { return mse(x, x * 0.5f); },
       [](const float* x, float* y, std::size_t n) {
         y[0] = 0;
         for (std::size_t i = 0; i < n; ++i) y[0] += 0.25f * x[i] * x[i];
         y[0] /= static_cast<float>(n);
       },
       [](const float* x, const float*, float* dx, std::size_t n) {
         for (std::size_t i = 0; i < n; ++i) dx[i] = 0.5f * x[i] / static_cast<float>(n);
       }},
      {"log_softmax", [](V x) { return log_softmax(x); },
       [](const float* x, float* y, std::size_t n) {
         plain_softmax(x, y, n);
         for (std::size_t i = 0; i < n; ++i) y[i] = std::log(y[i]);
       },
       [](const float*, const float* y, float* dx, std::size_t n) {
         for (std::size_t i = 0; i < n; ++i) dx[i] = 1 - std::exp(y[i]) * columns;
       }},
      {"softmax_cross_entropy",
       [](V x) {
         static const std::vector<std::uint8_t> labels(1 << 20, 3);
         return softmax_cross_entropy(x, std::span(labels).first(x.shape()[0]));
       },
       plain_softmax,
       [](const float*, const float* y, float* dx, std::size_t n) {
         const float weight = columns / static_cast<float>(n);
         for (std::size_t i = 0; i < n; ++i) dx[i] = weight * (y[i] - (i % columns == 3 ? 1 : 0));
       }},
      {"slice", [](V x) { return slice(x, 0, columns / 2, 1); },
       [](const float* x, float* y, std::size_t n) {
         for (std::size_t i = 0; i < n / columns; ++i)
           std::copy_n(x + i * columns, columns / 2, y + i * columns / 2);
       },
       [](const float*, const float*, float* dx, std::size_t n) {
         for (std::size_t i = 0; i < n; ++i) dx[i] = i % columns < columns / 2 ? 1.f : 0.f;
       }},
  };
}

void run_op(benchmark::State& state, const Subject& subject) {
  const Array<float> x = random({static_cast<std::size_t>(state.range(0)) / columns, columns});
  Tape<float> tape;
  for (auto _ : state) {
    tape.rewind();
    const Variable<float> y = subject.op(tape.parameter(x));
    tape.backward(y.shape().empty() ? y : sum(y));
    benchmark::DoNotOptimize(tape.grad(x).data());
  }
}

void run_plain(benchmark::State& state, const Subject& subject) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const Array<float> x = random({n});
  std::vector<float> y(2 * n), dx(n);
  for (auto _ : state) {
    subject.forward(x.data(), y.data(), n);
    subject.backward(x.data(), y.data(), dx.data(), n);
    benchmark::DoNotOptimize(dx.data());
    benchmark::ClobberMemory();
  }
}

/// A chain of 10,000 ops, forward and backward: the time of a node is reported as "node".
void run_chain(benchmark::State& state) {
  constexpr int ops = 10000;
  const Array<float> x(Shape{static_cast<std::size_t>(state.range(0))}, 1.f);
  Tape<float> tape;
  for (auto _ : state) {
    tape.rewind();
    Variable<float> y = tape.parameter(x);
    for (int i = 0; i < ops; ++i) {
      y = y * (i % 2 == 0 ? 1.001f : 0.999f);  // keeps away from denormal numbers
    }
    tape.backward(x.size() == 1 ? y : sum(y));
  }
  state.counters["node"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * ops,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// (batch, k) x (k, n); "flops" is a rate.
void run_gemm(benchmark::State& state, bool weight_gradient) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto n = static_cast<std::size_t>(state.range(2));
  const Array<float> x = random({m, k}), w = random({k, n}), dy = random({m, n});
  Array<float> out = random(weight_gradient ? Shape{k, n} : Shape{m, n});
  for (auto _ : state) {
    if (weight_gradient) {
      gemm(Transpose::yes, Transpose::no, x, dy, 0.f, out);
    } else {
      gemm(Transpose::no, Transpose::no, x, w, 0.f, out);
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["flops"] = benchmark::Counter(2.0 * static_cast<double>(m * n * k),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void run_gather(benchmark::State& state) {
  xtape::Rng rng{1};
  const nn::Dataset data = random_images(60000, {28, 28}, rng);
  nn::Batches batches(data, static_cast<std::size_t>(state.range(0)), rng);
  auto batch = batches.begin();
  Array<float> images;
  for (auto _ : state) {
    (*batch).inputs(images);
    benchmark::DoNotOptimize(images.data());
    if (++batch == batches.end()) {
      batch = batches.begin();
    }
  }
}

[[maybe_unused]] const bool registered = [] {
  std::vector<Subject> subjects = elementwise_subjects();
  for (Subject& subject : other_subjects()) {
    subjects.push_back(std::move(subject));
  }
  for (const Subject& subject : subjects) {
    using Run = void (*)(benchmark::State&, const Subject&);
    for (const auto& [kind, run] : {std::pair<const char*, Run>("xtape", run_op),
                                    std::pair<const char*, Run>("plain", run_plain)}) {
      benchmark::RegisterBenchmark(("op/" + subject.name + "/" + kind).c_str(), run, subject)
          ->Arg(64)
          ->Arg(8192)
          ->Arg(1 << 20);
    }
  }
  benchmark::RegisterBenchmark("chain of 10000", run_chain)->Arg(1)->Arg(4);
  for (const bool weight_gradient : {false, true}) {
    auto* bench = benchmark::RegisterBenchmark(
        weight_gradient ? "gemm/weight gradient" : "gemm/layer", run_gemm, weight_gradient);
    for (const auto& shape : std::vector<std::vector<std::int64_t>>{{1, 1, 1},
                                                                    {16, 32, 32},
                                                                    {64, 64, 64},
                                                                    {64, 128, 10},
                                                                    {64, 784, 128},
                                                                    {256, 1024, 1024}}) {
      bench->Args(shape);
    }
  }
  benchmark::RegisterBenchmark("gather", run_gather)->Arg(64)->Arg(256);
  return true;
}();

}  // namespace
