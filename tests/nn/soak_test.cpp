#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <optional>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;
using xtape::Variable;

namespace {

/// Returns the physical memory of this process in bytes, if the system tells it in /proc.
std::optional<double> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  if (!(file >> pages >> resident)) {
    return std::nullopt;
  }
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Training with different steps: the number of images, the ops, and the length of the graph vary.
class Restless {
 public:
  void step() {
    const std::size_t images = 1 + rng_() % 32;
    xtape::resize(batch_, Shape{images, 6});
    rng_.fill_normal(std::span(batch_.data(), batch_.size()), 0.f, 1.f);
    labels_.resize(images);
    for (int& label : labels_) {
      label = static_cast<int>(rng_() % 4);
    }
    tape_.rewind();
    Variable<float> h = middle_(tanh(first_(tape_.constant(batch_))));
    for (std::size_t i = rng_() % 4; i > 0; --i) {
      h = change(h);
    }
    const Variable<float> logits = last_(h);
    if (rng_() % 100 == 0) {
      fail_with(logits);
    }
    tape_.backward(nn::SoftmaxCrossEntropy{}(logits, labels_));
    nn::clip_grad_norm(*this, tape_, 1.0);
    adam_.step(*this, tape_);
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first_), f("middle", self.middle_), f("last", self.last_);
  }

 private:
  /// Maps (n, 8) to (n, 8), in one of several ways.
  Variable<float> change(Variable<float> h) {
    const auto half = static_cast<std::ptrdiff_t>(4);
    switch (rng_() % 6) {
      case 0:
        return middle_(h);
      case 1:
        return xtape::concatenate({slice(h, 0, half, 1), slice(h, half, 8, 1)}, 1);
      case 2:
        return dropout(h, 0.2, tape_.rng());
      case 3:
        return softmax(h) + h;
      case 4:
        return reshape(reshape(h, {-1}) * 1.5f, {-1, 8}) - max(h, 1, true);
      default:
        return xtape::transpose(xtape::transpose(sigmoid(h)));
    }
  }

  /// Checks that an op that throws leaves nothing behind.
  void fail_with(Variable<float> logits) {
    std::vector<int> labels = labels_;
    labels.back() = 4;
    CHECK_THROWS_AS(nn::SoftmaxCrossEntropy{}(logits, labels), xtape::ValueError);
  }

  xtape::Rng rng_{7};
  nn::Linear<float> first_{6, 8, rng_};
  nn::Sequential<float> middle_{nn::Linear<float>(8, 8, rng_), nn::GELU{}};
  nn::Linear<float> last_{8, 4, rng_};
  nn::Adam<float> adam_;
  Array<float> batch_;
  std::vector<int> labels_;
  Tape<float> tape_;
};

}  // namespace

TEST_CASE("Training of ever changing shapes keeps its memory") {
  // The sanitizers keep freed memory, and detect leaks themselves.
  const std::size_t steps = counts_allocations() ? 200'000 : 5'000;
  Restless training;
  const auto run = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      training.step();
    }
  };
  run(steps / 10);
  const std::size_t living = living_allocations();
  const auto before = resident_bytes();
  run(steps - steps / 10);
  CHECK(living_allocations() == living);
  const auto after = resident_bytes();
  if (before && after) {
    std::printf("resident: %.2f MB after %zu steps, %.2f MB after %zu\n", *before / 1e6, steps / 10,
                *after / 1e6, steps);
    if (counts_allocations()) {
      CHECK(*after - *before < 1e6);
    }
  }
}
