#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

// Steady training allocates nothing: tests/nn/allocation_test.cpp shows it of models. Here are the
// ops and modes that those do not use.

using namespace xtape;

namespace {

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
  const Array<double> seen(Shape{100});  // arrays of a shape share its layout
  const std::size_t after = allocation_count();
  const Array<float> array(Shape{100});
  CHECK(allocation_count() == after + 1);
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
  const auto weight = random_normal<float>(Shape{20, 10}, rng, 0.3),
             batch = random_normal<float>(Shape{16, 20}, rng, 0.3),
             rest = random_normal<float>(Shape{9, 20}, rng, 0.3);
  Tape<float> tape;
  const auto record = [&](const Array<float>& x) {
    tape.rewind();
    return mean(sigmoid(matmul(tape.constant(x), tape.parameter(weight))));
  };
  check_steady(count_allocations(10, [&] {
    tape.backward(record(batch));
    tape.rewind();
    const NoGrad guard(tape);
    record(rest);
  }));
}

TEST_CASE("A repeated Hessian-vector product allocates nothing once seen") {
  COUNTING_OR_SKIP();
  Rng rng(4);
  Array<Dual<double>> inputs(Shape{3, 3});
  rng.fill_normal(std::span<double>(inputs.storage().values(), 9), 0, 0.1);
  rng.fill_normal(std::span<double>(inputs.storage().tangents(), 9), 0, 1);
  const Array<double> identity{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const std::vector<int> labels{0, 2, 1};
  Tape<Dual<double>> tape;
  check_steady(count_allocations(5, [&] {
    tape.rewind();
    const auto x = tape.variable(inputs);
    auto y = sum(square(softmax(x)) * log_softmax(x)) + softmax_cross_entropy(x, labels);
    if (has_lapack()) {
      const auto regular = matmul(x, transpose(x)) + identity;
      y += sum(solve(regular, x)) + slogdet(regular)[1] + sum(square(inverse(regular))) +
           sum(triangular_solve(cholesky(regular), x));
    }
    tape.backward(y);
  }));
}
