#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "nn/data/idx.hpp"
#include "tensor/array.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn {

/// How a byte becomes a pixel: (byte / 255 - mean) / deviation, by default byte / 255, which lies
/// in [0, 1]. MNIST's training images are standardised, to mean 0 and deviation 1, by
/// `PixelScale{.mean = 0.1307, .deviation = 0.3081}`.
struct PixelScale {
  double mean = 0;       ///< Of pixels in [0, 1].
  double deviation = 1;  ///< Likewise; above 0.

  /// The pixel is byte * factor() + offset().
  ///@{
  double factor() const { return 1 / (255 * deviation); }
  double offset() const { return -mean / deviation; }
  ///@}
};

/// The images of a batch, still bytes. `tape.constant(batch.images)` converts them straight into
/// the tape's memory.
///
/// What looks at the dataset throws ShapeError when its images have become more or fewer, or of
/// another size, since the batch was given.
class BatchImages {
 public:
  /// out = the pixels, (batch, rows * columns).
  template <class T>
  void operator()(Array<T>& out) const;

  std::size_t size() const { return size_; }        ///< How many images there are.
  std::size_t rows() const { return data().rows; }  ///< Pixels from top to bottom of an image.
  std::size_t columns() const {
    return data().columns;
  }  ///< Pixels from left to right of an image.

  /// The bytes of one image, row-major. Throws ValueError unless `index` is below size().
  std::span<const std::uint8_t> bytes(std::size_t index) const {
    require<ValueError>(index < size_, "Batch: there is no image {} of {}", index, size_);
    return std::span(data().images).subspan(items_[index] * features(), features());
  }

  /// How the bytes become pixels.
  const PixelScale& scale() const { return scale_; }

 private:
  friend class Batches;

  BatchImages(const Dataset& data, std::span<const std::size_t> items, std::size_t size,
              PixelScale scale)
      : data_(&data),
        items_(items),
        size_(size),
        scale_(scale),
        rows_(data.rows),
        columns_(data.columns),
        bytes_(data.images.size()) {}

  std::size_t features() const { return rows_ * columns_; }
  const Dataset& data() const;

  const Dataset* data_;
  std::span<const std::size_t> items_;  // of the batch and of those that follow it
  std::size_t size_;
  PixelScale scale_;
  std::size_t rows_, columns_, bytes_;  // of the dataset when the batch was given
};

/// Some images of a dataset and their labels, in the same order.
struct Batch {
  BatchImages images;                    ///< For `tape.constant(batch.images)`.
  std::span<const std::uint8_t> labels;  ///< One for each image.

  /// How many items there are: the last batch may have fewer.
  std::size_t size() const { return labels.size(); }
};

/// A dataset as batches of `batch_size` items, the last of which may be smaller:
///
///     for (const auto& batch : nn::Batches(train, 64, rng)) {
///       auto logits = model(tape.constant(batch.images));
///
/// With an Rng each begin() draws a new order of all items, which depends on nothing but the state
/// of the Rng; without one the items come as they are in the dataset. An object that is kept for
/// many epochs allocates nothing after its first begin().
///
/// It refers to the dataset and the Rng, which must stay in place while it is used. A Batch is
/// valid until the next begin() or the end of the Batches it came from.
class Batches {
 public:
  class Iterator;

  /// Throws ValueError when `batch_size` is 0 or the scale's deviation is not positive, ShapeError
  /// when the dataset does not hold one image for each label.
  ///@{
  Batches(const Dataset& data, std::size_t batch_size, PixelScale scale = {});
  Batches(const Dataset& data, std::size_t batch_size, Rng& rng, PixelScale scale = {});
  ///@}

  // A temporary dataset would be gone before the first batch.
  Batches(const Dataset&&, std::size_t, PixelScale = {}) = delete;
  Batches(const Dataset&&, std::size_t, Rng&, PixelScale = {}) = delete;

  /// The number of batches.
  std::size_t size() const {
    return data_->size() / batch_size_ + (data_->size() % batch_size_ > 0);
  }

  /// Begins an epoch, or goes on with the one that restore() brought back. This and each turn of
  /// the loop throw ShapeError when the dataset does not hold one image for each label any more, or
  /// changed its size within an epoch; what goes on after the last batch, ValueError.
  Iterator begin();

  /// Where the last batch has been given.
  std::default_sentinel_t end() const { return {}; }

  /// All that determines the batches to come.
  struct Position {
    std::size_t items = 0;       ///< Of the dataset.
    std::size_t batch_size = 0;  ///< As the constructor got it.
    bool within_epoch = false;   ///< Whether batches of this epoch are left.
    std::size_t given = 0;       ///< Batches of this epoch that the loop has been given.
    Rng::State epoch_start{};    ///< The Rng when this epoch began; zeros without an Rng.
    Rng::State rng{};            ///< The Rng now; zeros without an Rng.
  };

  /// Asked for in the body of a loop, the batch of that turn counts as given; after the loop the
  /// next epoch comes.
  Position position() const;

  /// The next begin() goes on after the batches that had been given, in the same order: with no
  /// batch when that was the last. Also restores the Rng. Throws ValueError when check() does; then
  /// nothing has changed.
  void restore(const Position& position);

  /// Throws ValueError when the position is none of this dataset in batches of this size, or has an
  /// Rng where this has none.
  void check(const Position& position) const;

 private:
  Batches(const Dataset& data, std::size_t batch_size, Rng* rng, PixelScale scale);

  void require_complete() const;
  void require_batch(std::size_t index) const;
  void start_epoch();
  Batch at(std::size_t index) const;

  const Dataset* data_;
  std::size_t batch_size_;
  Rng* rng_;
  PixelScale scale_;
  bool restored_ = false;  // begin() goes on
  bool within_epoch_ = false;
  std::size_t given_ = 0;
  Rng::State epoch_start_{};
  std::vector<std::size_t> order_;
  std::vector<std::uint8_t> labels_;  // in that order
};

/// An input iterator over batches.
class Batches::Iterator {
 public:
  using value_type = Batch;                ///< What std::input_iterator asks for.
  using difference_type = std::ptrdiff_t;  ///< What std::input_iterator asks for.

  /// The batch it has come to, which counts as given from now on.
  Batch operator*() const {
    const Batch batch = batches_->at(index_);
    batches_->given_ = index_ + 1;
    return batch;
  }

  /// Goes on to the next batch.
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

  /// Whether no batch is left.
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
