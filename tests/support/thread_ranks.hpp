#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <exception>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "nn/train/process_group.hpp"
#include "tensor/error.hpp"

/// What the threads that stand for processes share.
class ThreadRanks {
 public:
  explicit ThreadRanks(std::size_t size) : places_(size) {}

  std::size_t size() const { return places_.size(); }

  /// Calls `use(places)` once for all ranks, when each has brought its place.
  template <class Use>
  void meet(std::size_t rank, void* place, Use use) {
    std::unique_lock lock(mutex_);
    places_[rank] = place;
    const std::size_t round = round_;
    if (++arrived_ == size()) {
      use(places_);
      arrived_ = 0;
      ++round_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return round_ != round || failed_; });
    xtape::require<xtape::Error>(round_ != round, "another rank has failed");
  }

  /// Lets no rank wait for one that is gone.
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<void*> places_;
  std::size_t arrived_ = 0, round_ = 0;
  bool failed_ = false;
};

/// A rank of a group of threads.
class ThreadRank final : public xtape::nn::ProcessGroup {
 public:
  ThreadRank(ThreadRanks& ranks, std::size_t rank) : ranks_(ranks), rank_(rank) {}

  std::size_t rank() const override { return rank_; }
  std::size_t size() const override { return ranks_.size(); }

  void broadcast(std::span<std::byte> bytes) override {
    ranks_.meet(rank_, bytes.data(), [&](const std::vector<void*>& places) {
      for (std::size_t i = 1; i < places.size() && !bytes.empty(); ++i) {
        std::memcpy(places[i], places[0], bytes.size());
      }
    });
  }
  void all_reduce(std::span<float> numbers) override { sum(numbers); }
  void all_reduce(std::span<double> numbers) override { sum(numbers); }
  void start_all_reduce(std::span<float> numbers) override {
    ++started;
    sum(numbers);
  }
  void start_all_reduce(std::span<double> numbers) override {
    ++started;
    sum(numbers);
  }
  void poll() override {}
  void wait() override {}
  void all_gather(double mine, std::span<double> all) override {
    std::fill(all.begin(), all.end(), 0.);
    all[rank_] = mine;
    sum(all);
  }

  std::size_t started = 0;  ///< How many sums start_all_reduce() has begun.

 private:
  void end_all(std::string_view) noexcept override {}

  template <class T>
  void sum(std::span<T> numbers) {
    ranks_.meet(rank_, numbers.data(), [&](const std::vector<void*>& places) {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        T total = 0;
        for (void* place : places) {
          total += static_cast<T*>(place)[i];
        }
        for (void* place : places) {
          static_cast<T*>(place)[i] = total;
        }
      }
    });
  }

  ThreadRanks& ranks_;
  std::size_t rank_;
};

/// Calls `body(group)` on so many threads at once, each with a rank of its own. If it throws on
/// some, rethrows the exception of the one that threw first.
template <class Body>
void on_ranks(std::size_t size, Body body) {
  ThreadRanks ranks(size);
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        ThreadRank group(ranks, rank);
        body(group);
      } catch (...) {
        {
          const std::lock_guard lock(mutex);
          first = first == nullptr ? std::current_exception() : first;
        }
        ranks.fail();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (first != nullptr) {
    std::rethrow_exception(first);
  }
}
