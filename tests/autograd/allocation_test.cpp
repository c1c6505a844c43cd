#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

#define COUNTING_OR_SKIP()                                                      \
  if (!counts_allocations()) {                                                  \
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build"); \
  }

namespace {

/// Linear layers with sigmoids between them.
template <class T>
struct Network {
  std::vector<Array<T>> weights, biases;

  Network(const std::vector<std::size_t>& widths, Rng& rng) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      weights.push_back(random_normal<T>(Shape{widths[i], widths[i + 1]}, rng, 0.3));
      biases.emplace_back(Shape{widths[i + 1]}, T(0));
    }
  }

  Variable<T> operator()(Variable<T> x) const {
    Tape<T>& tape = x.tape();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      x = i == 0 ? x : sigmoid(x);
      x = linear(x, tape.parameter(weights[i]), tape.parameter(biases[i]));
    }
    return x;
  }

  void step(const Tape<T>& tape) {
    for (std::vector<Array<T>>* parameters : {&weights, &biases}) {
      for (Array<T>& parameter : *parameters) {
        const Array<T>& grad = tape.grad(parameter);
        for (std::size_t i = 0; i < parameter.size(); ++i) {
          parameter.data()[i] -= T(0.1) * grad.data()[i];
        }
      }
    }
  }
};

/// Images and labels in batches, the last of which is short.
template <class T>
struct Data {
  Array<T> images;
  std::vector<std::uint8_t> labels;

  Data(std::size_t count, std::size_t features, std::size_t classes, Rng& rng)
      : images(random_normal<T>(Shape{count, features}, rng, 0.3)) {
    for (std::size_t i = 0; i < count; ++i) {
      labels.push_back(static_cast<std::uint8_t>(rng.below(classes)));
    }
  }

  template <class Step>
  void for_each_batch(std::size_t size, Step step) const {
    const std::size_t features = images.shape()[1];
    for (std::size_t begin = 0; begin < labels.size(); begin += size) {
      const std::size_t count = std::min(size, labels.size() - begin);
      const T* first = images.data() + begin * features;
      const auto fill = [=](Array<T>& batch) {
        resize(batch, Shape{count, features});
        std::copy_n(first, count * features, batch.data());
      };
      step(fill, std::span(labels).subspan(begin, count));
    }
  }
};

/// Returns the number of allocations in each of `rounds` calls of `action`.
template <class Action>
std::vector<std::size_t> count_allocations(std::size_t rounds, Action action) {
  std::vector<std::size_t> counts(rounds);
  for (std::size_t& count : counts) {
    const std::size_t before = allocation_count();
    action();
    count = allocation_count() - before;
  }
  return counts;
}

/// Checks that the first call allocates, which shows that allocations are counted, and that no call
/// from the third on does.
void check_steady(const std::vector<std::size_t>& counts) {
  CHECK(counts[0] > 0);
  for (std::size_t i = 2; i < counts.size(); ++i) {
    INFO("call " << i);
    CHECK(counts[i] == 0);
  }
}

/// Trains for some epochs of 10 whole batches and a short one. Counts allocations by epoch.
template <class T>
void check_training(const std::vector<std::size_t>& widths, std::size_t batch_size) {
  Rng rng(1);
  Network<T> network(widths, rng);
  const Data<T> data(10 * batch_size + 3, widths.front(), widths.back(), rng);
  Tape<T> tape;
  check_steady(count_allocations(5, [&] {
    data.for_each_batch(batch_size, [&](const auto& images, auto labels) {
      tape.rewind();
      tape.backward(softmax_cross_entropy(network(tape.constant(images)), labels));
      network.step(tape);
    });
  }));
}

}  // namespace

