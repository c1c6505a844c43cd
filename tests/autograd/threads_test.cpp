#include <cstddef>
#include <thread>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// The weights of a small network that threads share.
template <class T>
struct Network {
  Array<T> hidden, bias, gain, output;

  explicit Network(Rng& rng)
      : hidden(Shape{12, 9}), bias(Shape{9}, T(0.25)), gain(Shape{9}, T(1.5)), output(Shape{9, 4}) {
    for (Array<T>* weight : {&hidden, &output}) {
      rng.fill_normal(std::span(weight->data(), weight->size()), T(0), T(0.5));
    }
  }

  Variable<T> operator()(Variable<T> x) const {
    Tape<T>& tape = x.tape();
    const auto z = linear(x, tape.parameter(hidden), tape.parameter(bias));
    return matmul(sigmoid(z) * tape.parameter(gain), tape.parameter(output));
  }
};

/// Returns the gradients of all weights, for many recordings of different batch sizes.
template <class T>
std::vector<std::vector<T>> gradients(const Network<T>& network, const Array<T>& images,
                                      const std::vector<int>& labels) {
  Tape<T> tape;
  std::vector<std::vector<T>> result;
  for (const std::size_t batch : {16UL, 3UL, 16UL, 1UL, 16UL}) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      tape.rewind();
      const auto x = slice(tape.constant(images), 0, static_cast<std::ptrdiff_t>(batch));
      tape.backward(softmax_cross_entropy(network(x), std::span(labels).first(batch)));
      for (const Array<T>* weight :
           {&network.hidden, &network.bias, &network.gain, &network.output}) {
        result.push_back(elements(tape.grad(*weight)));
      }
    }
  }
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("Threads with a tape each share const parameters", "[threads]", float, double) {
  using T = TestType;
  Rng rng(1);
  const Network<T> network(rng);
  const auto images = random_integers<T>(Shape{16, 12}, rng);
  std::vector<int> labels(16);
  for (int& label : labels) {
    label = static_cast<int>(rng() % 4);
  }
  const auto expected = gradients(network, images, labels);

  std::vector<std::vector<std::vector<T>>> found(8);
  std::vector<std::thread> threads;
  for (auto& result : found) {
    threads.emplace_back([&] { result = gradients(network, images, labels); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto& result : found) {
    CHECK(result == expected);
  }
}
