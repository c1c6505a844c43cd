#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// @file
/// Processes that train a model together. nn/distributed/mpi.hpp has those of MPI.

namespace xtape::nn {

/// A group of processes, which are called ranks. Each rank runs the same program. A function that
/// communicates must be called by all ranks, in the same order and by the same thread. Functions
/// that communicate throw Error if the group fails.
class ProcessGroup {
 public:
  ProcessGroup() = default;
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;
  virtual ~ProcessGroup() = default;

  /// Returns the number of this process, from 0.
  virtual std::size_t rank() const = 0;

  /// Returns the number of processes.
  virtual std::size_t size() const = 0;

  /// Copies the bytes of rank 0 to all ranks. Each rank gives the same number of bytes.
  virtual void broadcast(std::span<std::byte> bytes) = 0;

  /// Replaces each number by its sum over the ranks. All ranks get the same bits.
  ///@{
  virtual void all_reduce(std::span<float> numbers) = 0;
  virtual void all_reduce(std::span<double> numbers) = 0;
  ///@}

  /// Begins all_reduce() and returns at once. The numbers must stay in place until wait().
  ///@{
  virtual void start_all_reduce(std::span<float> numbers) = 0;
  virtual void start_all_reduce(std::span<double> numbers) = 0;
  ///@}

  /// Lets the sums under way make progress. Returns at once.
  virtual void poll() = 0;

  /// Returns when all sums that start_all_reduce() began are complete.
  virtual void wait() = 0;

  /// Writes the number of each rank to `all`, in the order of the ranks. `all` has size() elements.
  virtual void all_gather(double mine, std::span<double> all) = 0;

  /// Prints "rank 1 of 4: message" on standard error and ends all ranks, with a status that is not
  /// 0. Only this rank needs to call it.
  [[noreturn]] void abort(std::string_view message) noexcept {
    end_all(message);
    std::abort();
  }

  /// Returns when all ranks have called barrier().
  void barrier();

 private:
  virtual void end_all(std::string_view message) noexcept = 0;
};

/// Calls `body()` and returns its result. If it throws on a rank, ends all ranks by abort().
/// Without that, the others would wait for a rank that is gone. With a null group, it only calls
/// `body()`.
template <class Body>
std::invoke_result_t<Body&> end_together(ProcessGroup* group, Body&& body) {
  if (group == nullptr) {
    return body();
  }
  try {
    return body();
  } catch (const std::exception& error) {
    group->abort(error.what());
  } catch (...) {
    group->abort("an exception that is no std::exception");
  }
}

/// Calls `body()` on rank 0 and then on the others, for example to download a file once. Returns
/// its result. With a null group, it only calls `body()`.
template <class Body>
std::invoke_result_t<Body&> rank_0_first(ProcessGroup* group, Body&& body) {
  if (group == nullptr) {
    return body();
  }
  if (group->rank() > 0) {
    group->barrier();
    return body();
  }
  auto result = body();
  group->barrier();
  return result;
}

namespace detail {

/// Returns the group if it has several ranks. Otherwise, returns null.
ProcessGroup* several(ProcessGroup* group);

/// Copies the value of rank 0 to all ranks.
///@{
template <class Value>
requires std::is_trivially_copyable_v<Value>
void share(ProcessGroup& group, Value& value) {
  group.broadcast(std::as_writable_bytes(std::span(&value, 1)));
}
void share(ProcessGroup& group, std::string& text);
void share(ProcessGroup& group, std::vector<double>& numbers);
///@}

/// Throws Error, with the ranks that have another hash than most of them. In a tie, rank 0 is
/// right. The message is "epoch 3: the weights of rank 1 differ from those of the other ranks".
void require_same_hash(ProcessGroup& group, std::uint64_t hash, std::string_view what);

/// Adds words to a hash.
std::uint64_t hash_bytes(std::span<const std::byte> bytes, std::uint64_t hash);

}  // namespace detail

}  // namespace xtape::nn
