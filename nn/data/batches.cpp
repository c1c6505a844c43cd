#include "nn/data/batches.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "tensor/error.hpp"
#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// How many rows ahead the gather asks memory for, past the end of the batch too: rows are short
/// and far apart, so that waiting for memory is half of its time.
constexpr std::size_t rows_ahead = 4;

/// A transform costs about as much as so many copies of its sample.
constexpr std::size_t transform_work = 16;

}  // namespace

template <class T>
void BatchSamples::operator()(Array<T>& out) const {
  resize(out, *shape_, "Batch");
  if (stage_ == nullptr) {
    copy(out.data());
  } else {
    transform(out.data());
  }
}

template <class T>
void BatchSamples::copy(T* out) const {
  const std::size_t width = samples_->sample_size();
  parallel(size_, 1, size_ * width, [&](std::size_t i, std::size_t end) {
    for (; i < end; ++i) {
      if (i + rows_ahead < rows_.size()) {
        samples_->prefetch(rows_[i + rows_ahead]);
      }
      samples_->write(rows_[i], out + i * width);
    }
  });
}

template <class T>
void BatchSamples::transform(T* out) const {
  const std::size_t width = samples_->sample_size();
  const std::size_t shares = thread_count();
  auto& workers = stage_->workers;
  workers.resize(std::max(workers.size(), shares));
  const auto change = [&](std::size_t i, auto& worker) {
    worker.values.resize(width);
    samples_->write(rows_[i], worker.values.data());
    Rng own{stage_->seed + first_ + i};
    Sample sample{worker.values, samples_->shape(), own, worker.scratch, rows_[i], stage_->epoch};
    stage_->transform(sample);
    std::transform(worker.values.begin(), worker.values.end(), out + i * width,
                   [](float value) { return static_cast<T>(value); });
  };
  parallel(shares, 1, transform_work * size_ * width, [&](std::size_t share, std::size_t end) {
    for (; share < end; ++share) {
      const std::size_t last = size_ * (share + 1) / shares;
      for (std::size_t i = size_ * share / shares; i < last; ++i) {
        change(i, workers[share]);
      }
    }
  });
}

void BatchSamples::require_numbers(const char* name) const {
  require<ValueError>(
      !samples_->is<std::uint8_t>() || samples_->sample_size() > 1,
      "{}: the targets are one byte for each sample, which would become byte / 255; "
      "make them integers or floats",
      name);
}

BatchSamples::operator Indices() const {
  const auto rows = rows_.first(size_);
  const std::size_t width = samples_->sample_size();
  return samples_->is<std::uint8_t>() ? Indices::of_rows(samples_->as<std::uint8_t>(), width, rows)
                                      : Indices::of_rows(samples_->as<std::int64_t>(), width, rows);
}

#define XTAPE_INSTANTIATE(T) template void BatchSamples::operator()(Array<T>&) const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

Batches::Side::Side(const Samples& samples, std::size_t batch_size, std::size_t last_size)
    : full{batch_size}, last{last_size} {
  full.insert(full.end(), samples.shape().begin(), samples.shape().end());
  last.insert(last.end(), samples.shape().begin(), samples.shape().end());
}

Batches::Batches(const Dataset& data, std::size_t batch_size, BatchOptions options)
    : Batches(data, batch_size, nullptr, std::move(options)) {}

Batches::Batches(const Dataset& data, std::size_t batch_size, Rng& rng, BatchOptions options)
    : Batches(data, batch_size, &rng, std::move(options)) {}

Batches::Batches(const Dataset& data, std::size_t batch_size, Rng* rng, BatchOptions options)
    : data_(data.features, data.targets),
      batch_size_(batch_size),
      rng_(rng),
      drop_last_(options.drop_last),
      stage_{std::move(options.transform)},
      inputs_(data.features, batch_size, batch_size > 0 ? data.size() % batch_size : 0),
      targets_(data.targets, batch_size, inputs_.last[0]) {
  require<ValueError>(batch_size > 0, "Batches: expected a batch size of at least 1, got 0");
  if (!options.weights.empty()) {
    set_weights(options.weights);
  }
}

void Batches::set_weights(const std::vector<double>& weights) {
  require<ValueError>(rng_ != nullptr, "Batches: weights want an Rng to draw samples with");
  require<ValueError>(weights.size() == data_.size(), "Batches: got {} weights for {} samples",
                      weights.size(), data_.size());
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    require<ValueError>(std::isfinite(weights[i]) && weights[i] >= 0,
                        "Batches: weight {} is {}, expected a finite number of at least 0", i,
                        weights[i]);
    weight_sums_.push_back(sum += weights[i]);
  }
  require<ValueError>(sum > 0 && std::isfinite(sum),
                      "Batches: the weights add up to {}, expected a finite number above 0", sum);
}

