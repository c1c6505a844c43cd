// Products and training when OpenMP gives fewer threads than it promises. CTest also runs these
// tests under each of OpenMP's environment variables: see tests/CMakeLists.txt.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tensor/gemm.hpp"
#include "tensor/parallel.hpp"
#include "tensor/processors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/threads.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Transpose;

namespace {

/// Returns products that use every way in which gemm() divides its work.
template <class T>
std::vector<T> products() {
  struct Case {
    bool transpose_a, transpose_b;
    std::size_t m, n, k;
  };
  std::vector<T> all;
  xtape::Rng rng{1};
  for (const auto& [ta, tb, m, n, k] :
       {Case{false, false, 64, 128, 784}, Case{true, false, 784, 128, 64},
        Case{false, true, 64, 784, 128}, Case{false, false, 300, 300, 300},
        Case{true, true, 300, 70, 200}, Case{false, false, 8, 512, 1024},
        Case{false, false, 64, 10, 256}, Case{true, false, 1024, 10, 64}}) {
    const auto a = random_normal<T>(ta ? Shape{k, m} : Shape{m, k}, rng);
    const auto b = random_normal<T>(tb ? Shape{n, k} : Shape{k, n}, rng);
    Array<T> c(Shape{m, n});
    gemm(static_cast<Transpose>(ta), static_cast<Transpose>(tb), a, b, T(0), c);
    all.insert(all.end(), c.storage().begin(), c.storage().end());
  }
  return all;
}

/// Returns the weights after some steps of training.
template <class T>
std::vector<T> trained() {
  xtape::Rng rng{2};
  nn::Sequential<T> model{nn::Linear<T>(784, 256, rng), nn::Sigmoid{}, nn::Linear<T>(256, 10, rng)};
  nn::SGD<T> sgd{{.learning_rate = 0.1}};
  const auto x = random_normal<T>({64, 784}, rng);
  const std::vector<int> labels(64, 3);
  xtape::Tape<T> tape;
  for (int step = 0; step < 10; ++step) {
    tape.rewind();
    tape.backward(softmax_cross_entropy(model(tape.constant(x)), labels));
    sgd.step(model, tape);
  }
  return numbers_of<T>(model);
}

/// Returns the largest difference between two results, in units of rounding.
template <class T>
double roundings(const std::vector<T>& a, const std::vector<T>& b) {
  double greatest = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    greatest = std::isfinite(difference) ? std::max(greatest, difference) : INFINITY;
  }
  return greatest / static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// Returns the results of one thread.
template <class T>
struct Reference {
  Reference() {
    const Threads one(1);
    product = products<T>();
    weights = trained<T>();
  }
  std::vector<T> product, weights;
};

/// True if this thread, with its current settings, computes the results of one thread up to
/// rounding: sums of up to 1024 products of normal numbers, and weights of about 0.1.
template <class T>
bool agrees(const Reference<T>& one) {
  return roundings(products<T>(), one.product) < 2000 && roundings(trained<T>(), one.weights) < 100;
}

}  // namespace

TEMPLATE_TEST_CASE("All threads of the environment compute what one does", "[openmp]", float,
                   double) {
  const Reference<TestType> one;
  CHECK(agrees(one));
  for (const std::size_t threads : {2UL, 3UL, 8UL}) {
    const Threads guard(threads);
    INFO(threads << " threads");
    CHECK(agrees(one));
  }
}

TEMPLATE_TEST_CASE("Other threads of the program compute what one does", "[openmp]", float,
                   double) {
  const Reference<TestType> one;
  std::vector<char> right(3, false);
  {
    std::vector<std::jthread> threads;
    for (char& each : right) {
      threads.emplace_back([&] { each = agrees(one); });
    }
  }
  CHECK(std::count(right.begin(), right.end(), true) == 3);
}

#ifdef _OPENMP
TEMPLATE_TEST_CASE("A parallel region of the program computes what one thread does", "[openmp]",
                   float, double) {
  const Reference<TestType> one;
  const int levels = omp_get_max_active_levels();
  for (const int active : {0, 1, 2}) {
    omp_set_max_active_levels(active);
    int wrong = 0;
#pragma omp parallel for num_threads(3) reduction(+ : wrong)
    for (int i = 0; i < 3; ++i) {
      wrong += agrees(one) ? 0 : 1;
    }
    INFO(active << " active levels");
    CHECK(wrong == 0);
  }
  omp_set_max_active_levels(levels);
}

TEMPLATE_TEST_CASE("OpenMP may give fewer threads than it promises", "[openmp]", float, double) {
  const Reference<TestType> one;
  const int before = omp_get_dynamic();
  omp_set_dynamic(1);
  for (const std::size_t threads : {2UL, 3UL}) {
    const Threads guard(threads);
    CHECK(agrees(one));
  }
  omp_set_dynamic(before);
}

TEST_CASE("Products leave OpenMP's number of threads as it was", "[openmp]") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  products<float>();
  products<double>();
  CHECK(omp_get_max_threads() == 3);
  omp_set_num_threads(before);
}
#endif

#ifdef _OPENMP
TEST_CASE("The default number of threads is that of OpenMP at the start", "[openmp]") {
  std::size_t wanted = 0, within = 0;
  std::jthread([&] { wanted = xtape::thread_count(); }).join();
  std::jthread([&] {
    omp_set_num_threads(3);
    within = xtape::thread_count();
  }).join();
  CHECK(within == wanted);
}

TEST_CASE("All places that OpenMP binds threads to count as processors", "[openmp]") {
  if (omp_get_proc_bind() == omp_proc_bind_false) {
    XTAPE_SKIP("SKIPPED: OpenMP binds no threads, without OMP_PROC_BIND");
  }
  CHECK(xtape::usable_processors() >= static_cast<std::size_t>(omp_get_num_procs()));
#ifdef __linux__
  cpu_set_t processors;
  REQUIRE(xtape::detail::usable_set(processors));
  CHECK(CPU_COUNT(&processors) == omp_get_num_procs());
#endif
}
#endif
