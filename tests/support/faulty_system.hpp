#pragma once

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <vector>

/// Makes calls of the operating system fail on demand, as full disks, damaged disks and signals do.
/// The test program has functions of its own with the names open, close, pread, write, fsync,
/// rename and flock. The library calls them in the place of the C library's, to which they pass
/// each call that no test wants to fail.

/// How a call ends.
struct Outcome {
  int error = 0;                                               // its errno; 0: it succeeds
  std::size_t most = std::numeric_limits<std::size_t>::max();  // bytes that it reads or writes
};

constexpr Outcome fails(int error) { return {.error = error}; }
constexpr Outcome moves(std::size_t bytes) { return {.most = bytes}; }
constexpr Outcome succeeds() { return {}; }

/// While it lives, it records which of these functions this thread calls, and decides how they end.
class FaultySystem {
 public:
  FaultySystem();
  FaultySystem(const FaultySystem&) = delete;
  FaultySystem& operator=(const FaultySystem&) = delete;
  ~FaultySystem();

  /// How the next calls of a function end, in their order. The calls after them succeed.
  void next(const std::string& function, std::initializer_list<Outcome> outcomes);

  /// How many of these outcomes no call has had yet.
  std::size_t outcomes_left() const;

  /// The functions called so far, in their order.
  const std::vector<std::string>& calls() const { return calls_; }

  /// For those functions: records a call and takes its outcome.
  Outcome call(const char* function);

 private:
  std::map<std::string, std::deque<Outcome>> outcomes_;
  std::vector<std::string> calls_;
};
