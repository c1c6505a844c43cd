#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace xtape {

/// A random number generator with the same numbers on every platform, compiler and standard
/// library.
///
/// The generator is xoshiro256++ (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
/// Generators", ACM TOMS 47(4), 2021). Its period is 2^256 - 1. It is seeded by splitmix64 (Steele,
/// Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). It is a
/// std::uniform_random_bit_generator. Use the distributions of this class, because the
/// distributions of `<random>` differ between standard libraries. The state is four words. Do not
/// use the generator for cryptography.
class Rng {
 public:
  using result_type = std::uint64_t;           ///< The type of a random word.
  using State = std::array<std::uint64_t, 4>;  ///< The type of state().

  /// Seeds the generator. The same seed gives the same numbers on every machine.
  explicit Rng(std::uint64_t seed = 42);

  /// Returns the smallest, or the largest, random word.
  ///@{
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  ///@}

  /// Returns 64 random bits.
  result_type operator()();

  /// Returns a multiple of 2^-53 in [0, 1). All are equally likely.
  double uniform();

  /// Returns low + (high - low) u with u = uniform(), in [low, high), or low if low == high. Throws
  /// ValueError unless low <= high and high - low is finite.
  double uniform(double low, double high);

  /// Returns an integer in [0, n). All are exactly equally likely (Lemire, "Fast Random Integer
  /// Generation in an Interval", ACM TOMACS 29(1), 2019). Throws ValueError if n is 0.
  std::uint64_t below(std::uint64_t n);

  /// Returns a standard normal number, by the polar method (Marsaglia and Bray, "A Convenient
  /// Method for Generating Normal Variables", SIAM Review 6(3), 1964). The method yields two
  /// numbers. The second is dropped, because keeping it would add to the state.
  double normal();

  /// Returns mean + deviation z with z = normal(). Throws ValueError unless both are finite and
  /// deviation >= 0.
  double normal(double mean, double deviation);

  /// Shuffles `values` (Fisher and Yates). All orders are equally likely.
  template <class T, std::size_t N>
  void shuffle(std::span<T, N> values) {
    for (std::size_t left = values.size(); left > 1; --left) {
      using std::swap;
      swap(values[left - 1], values.data()[below(left)]);
    }
  }

  /// Writes uniform(low, high) to each element. Rounding to T may give `high` itself.
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

  /// Returns the state, which determines all further numbers.
  const State& state() const { return state_; }

  /// Restores a state from state(). The generator then returns the same numbers as after that
  /// state. Throws ValueError if all words are 0, a state that no generator reaches or leaves.
  void restore(const State& state);

 private:
  State state_;
};

}  // namespace xtape
