#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Tape;

namespace {

using Gradients = std::vector<Array<float>>;

/// Returns the gradients of the last of several steps on one batch after another.
Gradients gradients(const nn::Sequential<float>& model, const std::vector<Array<float>>& batches) {
  const nn::SoftmaxCrossEntropy criterion;
  const std::vector<int> labels{0, 1, 2, 3, 0, 1, 2, 3};
  Tape tape;
  for (const Array<float>& batch : batches) {
    tape.rewind();
    tape.backward(criterion(model(tape.constant(batch)), labels));
  }
  Gradients all;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<float>& parameter) {
    all.push_back(tape.grad(parameter));
  });
  return all;
}

}  // namespace

TEST_CASE("Threads share a const model, each with a tape of its own", "[nn][threads]") {
  xtape::Rng rng{9};
  const nn::Sequential model{nn::Linear(20, 30, rng), nn::Sigmoid{}, nn::Linear(30, 10, rng),
                             nn::Dropout(0.5), nn::Linear(10, 4, rng)};
  std::vector<std::vector<Array<float>>> batches(2);
  for (auto& each : batches) {
    for (int i = 0; i < 10; ++i) {
      each.push_back(random_integers<float>({8, 20}, rng));
    }
  }
  std::vector<Gradients> together(2);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] { together[i] = gradients(model, batches[i]); });
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const Gradients alone = gradients(model, batches[i]);
    REQUIRE(together[i].size() == alone.size());
    for (std::size_t j = 0; j < alone.size(); ++j) {
      CHECK((together[i][j] == alone[j]));
    }
  }
}

TEMPLATE_TEST_CASE("64 threads with a tape each find the gradients of one", "[nn][threads]", float,
                   double) {
  using T = TestType;
  constexpr std::size_t count = 64;
  xtape::Rng rng{10};
  const nn::Sequential<T> model{nn::Linear<T>(100, 80, rng), nn::Sigmoid{},
                                nn::Linear<T>(80, 10, rng)};
  // Products that the libraries compute in parallel, and products that are too small for that.
  std::vector<Array<T>> batches;
  for (const std::size_t images : std::vector<std::size_t>{64, 1, 7, 128, 64}) {
    batches.push_back(random_integers<T>({images, 100}, rng));
  }
  const auto gradients = [&] {
    std::vector<std::vector<T>> all;
    Tape<T> tape;
    for (const Array<T>& batch : batches) {
      tape.rewind();
      tape.backward(mean(square(model(tape.constant(batch)))));
      nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<T>& parameter) {
        all.push_back(elements(tape.grad(parameter)));
      });
    }
    return all;
  };
  const auto alone = gradients();
  std::vector<std::vector<std::vector<T>>> together(count);
  std::latch all_there(count);
  {
    std::vector<std::jthread> threads;
    for (auto& each : together) {
      threads.emplace_back([&] {
        all_there.arrive_and_wait();
        each = gradients();
      });
    }
  }
  for (const auto& each : together) {
    CHECK(each == alone);
  }
}
