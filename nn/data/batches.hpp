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

/// One sample of a batch. A transform changes the sample in place.
struct Sample {
  std::span<float> values;  ///< The elements, row-major. Bytes are now byte / 255.
  const Shape& shape;       ///< The shape, such as (28, 28) or (32, 32, 3).
  Rng& rng;                 ///< The random numbers of this sample.
  Buffer<float>& scratch;   ///< Working memory that later samples reuse.
  std::size_t index = 0;    ///< The number of the sample in the dataset.
  std::size_t epoch = 0;    ///< The number of the epoch of its Batches. Epochs count from 0.
};

/// A function that changes a sample, such as Augment or a lambda `[](nn::Sample& sample) { ... }`.
/// Several threads call a Transform at once.
using Transform = std::function<void(Sample&)>;

/// The options of Batches.
struct BatchOptions {
  bool drop_last = false;  ///< Leaves out a last batch that is smaller than the others.

  /// The transform of the inputs of each batch, in single precision. Empty: no transform.
  Transform transform{};

  /// One weight for each sample, at least 0. An epoch then draws as many samples as the dataset
  /// has, with replacement, in proportion to their weights. See balanced_weights(). Empty: an epoch
  /// has each sample once.
  std::vector<double> weights{};
};

namespace detail {

/// The transform of an epoch, and the memory of the threads that apply it.
struct TransformStage {
  struct Worker {
    Buffer<float> values, scratch;
  };

  Transform transform;
  std::uint64_t seed = 0;                 // of the epoch. Sample i has the stream seed + i
  std::size_t epoch = 0;                  // its number
  mutable std::vector<Worker> workers{};  // one for each thread
};

}  // namespace detail

/// The inputs or the targets of a batch. BatchSamples refers to samples of a dataset, and copies
/// nothing until they are written.
class BatchSamples {
 public:
  /// Writes the samples to `out` (batch, ...). `tape.constant(batch.inputs)` calls this operator.
  /// Bytes become byte / 255. Inputs are transformed. Each call writes the same numbers, for any
  /// number of threads. Two threads must not write the transformed inputs of one Batches at the
  /// same time.
  template <class T>
  void operator()(Array<T>& out) const;

  /// Returns the number of samples.
  std::size_t size() const { return size_; }

  /// Returns the shape of one sample.
  const Shape& shape() const { return samples_->shape(); }

  /// True if the elements are integers or bytes, which can be read as Indices.
  bool are_integers() const { return samples_->are_integers(); }

  /// Throws ValueError, with the name of a loss or a measure, if the elements are one byte for each
  /// sample. Such bytes are labels, and would become byte / 255 as numbers.
  void require_numbers(const char* name) const;

  /// Returns the elements of sample `index` of this batch, as they are in the dataset. Throws
  /// ValueError if there is no such sample, or if the elements are of another type.
  template <SampleElement E>
  std::span<const E> sample(std::size_t index) const {
    require<ValueError>(index < size_, "Batch: there is no sample {} of {}", index, size_);
    return samples_->sample<E>(rows_[index]);
  }

  /// Returns all elements as labels or tokens. Throws ValueError unless the elements are integers
  /// or bytes.
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

/// The inputs and the targets of a batch, in the same order.
struct Batch {
  BatchSamples inputs;   ///< The inputs, for `tape.constant(batch.inputs)`.
  BatchSamples targets;  ///< The targets, for `criterion(logits, batch.targets)`.
  std::size_t total;     ///< The number of samples. See Batches::shard().
  std::size_t counted;   ///< The number of samples in this share. 0 for a stand-in.

  /// Returns the number of samples. The last batch may have fewer.
  std::size_t size() const { return inputs.size(); }

  /// Returns the weight of this share in the mean of the batch. It is 1 without Batches::shard().
  double weight() const { return static_cast<double>(counted) / static_cast<double>(total); }
};

/// A dataset in batches of `batch_size` samples. The last batch may be smaller:
///
///     for (const auto& batch : nn::Batches(train, 64, rng)) {
///       auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
///
/// With an Rng, each begin() draws a new order of all samples. The order depends only on the state
/// of the Rng. Without an Rng, the samples have the order of the dataset. The random numbers of
/// transforms follow from the same Rng. Without an Rng, they are the same in each epoch. Transforms
/// also get the number of the epoch, which counts the calls of begin(). After the first epoch, a
/// Batches does not allocate.
///
/// A Batches shares the elements of the dataset. It refers to the Rng, which must outlive it and
/// must not move. A Batch is valid until the next begin(), and until its Batches is moved or
/// destroyed.
class Batches {
 public:
  class Iterator;

