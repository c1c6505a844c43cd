/// The speed of matrix products in GFLOP/s, by each library that is installed: oneDNN and every
/// CBLAS that can be loaded, such as OpenBLAS, BLIS, MKL and Accelerate, beside xtape's own choice.
/// The shapes are those of training steps. Each figure is followed by its ratio to the best
/// library.
/// `--threads N` measures on N threads instead of one and two. Other arguments are files of further
/// libraries.
///
/// On one thread the processor time of the thread is measured, so other programs disturb little. On
/// several threads it is the elapsed time, which needs a quiet machine. Each figure is the best of
/// interleaved rounds.

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/seconds.hpp"
#ifdef _OPENMP
#include <omp.h>
#endif
// So that two libraries with the same symbols do not call each other.
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

namespace {

using benchmarks::seconds;
using xtape::Transpose;

struct Shape {
  const char* name;
  bool transpose_a, transpose_b;
  std::size_t m, n, k;

  /// The lengths of the stored rows.
  std::size_t lda() const { return transpose_a ? m : k; }
  std::size_t ldb() const { return transpose_b ? k : n; }
};

/// The products of a layer: its output, the gradient of its input, and that of its weights.
constexpr Shape shapes[] = {
    {"784 to 128, batch 64: output", false, false, 64, 128, 784},
    {"784 to 128, batch 64: weights", true, false, 784, 128, 64},
    {"784 to 1024, batch 256: output", false, false, 256, 1024, 784},
    {"784 to 1024, batch 256: weights", true, false, 784, 1024, 256},
    {"1024 to 1024, batch 256: output", false, false, 256, 1024, 1024},
    {"1024 to 1024, batch 256: input", false, true, 256, 1024, 1024},
    {"1024 to 1024, batch 256: weights", true, false, 1024, 1024, 256},
    {"1024 to 10, batch 256: output", false, false, 256, 10, 1024},
    {"1024 x 1024 x 1024", false, false, 1024, 1024, 1024},
};

/// The matrices of a product.
struct Operands {
  std::vector<float> a, b, c;

