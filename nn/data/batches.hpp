#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <vector>

#include "nn/data/dataset.hpp"
#include "tensor/array.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn {

/// One sample on its way into a batch, which a transform changes in place.
struct Sample {
  std::span<float> values;  ///< Its elements, row-major; bytes have become byte / 255.
  const Shape& shape;       ///< Of the sample: (28, 28), (32, 32, 3).
  Rng& rng;                 ///< A stream of random numbers for this sample alone.
  Buffer<float>& scratch;   ///< Memory to work in, of any size, kept from sample to sample.
};

/// A change of each sample, such as Augment or a lambda `[](nn::Sample& sample) { ... }`. It is
/// called by several threads at once.
using Transform = std::function<void(Sample&)>;

/// How Batches gives the samples of a dataset.
struct BatchOptions {
  bool drop_last = false;  ///< Leave out a last batch that is smaller than the others.

  /// Applied to the inputs of each batch in single precision, or nothing.
  Transform transform{};

  /// One weight a sample, at least 0. An epoch then draws as many samples as the dataset has, with
  /// replacement, each in proportion to its weight. See balanced_weights(). Empty: each sample
  /// comes once an epoch.
  std::vector<double> weights{};
};

namespace detail {

/// The transform of an epoch, and the memory of those who apply it.
struct TransformStage {
  struct Worker {
    Buffer<float> values, scratch;
  };

  Transform transform;
  std::uint64_t seed = 0;                 // of the epoch; sample i of it has the stream seed + i
  mutable std::vector<Worker> workers{};  // one for each thread
};

}  // namespace detail

/// The inputs or the targets of a batch: a few samples of a dataset, which stay where they are
/// until they are written.
class BatchSamples {
 public:
  /// Writes the samples to `out`, (batch, ...), for `tape.constant(batch.inputs)`. Bytes become
  /// byte / 255. Inputs are transformed; each call gives the same numbers, for any number of
  /// threads. Two threads must not write the transformed inputs of one Batches at a time.
  template <class T>
  void operator()(Array<T>& out) const;

  /// The number of samples.
  std::size_t size() const { return size_; }

  /// The shape of one sample.
  const Shape& shape() const { return samples_->shape(); }

  /// True if the elements are integers or bytes, so that they can be read as Indices.
  bool are_integers() const { return samples_->are_integers(); }

  /// The elements of sample `index` of this batch as they lie in the dataset. Throws ValueError if
  /// there is no such sample, and if the elements are of another type.
  template <SampleElement E>
  std::span<const E> sample(std::size_t index) const {
    require<ValueError>(index < size_, "Batch: there is no sample {} of {}", index, size_);
    return samples_->sample<E>(rows_[index]);
  }

  /// All elements as class labels or tokens. Throws ValueError unless they are integers or bytes.
  operator Indices() const;

 private:
  friend class Batches;

  BatchSamples(const Samples& samples, std::span<const std::size_t> rows, std::size_t size,
               const Shape& shape)
      : samples_(&samples), rows_(rows), size_(size), shape_(&shape) {}

  template <class T>
  void copy(T* out) const;
  template <class T>
  void transform(T* out) const;

  const Samples* samples_;
  std::span<const std::size_t> rows_;  // of the batch and of those that follow it
  std::size_t size_;
  const Shape* shape_;  // of the batch
  const detail::TransformStage* stage_ = nullptr;
  std::size_t first_ = 0;  // the place of the batch in its epoch
};

/// Some samples of a dataset and their targets, in the same order.
struct Batch {
  BatchSamples inputs;   ///< For `tape.constant(batch.inputs)`.
  BatchSamples targets;  ///< For a loss: `criterion(logits, batch.targets)`.

  /// The number of samples: the last batch may have fewer.
  std::size_t size() const { return inputs.size(); }
};

/// A dataset as batches of `batch_size` samples, the last of which may be smaller:
///
///     for (const auto& batch : nn::Batches(train, 64, rng)) {
///       auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
///
/// With an Rng each begin() draws a new order of all samples, which depends on nothing but the
/// state of the Rng; without one the samples come in the order of the dataset. Transforms draw from
/// streams that follow from the same Rng; without one they get the same numbers in each epoch. An
/// object that is kept for many epochs allocates nothing after its first.
///
/// Batches shares the elements of the dataset and refers to the Rng, which must stay in place while
/// it is used. A Batch is valid until the next begin(), and until its Batches are moved or
/// destroyed.
class Batches {
 public:
  class Iterator;

