#include "nn/data/batches.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

template <class T>
void scale_bytes(const std::uint8_t* bytes, std::size_t count, T factor, T offset, T* out) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<T>(bytes[i]) * factor + offset;
  }
}

/// Brings bytes that are needed soon into the cache: the rows of a batch are short and far apart,
/// so that the time goes into waiting for memory.
void prefetch(const std::uint8_t* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 64) {
    __builtin_prefetch(bytes + i);
  }
}

/// How many rows ahead the gather asks memory for, past the end of the batch too: halves its time.
constexpr std::size_t rows_ahead = 4;

}  // namespace

const Dataset& BatchImages::data() const {
  require<ShapeError>(
      data_->images.size() == bytes_ && data_->rows == rows_ && data_->columns == columns_,
      "Batch: when it was given its dataset held {} bytes in images of ({}, {}), now {} of ({}, "
      "{})",
      bytes_, rows_, columns_, data_->images.size(), data_->rows, data_->columns);
  return *data_;
}

template <class T>
void BatchImages::operator()(Array<T>& out) const {
  const std::size_t features = rows_ * columns_;
  const std::uint8_t* bytes = data().images.data();
  resize(out, Shape{size_, features});
  const auto image = [&](std::size_t i) { return bytes + items_[i] * features; };
  const auto factor = static_cast<T>(scale_.factor());
  const auto offset = static_cast<T>(scale_.offset());
  parallel(size_, 1, out.size(), [&, pixels = out.data()](std::size_t i, std::size_t end) {
    for (; i < end; ++i) {
      if (i + rows_ahead < items_.size()) {
        prefetch(image(i + rows_ahead), features);
      }
      scale_bytes(image(i), features, factor, offset, pixels + i * features);
    }
  });
}

#define XTAPE_INSTANTIATE(T) template void BatchImages::operator()(Array<T>&) const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

Batches::Batches(const Dataset& data, std::size_t batch_size, PixelScale scale)
    : Batches(data, batch_size, nullptr, scale) {}

Batches::Batches(const Dataset& data, std::size_t batch_size, Rng& rng, PixelScale scale)
    : Batches(data, batch_size, &rng, scale) {}

Batches::Batches(const Dataset& data, std::size_t batch_size, Rng* rng, PixelScale scale)
    : data_(&data), batch_size_(batch_size), rng_(rng), scale_(scale) {
  require<ValueError>(batch_size > 0, "Batches: expected a batch size of at least 1, got 0");
  require<ValueError>(
      std::isfinite(scale.mean) && std::isfinite(scale.deviation) && scale.deviation > 0,
      "Batches: expected pixels of a finite mean and a positive deviation, got {} and {}",
      scale.mean, scale.deviation);
  require_complete();
}

void Batches::require_complete() const {
  const Shape wanted{data_->size(), data_->rows, data_->columns};
  require<ShapeError>(data_->images.size() == element_count(wanted),
                      "Batches: {} labels want images {} of {} bytes in all, got {} bytes",
                      data_->size(), wanted, element_count(wanted), data_->images.size());
}

void Batches::start_epoch() {
  require_complete();
  order_.resize(data_->size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  const bool goes_on = std::exchange(restored_, false);
  if (rng_ != nullptr && goes_on) {
    Rng rng;
    rng.restore(epoch_start_);
    rng.shuffle(std::span(order_));
  } else if (rng_ != nullptr) {
    epoch_start_ = rng_->state();
    rng_->shuffle(std::span(order_));
  }
  if (!goes_on) {
    given_ = 0;
  }
  within_epoch_ = given_ < size();
  labels_.resize(order_.size());
  std::transform(order_.begin(), order_.end(), labels_.begin(),
                 [&](std::size_t item) { return data_->labels[item]; });
}

Batches::Position Batches::position() const {
  Position position{.items = data_->size(), .batch_size = batch_size_};
  if (within_epoch_) {
    position.within_epoch = true;
    position.given = given_;
    position.epoch_start = epoch_start_;
  }
  if (rng_ != nullptr) {
    position.rng = rng_->state();
  }
  return position;
}

void Batches::check(const Position& position) const {
  require<ValueError>(position.items == data_->size() && position.batch_size == batch_size_,
                      "Batches: the position is one in {} items, {} a batch, but these are {} "
                      "items, {} a batch",
                      position.items, position.batch_size, data_->size(), batch_size_);
  require<ValueError>(position.given <= size(), "Batches: the position is after batch {} of {}",
                      position.given, size());
  const Rng::State none{};
  const bool shuffled = rng_ != nullptr;
  require<ValueError>((position.rng != none) == shuffled &&
                          (position.epoch_start != none) == (shuffled && position.within_epoch),
                      "Batches: the position has {} Rng, these batches have {}",
                      shuffled ? "no" : "an", shuffled ? "one" : "none");
}

void Batches::restore(const Position& position) {
  check(position);
  restored_ = within_epoch_ = position.within_epoch;
  given_ = position.given;
  epoch_start_ = position.epoch_start;
  if (rng_ != nullptr) {
    rng_->restore(position.rng);
  }
}

void Batches::require_batch(std::size_t index) const {
  require_complete();
  require<ShapeError>(data_->size() == order_.size(),
                      "Batches: the dataset had {} items when this epoch began, now it has {}",
                      order_.size(), data_->size());
  require<ValueError>(index < size(), "Batches: there is no batch {} of {}", index, size());
}

Batch Batches::at(std::size_t index) const {
  require_batch(index);
  const std::size_t first = index * batch_size_;
  const std::size_t size = std::min(batch_size_, order_.size() - first);
  return {BatchImages(*data_, std::span(order_).subspan(first), size, scale_),
          std::span(labels_).subspan(first, size)};
}

}  // namespace xtape::nn
