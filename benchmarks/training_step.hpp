#pragma once

#include <chrono>
#include <span>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/nets.hpp"
#include "tests/support/datasets.hpp"

/// A training step, and the bare matrix products in it.

namespace benchmarks {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Transpose;

/// The matrix products of one step, and nothing else: weights and activations stay as they are.
class Floor {
 public:
  Floor(const Net& net, xtape::Rng& rng) : batch_(net.batch) {
    for (std::size_t i = 0; i + 1 < net.widths.size(); ++i) {
      weights_.push_back(random({net.widths[i], net.widths[i + 1]}, rng));
      weight_grads_.push_back(random({net.widths[i], net.widths[i + 1]}, rng));
    }
    for (const std::size_t width : net.widths) {
      values_.push_back(random({batch_, width}, rng));
      grads_.push_back(random({batch_, width}, rng));
    }
  }

  void operator()() {
    const std::size_t layers = weights_.size();
    for (std::size_t i = 0; i < layers; ++i) {
      gemm(Transpose::no, Transpose::no, values_[i], weights_[i], 0.f, values_[i + 1]);
    }
    for (std::size_t i = layers; i-- > 0;) {
      if (i > 0) {
        gemm(Transpose::no, Transpose::yes, grads_[i + 1], weights_[i], 0.f, grads_[i]);
      }
      gemm(Transpose::yes, Transpose::no, values_[i], grads_[i + 1], 0.f, weight_grads_[i]);
    }
  }

 private:
  static Array<float> random(const Shape& shape, xtape::Rng& rng) {
    Array<float> array(shape);
    rng.fill_normal(std::span<float>(array.storage()), 0, 0.01);
    return array;
  }

  std::size_t batch_;
  std::vector<Array<float>> weights_, weight_grads_, values_, grads_;
};

/// A step of training with plain SGD, on a fixed batch or on the next one of a dataset.
class Step {
 public:
  Step(const Net& net, const nn::Dataset& data, xtape::Rng& rng)
      : batches_(data, net.batch, rng),
        batch_(batches_.begin()),
        model_(benchmarks::make_model(net, rng)) {
    (*batch_).inputs(fixed_images_);
  }

  void on_fixed_batch() {
    tape_.rewind();
    train(tape_.constant_view(fixed_images_), fixed_labels());
  }

  void on_next_batch() {
    if (++batch_ == batches_.end()) {
      batch_ = batches_.begin();
    }
    const nn::Batch batch = *batch_;
    tape_.rewind();
    train(tape_.constant(batch.inputs), batch.targets);
  }

 private:
  std::span<const std::uint8_t> fixed_labels() const {
    static const std::vector<std::uint8_t> labels(4096, 3);
    return std::span(labels).first(fixed_images_.shape()[0]);
  }

  void train(xtape::Variable<float> images, xtape::Indices labels) {
    tape_.backward(criterion_(model_(images), labels));
    sgd_.step(model_, tape_);
  }

  nn::Batches batches_;
  nn::Batches::Iterator batch_;
  nn::Sequential<float> model_;
  nn::SoftmaxCrossEntropy criterion_;
  nn::SGD<float> sgd_{{.learning_rate = 1e-4}};
  xtape::Tape<float> tape_;
  Array<float> fixed_images_;
};

/// As many random images as MNIST has, so that a gather reads from memory and not from a cache.
/// Without a last, smaller batch.
inline nn::Dataset mnist_sized(std::size_t features, std::size_t batch) {
  xtape::Rng rng{7};
  return random_images(60000 / batch * batch, {features}, rng);
}

/// The mean time of an action, in microseconds.
inline double microseconds(int repetitions, const auto& action) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repetitions; ++i) {
    action();
  }
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  return time.count() / repetitions;
}

}  // namespace benchmarks
