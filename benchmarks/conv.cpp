/// The speed of convolutions in GFLOP/s, by each kernel: forward, for the gradient of the images
/// and for that of the weights. The fastest one is compared with the processor's peak, which is
/// measured in the same run. Two operations are counted for each multiplication of the plain
/// formula, padding included, so Winograd's algorithm may exceed the peak. `--threads N` measures
/// on N threads instead of one and two.
///
/// On one thread the processor time of the thread is measured, so other programs disturb little. On
/// several threads it is the elapsed time, which needs a quiet machine. Each figure is the best of
/// interleaved rounds.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/seconds.hpp"
#include "tensor/kernels/im2col.hpp"
#include "tensor/kernels/winograd.hpp"
#ifdef XTAPE_WITH_ONEDNN
#include "tensor/kernels/onednn_convolution.hpp"
#endif

namespace {

using benchmarks::seconds;
using xtape::Convolution;
using xtape::Pair;

/// Returns the sum of chains of multiplications and additions that stay in registers.
float chains(std::size_t rounds) {
  constexpr std::size_t lanes = 16, independent = 12;
  using Lanes [[gnu::vector_size(lanes * sizeof(float))]] = float;
  volatile float start = 1;  // chains that begin alike would be computed once
  Lanes sums[independent];
  std::fill(std::begin(sums), std::end(sums), Lanes{} + start);
  const Lanes factor = Lanes{} + 0.5f;
  for (std::size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (Lanes& sum : sums) {
      sum = sum * factor + factor;
    }
  }
  float total = 0;
  for (const Lanes& sum : sums) {
    total += sum[0];
  }
  return total;
}

/// Returns the peak of all threads in GFLOP/s.
double peak(std::size_t threads) {
  constexpr std::size_t rounds = 2'000'000, flops = 2 * 16 * 12 * rounds;
  double best = 0;
  for (int i = 0; i < 10; ++i) {
    const double start = seconds(threads);
    xtape::parallel(threads, 1, xtape::parallel_threshold, [&](std::size_t, std::size_t) {
      [[maybe_unused]] volatile float kept = chains(rounds);
    });
    best = std::max(best, static_cast<double>(threads * flops) / (seconds(threads) - start) / 1e9);
  }
  return best;
}

std::vector<float> random(std::size_t size) {
  std::vector<float> numbers(size);
  xtape::Rng rng{1};
  rng.fill_normal(std::span<float>(numbers), 0, 0.1);
  return numbers;
}

/// A kernel for one part of a convolution, and its best time.
struct Kernel {
  std::string name;
  std::function<bool()> run;
  double best = std::numeric_limits<double>::infinity();
};

struct Operands {
  Convolution g;
  std::vector<float> x = random(g.image_size()), weight = random(g.weight_size()),
                     y = random(g.result_size());
};

/// The kernels for the parts forward (0), images (1) and weights (2).
std::vector<Kernel> kernels(Operands& o, int part) {
  const Convolution& g = o.g;
  float *x = o.x.data(), *w = o.weight.data(), *y = o.y.data();
  namespace im2col = xtape::im2col;
  namespace winograd = xtape::winograd;
  std::vector<Kernel> all;
  if (winograd::pays(g)) {
    all.push_back({"Winograd", [=, &g] {
                     part == 0   ? winograd::convolve(g, x, w, nullptr, 0, y)
                     : part == 1 ? winograd::convolve_transposed(g, y, w, 0, x)
                                 : winograd::convolve_for_weights(g, x, y, 0, w);
                     return true;
                   }});
  } else {
    all.push_back({"Winograd", [] { return false; }});
  }
#ifdef XTAPE_WITH_ONEDNN
  namespace onednn = xtape::onednn;
  all.push_back({"oneDNN", [=, &g] {
                   return part == 0   ? onednn::convolve(g, x, w, nullptr, 0, y)
                          : part == 1 ? onednn::convolve_transposed(g, y, w, 0, x)
                                      : onednn::convolve_for_weights(g, x, y, 0, w);
                 }});
#else
  all.push_back({"oneDNN", [] { return false; }});
#endif
  all.push_back({"im2col", [=, &g] {
                   part == 0   ? im2col::convolve<float>(g, x, w, nullptr, 0, y)
                   : part == 1 ? im2col::convolve_transposed<float>(g, y, w, 0, x)
                               : im2col::convolve_for_weights<float>(g, x, y, 0, w);
                   return true;
                 }});
  return all;
}

void measure(const std::string& name, const Convolution& g, std::size_t threads, double most) {
  Operands operands{g};
  const double flops = 2 * static_cast<double>(g.multiplications());
  constexpr const char* parts[] = {"forward", "images", "weights"};
  for (int part = 0; part < 3; ++part) {
    if (part == 1 && g.in < 16) {
      continue;  // the gradient of a data set is never needed
    }
    std::vector<Kernel> all = kernels(operands, part);
    for (int round = 0; round < 7; ++round) {
      for (Kernel& kernel : all) {
        const double start = seconds(threads);
        if (kernel.run() && round > 0) {
          kernel.best = std::min(kernel.best, seconds(threads) - start);
        }
      }
    }
    std::string line = fmt::format("{:<16} {:>7}  {:<8}", name, threads, parts[part]);
    double fastest = 0;
    for (const Kernel& kernel : all) {
      const double speed = flops / kernel.best / 1e9;
      fastest = std::max(fastest, speed);
      line += speed > 0 ? fmt::format("{:>10.0f}", speed) : fmt::format("{:>10}", "-");
    }
    fmt::print("{}{:>8.2f}\n", line, fastest / most);
  }
}

Convolution geometry(std::size_t in, std::size_t out, std::size_t size, std::size_t kernel,
                     const xtape::Padding& padding) {
  constexpr std::size_t batch = 128;
  return xtape::convolution_of("conv2d", {batch, size, size, in}, {kernel, kernel, in, out},
                               xtape::Conv2dOptions{.padding = padding});
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> numbers{1, 2};
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) {
    numbers = {static_cast<std::size_t>(std::max(1, std::atoi(argv[2])))};
  }
  for (const std::size_t threads : numbers) {
    xtape::set_thread_count(threads);
    const double most = peak(threads);
    fmt::print("peak on {} thread{}: {:.0f} GFLOP/s\n", threads, threads > 1 ? "s" : "", most);
    fmt::print("{:<16} {:>7}  {:<8}{:>10}{:>10}{:>10}{:>8}\n", "batch 128", "threads", "part",
               "Winograd", "oneDNN", "im2col", "share");
    measure("3->64 32x32", geometry(3, 64, 32, 3, xtape::same), threads, most);
    measure("64->128 16x16", geometry(64, 128, 16, 3, xtape::same), threads, most);
    measure("128->256 8x8", geometry(128, 256, 8, 3, xtape::same), threads, most);
    measure("256->256 8x8", geometry(256, 256, 8, 3, xtape::same), threads, most);
    measure("1->32 28x28 k5", geometry(1, 32, 28, 5, 0), threads, most);
    measure("32->64 12x12 k5", geometry(32, 64, 12, 5, 0), threads, most);
  }
}