Batches::Share Batches::share_of(std::size_t batch, std::size_t rank) const {
  const std::size_t each = batch / ranks_, rest = batch % ranks_;
  return {rank * each + std::min(rank, rest), each + (rank < rest ? 1 : 0)};
}

void Batches::shard(std::size_t rank, std::size_t ranks) {
  require<ValueError>(rank < ranks, "Batches: there is no share {} of {}", rank, ranks);
  rank_ = rank;
  ranks_ = ranks;
  const auto shown = [this](std::size_t batch) {
    const std::size_t size = share_of(batch, rank_).size;
    return size > 0 ? size : share_of(batch, 0).size;
  };
  const std::size_t full = shown(batch_size_), last = shown(data_.size() % batch_size_);
  inputs_ = Side(data_.features, full, last);
  targets_ = Side(data_.targets, full, last);
}

std::size_t Batches::size() const {
  return data_.size() / batch_size_ + (!drop_last_ && data_.size() % batch_size_ > 0);
}

std::size_t Batches::samples() const {
  return drop_last_ ? data_.size() / batch_size_ * batch_size_ : data_.size();
}

void Batches::draw_order(Rng& rng) {
  if (weight_sums_.empty()) {
    rng.shuffle(std::span(order_));
  } else {
    draw_weighted(rng);
  }
  if (stage_.transform) {
    stage_.seed = rng();
  }
}

void Batches::draw_weighted(Rng& rng) {
  const auto begin = weight_sums_.begin(), end = weight_sums_.end();
  // The first sample that reaches the sum: those after it weigh nothing.
  const auto last = std::lower_bound(begin, end, weight_sums_.back());
  for (std::size_t& item : order_) {
    const double at = rng.uniform() * weight_sums_.back();
    item = static_cast<std::size_t>(std::min(std::upper_bound(begin, end, at), last) - begin);
  }
}

void Batches::require_whole() const {
  require<ValueError>(!inputs_.full.empty(), "Batches: was it moved from?");
}

void Batches::start_epoch() {
  require_whole();
  order_.resize(data_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  const bool resumes = std::exchange(restored_, false);
  if (rng_ != nullptr && resumes) {
    Rng rng;
    rng.restore(epoch_start_);
    draw_order(rng);
  } else if (rng_ != nullptr) {
    epoch_start_ = rng_->state();
    draw_order(*rng_);
  }
  if (!resumes) {
    given_ = 0;
    ++epochs_;
  }
  stage_.epoch = epochs_ - 1;
  within_epoch_ = given_ < size();
}

std::uint64_t Batches::options_hash() const {
  std::uint64_t hash = (drop_last_ ? 1U : 0U) + (stage_.transform ? 2U : 0U);
  for (const double sum : weight_sums_) {
    hash = (hash ^ std::bit_cast<std::uint64_t>(sum)) * 0x100000001b3;
  }
  return hash;
}

Batches::Position Batches::position() const {
  require_whole();
  Position position{.items = data_.size(), .batch_size = batch_size_};
  position.epochs = epochs_;
  position.options = options_hash();
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
  require_whole();
  require<ValueError>(position.items == data_.size() && position.batch_size == batch_size_,
                      "Batches: the position is one in {} items, {} a batch, but these are {} "
                      "items, {} a batch",
                      position.items, position.batch_size, data_.size(), batch_size_);
  require<ValueError>(position.given <= size(), "Batches: the position is after batch {} of {}",
                      position.given, size());
  require<ValueError>(position.epochs > 0 || !position.within_epoch,
                      "Batches: the position is in an epoch, but no epoch has begun");
  require<ValueError>(position.options == options_hash(),
                      "Batches: the position is one in batches with other options: drop_last, "
                      "weights or a transform");
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
  epochs_ = position.epochs;
  epoch_start_ = position.epoch_start;
  if (rng_ != nullptr) {
    rng_->restore(position.rng);
  }
}

void Batches::require_batch(std::size_t index) const {
  require<ValueError>(index < size(), "Batches: there is no batch {} of {}", index, size());
}

Batch Batches::at(std::size_t index) const {
  require_batch(index);
  const std::size_t first = index * batch_size_;
  require<ValueError>(first < order_.size(),
                      "Batches: was it moved from, or replaced within its loop?");
  const std::size_t total = std::min(batch_size_, order_.size() - first);
  const bool full = total == batch_size_;
  const Share mine = share_of(total, rank_);
  const Share shown = mine.size > 0 ? mine : share_of(total, 0);
  const auto rows = std::span(order_).subspan(first + shown.begin);
  Batch batch{{data_.features, rows, shown.size, full ? inputs_.full : inputs_.last},
              {data_.targets, rows, shown.size, full ? targets_.full : targets_.last},
              total,
              mine.size};
  if (stage_.transform) {
    batch.inputs.stage_ = &stage_;
    batch.inputs.first_ = first + shown.begin;
  }
  return batch;
}

}  // namespace xtape::nn