  /// Throws ValueError if `batch_size` is 0 or the weights are not one finite number of at least 0
  /// for each sample, some above 0, and an Rng; ShapeError unless there is one target for each
  /// sample.
  ///@{
  Batches(const Dataset& data, std::size_t batch_size, BatchOptions options = {});
  Batches(const Dataset& data, std::size_t batch_size, Rng& rng, BatchOptions options = {});
  ///@}

  /// The number of batches in an epoch.
  std::size_t size() const;

  /// The number of samples in an epoch.
  std::size_t samples() const;

  /// The dataset.
  const Dataset& data() const { return data_; }

  /// Begins an epoch, or resumes the one that restore() brought back.
  Iterator begin();

  /// The end of the epoch.
  std::default_sentinel_t end() const { return {}; }

  /// All that determines the batches to come.
  struct Position {
    std::size_t items = 0;       ///< The samples of the dataset.
    std::size_t batch_size = 0;  ///< As the constructor got it.
    bool within_epoch = false;   ///< Whether batches of this epoch are left.
    std::size_t given = 0;       ///< The batches of this epoch that were used.
    Rng::State epoch_start{};    ///< The Rng when this epoch began; zeros without an Rng.
    Rng::State rng{};            ///< The Rng now; zeros without an Rng.
  };

  /// Returns where the epoch is. Inside the loop, the current batch counts as used. After the loop,
  /// the position is the start of the next epoch.
  Position position() const;

  /// The next begin() resumes after the batches already used, in the same order. If none are left,
  /// it yields none. Also restores the Rng. Throws ValueError if check() does; then nothing has
  /// changed.
  void restore(const Position& position);

  /// Throws ValueError if the position is of another number of samples or another batch size, or
  /// has an Rng where this has none.
  void check(const Position& position) const;

 private:
  /// One side of the data, and the shapes of a full batch and of the last.
  struct Side {
    Shape full, last;
    Side(const Samples& samples, std::size_t batch_size, std::size_t last_size);
  };

  Batches(const Dataset& data, std::size_t batch_size, Rng* rng, BatchOptions options);

  void set_weights(const std::vector<double>& weights);
  void draw_order(Rng& rng);
  void draw_weighted(Rng& rng);
  void start_epoch();
  void require_batch(std::size_t index) const;
  Batch at(std::size_t index) const;

  Dataset data_;
  std::size_t batch_size_;
  Rng* rng_;
  bool drop_last_;
  detail::TransformStage stage_;
  std::vector<double> weight_sums_;  // of the samples up to each; empty without weights
  Side inputs_, targets_;
  bool restored_ = false;  // begin() resumes
  bool within_epoch_ = false;
  std::size_t given_ = 0;
  Rng::State epoch_start_{};
  std::vector<std::size_t> order_;
};

/// An input iterator over batches.
class Batches::Iterator {
 public:
  using value_type = Batch;                ///< What std::input_iterator asks for.
  using difference_type = std::ptrdiff_t;  ///< What std::input_iterator asks for.

  /// Returns the current batch, which counts as used from now on. Throws ValueError after the last.
  Batch operator*() const {
    const Batch batch = batches_->at(index_);
    batches_->given_ = index_ + 1;
    return batch;
  }

  /// Goes to the next batch. Throws ValueError after the last.
  ///@{
  Iterator& operator++() {
    batches_->require_batch(index_);
    ++index_;
    batches_->within_epoch_ = index_ < batches_->size();
    return *this;
  }
  Iterator operator++(int) {
    const Iterator old = *this;
    ++*this;
    return old;
  }
  ///@}

  /// True if no batch is left.
  bool operator==(std::default_sentinel_t) const { return index_ == batches_->size(); }

 private:
  friend class Batches;

  Iterator(Batches* batches, std::size_t index) : batches_(batches), index_(index) {}

  Batches* batches_;
  std::size_t index_;
};

inline Batches::Iterator Batches::begin() {
  start_epoch();
  return {this, given_};
}

}  // namespace xtape::nn
