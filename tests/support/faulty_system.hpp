#pragma once

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <vector>

/// Makes system calls fail on demand, like full disks, damaged disks and signals. The test program
/// defines its own open, close, pread, write, fsync, rename and flock. The library calls them
/// instead of the C library's. They pass on each call that no test wants to fail.

/// The outcome of a call.
struct Outcome {
  int error = 0;                                               // errno; 0: the call succeeds
  std::size_t most = std::numeric_limits<std::size_t>::max();  // the bytes that it reads or writes
};

constexpr Outcome fails(int error) { return {.error = error}; }
constexpr Outcome moves(std::size_t bytes) { return {.most = bytes}; }
constexpr Outcome succeeds() { return {}; }

/// Records this thread's calls of these functions, and decides their outcomes, for the lifetime of
/// the object.
class FaultySystem {
 public:
  FaultySystem();
  FaultySystem(const FaultySystem&) = delete;
  FaultySystem& operator=(const FaultySystem&) = delete;
  ~FaultySystem();

  /// Sets the outcomes of the next calls of a function, in order. Later calls succeed.
  void next(const std::string& function, std::initializer_list<Outcome> outcomes);

  /// Returns the number of outcomes that no call has used.
  std::size_t outcomes_left() const;

  /// Returns the functions called so far, in order.
  const std::vector<std::string>& calls() const { return calls_; }

  /// Records a call and returns its outcome.
  Outcome call(const char* function);

 private:
  std::map<std::string, std::deque<Outcome>> outcomes_;
  std::vector<std::string> calls_;
};