TEST_CASE("Every form of operator new is counted") {
  COUNTING_OR_SKIP();
  struct alignas(128) Wide {
    float numbers[32];
  };
  const std::size_t before = allocation_count();
  std::array<void*, 8> memory{
      ::operator new(3),
      ::operator new[](3),
      ::operator new(3, std::nothrow),
      ::operator new[](3, std::nothrow),
      ::operator new(sizeof(Wide), std::align_val_t(alignof(Wide))),
      ::operator new[](sizeof(Wide), std::align_val_t(alignof(Wide))),
      ::operator new(sizeof(Wide), std::align_val_t(alignof(Wide)), std::nothrow),
      ::operator new[](sizeof(Wide), std::align_val_t(alignof(Wide)), std::nothrow)};
  CHECK(allocation_count() - before == memory.size());
  for (std::size_t i = 0; i < memory.size(); ++i) {
    i < 4 ? ::operator delete(memory[i]) : ::operator delete(memory[i], std::align_val_t(128));
  }
  const std::size_t after = allocation_count();
  const Array<float> array(Shape{100});
  CHECK(allocation_count() == after + 1);
}

TEST_CASE("A training step allocates nothing once its shapes have been seen") {
  COUNTING_OR_SKIP();
  Rng rng(1);
  Network<float> network({20, 16, 10}, rng);
  const Data<float> data(32, 20, 10, rng);
  Tape<float> tape;
  check_steady(count_allocations(20, [&] {
    tape.rewind();
    tape.backward(
        softmax_cross_entropy(network(tape.constant(data.images)), std::span(data.labels)));
    network.step(tape);
  }));
}

TEST_CASE("Training with a ragged last batch allocates nothing after two epochs") {
  COUNTING_OR_SKIP();
  check_training<float>({30, 20, 10}, 16);
}

// In double precision, because oneDNN allocates in some float products of this size.
TEST_CASE("Training a model large enough for threads allocates nothing after two epochs") {
  COUNTING_OR_SKIP();
  check_training<double>({400, 600, 10}, 64);
}

TEST_CASE("Training a model of 20 layers allocates nothing after two epochs") {
  COUNTING_OR_SKIP();
  check_training<float>(
      {30, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 10}, 16);
}

TEST_CASE("Ops that remember things and reshape allocate nothing once seen") {
  COUNTING_OR_SKIP();
  Rng rng(2);
  const Array<float> table = random_normal<float>(Shape{50, 6}, rng, 0.3),
                     weight = random_normal<float>(Shape{12, 4}, rng, 0.3);
  const Array<float> column = random_normal<float>(Shape{1, 3, 1}, rng, 0.3);
  Tape<float> tape;
  const std::vector<int> rows{3, 1, 4, 1, 5, 9, 2, 6}, labels{0, 1, 2, 3, 0, 1, 2, 3};
  check_steady(count_allocations(20, [&] {
    tape.rewind();
    const auto words = gather(tape.parameter(table), rows);
    const auto both = concatenate({words, dropout(words, 0.5, tape.rng())}, 1);
    const auto logits = matmul(both, tape.parameter(weight));
    const auto blocks = reshape(both, {8, 3, 4}) * tape.parameter(column);
    const auto extra = sum(transpose(max(blocks, 1)), {0, -1}) + mean(slice(blocks, 1, -1, 2));
    const auto distribution = log_softmax(gelu(tanh(relu(logits)) / 2.f));
    const auto other = mse(softmax(logits), tape.constant(distribution.value()));
    tape.backward(softmax_cross_entropy(logits, labels) + extra + other + sum(distribution));
  }));
  CHECK(tape.find_grad(column) != nullptr);
}

TEST_CASE("Evaluation between training steps allocates nothing once seen") {
  COUNTING_OR_SKIP();
  Rng rng(3);
  Network<float> network({20, 16, 10}, rng);
  const Data<float> data(40, 20, 10, rng);
  Tape<float> tape;
  check_steady(count_allocations(10, [&] {
    data.for_each_batch(16, [&](const auto& images, auto labels) {
      tape.rewind();
      tape.backward(softmax_cross_entropy(network(tape.constant(images)), labels));
      network.step(tape);
    });
    tape.rewind();
    const NoGrad guard(tape);
    network(tape.constant(data.images));
  }));
}