  /// Takes the dataset, the batch size and the options. Weights need an Rng. Throws ValueError if
  /// `batch_size` is 0. Throws ValueError unless the weights are one finite number of at least 0
  /// for each sample, with at least one above 0. Throws ShapeError unless there is one target for
  /// each sample.
  ///@{
  Batches(const Dataset& data, std::size_t batch_size, BatchOptions options = {});
  Batches(const Dataset& data, std::size_t batch_size, Rng& rng, BatchOptions options = {});
  ///@}

  /// Spreads each batch over several processes: from now on, this Batches has only share `rank` of
  /// `ranks` of each batch. The shares differ by at most one sample, and their order is the order
  /// of the batch. All Batches with the same Rng have shares of the same batches. Transforms do not
  /// depend on the number of ranks. If a batch has fewer samples than there are ranks, a share
  /// without samples gets those of rank 0 as a stand-in. Its Batch::weight() is 0. Sizes and
  /// positions are those of whole batches. Call shard() outside of the loop over the batches.
  /// Throws ValueError unless rank < ranks.
  void shard(std::size_t rank, std::size_t ranks);

  /// Returns the number of batches in an epoch.
  std::size_t size() const;

  /// Returns the number of samples in an epoch.
  std::size_t samples() const;

  /// Returns the dataset.
  const Dataset& data() const { return data_; }

  /// Begins an epoch, or resumes the epoch that restore() has set.
  Iterator begin();

  /// Returns the end of the epoch.
  std::default_sentinel_t end() const { return {}; }

  /// The position in an epoch: the state that determines all further batches.
  struct Position {
    std::size_t items = 0;       ///< The number of samples in the dataset.
    std::size_t batch_size = 0;  ///< The batch size.
    bool within_epoch = false;   ///< True if batches of this epoch are left.
    std::size_t given = 0;       ///< The number of used batches of this epoch.
    Rng::State epoch_start{};    ///< The Rng at the start of this epoch. Zeros without an Rng.
    Rng::State rng{};            ///< The Rng now. Zeros without an Rng.
    std::size_t epochs = 0;      ///< The number of epochs that have begun.
    std::uint64_t options = 0;   ///< A hash of drop_last, the weights, and if there is a transform.
  };

  /// Returns the position in the epoch. Inside the loop, the current batch counts as used. After
  /// the loop, the position is the start of the next epoch. Throws ValueError if this Batches was
  /// moved from.
  Position position() const;

  /// Restores a position and the Rng. The next begin() resumes after the used batches, in the same
  /// order. If no batch is left, the resumed epoch is empty. Strong exception guarantee. Throws
  /// ValueError if check() does.
  void restore(const Position& position);

  /// Checks that a position fits this Batches. Throws ValueError if the number of samples, the
  /// batch size, drop_last or the weights differ. Throws ValueError if only one has a transform or
  /// an Rng, or if the epoch has fewer batches than were used. Throws ValueError if the position is
  /// in an epoch but none has begun, or if this Batches was moved from.
  void check(const Position& position) const;

 private:
  /// The shapes of a full batch and of the last batch, for the inputs or the targets.
  struct Side {
    Shape full, last;
    Side(const Samples& samples, std::size_t batch_size, std::size_t last_size);
  };

  Batches(const Dataset& data, std::size_t batch_size, Rng* rng, BatchOptions options);

  void set_weights(const std::vector<double>& weights);
  void draw_order(Rng& rng);
  void draw_weighted(Rng& rng);
  std::uint64_t options_hash() const;
  void start_epoch();
  void require_whole() const;
  void require_batch(std::size_t index) const;
  Batch at(std::size_t index) const;

  /// The part of a batch that belongs to a rank.
  struct Share {
    std::size_t begin, size;
  };
  Share share_of(std::size_t batch, std::size_t rank) const;

  Dataset data_;
  std::size_t batch_size_;
  std::size_t rank_ = 0, ranks_ = 1;  // of shard()
  Rng* rng_;
  bool drop_last_;
  detail::TransformStage stage_;
  std::vector<double> weight_sums_;  // of the samples up to each. Empty without weights
  Side inputs_, targets_;
  bool restored_ = false;  // begin() resumes
  bool within_epoch_ = false;
  std::size_t given_ = 0;
  std::size_t epochs_ = 0;  // that have begun
  Rng::State epoch_start_{};
  std::vector<std::size_t> order_;
};

/// An input iterator over batches.
class Batches::Iterator {
 public:
  using value_type = Batch;                ///< Required by std::input_iterator.
  using difference_type = std::ptrdiff_t;  ///< Required by std::input_iterator.

  /// Returns the current batch, which counts as used from now on. Throws ValueError after the last
  /// batch.
  Batch operator*() const {
    const Batch batch = batches_->at(index_);
    batches_->given_ = index_ + 1;
    return batch;
  }

  /// Goes to the next batch. Throws ValueError after the last batch.
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
