#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace xtape {

/// Random numbers that are the same on every platform, compiler and standard library.
///
/// The generator is xoshiro256++ (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
/// Generators", ACM TOMS 47(4), 2021; period 2^256 - 1), seeded by splitmix64 (Steele, Lea and
/// Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). It is a
/// std::uniform_random_bit_generator, but the distributions of `<random>` differ between standard
/// libraries; the members here do not. Four words are all its state. Not for cryptography.
class Rng {
 public:
  using result_type = std::uint64_t;           ///< What a call returns.
  using State = std::array<std::uint64_t, 4>;  ///< The words of state().

  /// The same seed gives the same numbers on every machine.
  explicit Rng(std::uint64_t seed = 42);

  /// The bounds of what a call returns.
  ///@{
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  ///@}

  /// 64 random bits.
  result_type operator()();

  /// A multiple of 2^-53, each equally likely, in [0, 1).
  double uniform();

  /// low + (high - low) u with u = uniform(), in [low, high); low itself when low == high.
  /// Throws ValueError unless low <= high and high - low is finite.
  double uniform(double low, double high);

  /// An integer in [0, n), each exactly equally likely (Lemire, "Fast Random Integer Generation in
  /// an Interval", ACM TOMACS 29(1), 2019). Throws ValueError when n is 0.
  std::uint64_t below(std::uint64_t n);

  /// A number of the standard normal distribution, by the polar method (Marsaglia and Bray, "A
  /// Convenient Method for Generating Normal Variables", SIAM Review 6(3), 1964). The second number
  /// that the method yields is dropped: keeping it would be state beyond the four words.
  double normal();

  /// mean + deviation z with z = normal(). Throws ValueError unless both are finite and deviation
  /// >= 0.
  double normal(double mean, double deviation);

  /// Puts `values` into a random order, each order equally likely (Fisher and Yates).
  template <class T, std::size_t N>
  void shuffle(std::span<T, N> values) {
    for (std::size_t left = values.size(); left > 1; --left) {
      using std::swap;
      swap(values[left - 1], values.data()[below(left)]);
    }
  }

  /// Writes uniform(low, high) to each element. The rounding to T may give `high` itself.
  template <class T, std::size_t N>
  void fill_uniform(std::span<T, N> out, double low, double high) {
    for (T& element : out) {
      element = static_cast<T>(uniform(low, high));
    }
  }

  /// Writes normal(mean, deviation) to each element.
  template <class T, std::size_t N>
  void fill_normal(std::span<T, N> out, double mean, double deviation) {
    for (T& element : out) {
      element = static_cast<T>(normal(mean, deviation));
    }
  }

  /// All that determines the numbers to come.
  const State& state() const { return state_; }

  /// Continues where `state` was read. Throws ValueError when it is all zeros, which no generator
  /// reaches and none leaves.
  void restore(const State& state);

 private:
  State state_;
};

}  // namespace xtape