  explicit Operands(const Shape& s) : a(s.m * s.k), b(s.k * s.n), c(s.m * s.n) {
    xtape::Rng rng{1};
    rng.fill_normal(std::span<float>(a), 0, 1);
    rng.fill_normal(std::span<float>(b), 0, 1);
  }
};

/// A way to multiply.
struct Library {
  std::string name;
  std::function<void(std::size_t threads)> set_threads;
  std::function<void(const Shape&, Operands&)> multiply;
};

template <class Function>
Function* find(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

void set_openmp_threads([[maybe_unused]] std::size_t threads) {
#ifdef _OPENMP
  omp_set_num_threads(static_cast<int>(threads));
#endif
}

Library ours() {
  return {"xtape: " + xtape::gemm_backend(), [](std::size_t n) { xtape::set_thread_count(n); },
          [](const Shape& s, Operands& o) {
            xtape::gemm(s.transpose_a ? Transpose::yes : Transpose::no,
                        s.transpose_b ? Transpose::yes : Transpose::no, s.m, s.n, s.k, 1.f,
                        o.a.data(), s.lda(), o.b.data(), s.ldb(), 0.f, o.c.data(), s.n);
          }};
}

Library onednn(const std::string& name, void* library) {
  using Sgemm = int(char, char, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                    std::int64_t, const float*, std::int64_t, float, float*, std::int64_t);
  Sgemm* const sgemm = find<Sgemm>(library, "dnnl_sgemm");
  return {name, set_openmp_threads, [sgemm](const Shape& s, Operands& o) {
            const auto index = [](std::size_t extent) { return static_cast<std::int64_t>(extent); };
            sgemm(s.transpose_a ? 'T' : 'N', s.transpose_b ? 'T' : 'N', index(s.m), index(s.n),
                  index(s.k), 1, o.a.data(), index(s.lda()), o.b.data(), index(s.ldb()), 0,
                  o.c.data(), index(s.n));
          }};
}

/// Sets the threads of a CBLAS by the function that it has.
void set_cblas_threads(void* library, std::size_t threads) {
  set_openmp_threads(threads);
  for (const char* name : {"openblas_set_num_threads", "MKL_Set_Num_Threads"}) {
    if (auto* set = find<void(int)>(library, name)) {
      set(static_cast<int>(threads));
    }
  }
  if (auto* set = find<void(std::int64_t)>(library, "bli_thread_set_num_threads")) {
    set(static_cast<std::int64_t>(threads));
  }
}

Library cblas(const std::string& name, void* library) {
  using Sgemm = void(int, int, int, int, int, int, float, const float*, int, const float*, int,
                     float, float*, int);
  Sgemm* const sgemm = find<Sgemm>(library, "cblas_sgemm");
  return {name, [library](std::size_t n) { set_cblas_threads(library, n); },
          [sgemm](const Shape& s, Operands& o) {
            constexpr int row_major = 101, as_is = 111, transposed = 112;
            const auto index = [](std::size_t extent) { return static_cast<int>(extent); };
            sgemm(row_major, s.transpose_a ? transposed : as_is, s.transpose_b ? transposed : as_is,
                  index(s.m), index(s.n), index(s.k), 1, o.a.data(), index(s.lda()), o.b.data(),
                  index(s.ldb()), 0, o.c.data(), index(s.n));
          }};
}

/// Returns the libraries that can be loaded, each once.
std::vector<Library> find_libraries(const std::vector<std::string>& further) {
  std::vector<std::string> names{"libdnnl.so.3",
                                 "libdnnl.so.2",
                                 "libopenblas.so.0",
                                 "libopenblas.so",
                                 "libblis.so.4",
                                 "libblis.so.3",
                                 "libblis.so",
                                 "libblis-mt.so",
                                 "libmkl_rt.so.2",
                                 "libmkl_rt.so.1",
                                 "libmkl_rt.so",
                                 "libflexiblas.so.3",
                                 "libnvpl_blas.so.0",
                                 "libarmpl_lp64.so",
                                 "/System/Library/Frameworks/Accelerate.framework/Accelerate"};
  names.insert(names.begin(), further.begin(), further.end());
  std::vector<Library> libraries{ours()};
  std::set<void*> loaded;
  for (const std::string& name : names) {
    void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (library == nullptr || !loaded.insert(library).second) {
      continue;
    }
    if (dlsym(library, "dnnl_sgemm") != nullptr) {
      libraries.push_back(onednn(name, library));
    } else if (dlsym(library, "cblas_sgemm") != nullptr) {
      libraries.push_back(cblas(name, library));
    }
  }
  return libraries;
}

/// Returns the speeds of all libraries in GFLOP/s.
std::vector<double> speeds(const std::vector<Library>& libraries, const Shape& shape,
                           std::size_t threads) {
  constexpr int rounds = 15;
  const double flops = 2.0 * static_cast<double>(shape.m * shape.n * shape.k);
  const int calls = std::max(1, static_cast<int>(2e8 / flops));
  Operands operands(shape);
  std::vector<double> best(libraries.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < libraries.size(); ++i) {
      libraries[i].set_threads(threads);
      libraries[i].multiply(shape, operands);  // wakes threads and fills caches
      const double start = seconds(threads);
      for (int call = 0; call < calls; ++call) {
        libraries[i].multiply(shape, operands);
      }
      best[i] = std::min(best[i], (seconds(threads) - start) / calls);
    }
  }
  for (double& each : best) {
    each = flops / each / 1e9;
  }
  return best;
}

void print_table(const std::vector<Library>& libraries, std::size_t threads) {
  fmt::print("\nGFLOP/s on {} thread{}, and the ratio to the best\n", threads,
             threads == 1 ? "" : "s");
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    fmt::print("{:>3}  {}\n", i + 1, libraries[i].name);
  }
  fmt::print("{:34}", "");
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    fmt::print("{:>14}", i + 1);
  }
  fmt::print("\n");
  for (const Shape& shape : shapes) {
    const std::vector<double> all = speeds(libraries, shape, threads);
    const double best = *std::max_element(all.begin(), all.end());
    fmt::print("{:34}", shape.name);
    for (const double each : all) {
      fmt::print("{:>14}", fmt::format("{:.0f} ({:.2f})", each, each / best));
    }
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> threads{1, 2};
  std::vector<std::string> further;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
      threads = {static_cast<std::size_t>(std::max(1, std::atoi(argv[++i])))};
    } else {
      further.emplace_back(argv[i]);
    }
  }
  const std::vector<Library> libraries = find_libraries(further);
  for (const std::size_t count : threads) {
    print_table(libraries, count);
  }
}
