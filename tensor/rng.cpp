#include "tensor/rng.hpp"

#include <bit>
#include <cfloat>
#include <cmath>

#include "tensor/error.hpp"

// All floating-point arithmetic of Rng is in this file. It is compiled with -ffp-contract=off, and
// calls only sqrt, frexp and nextafter of the maths library, which are exact. So the numbers are
// bit-identical everywhere.

namespace xtape {
namespace {

static_assert(std::numeric_limits<double>::is_iec559 && FLT_EVAL_METHOD == 0,
              "Rng promises the same numbers everywhere and needs plain IEEE double arithmetic "
              "(on 32-bit x86: -msse2 -mfpmath=sse)");

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

struct Product {
  std::uint64_t high, low;
};

/// Returns the 128 bits of a * b, from 32-bit halves. Standard C++ has no 128-bit integer.
Product multiply(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t half = 0xffffffff;
  const std::uint64_t bottom = (a & half) * (b & half);
  const std::uint64_t cross = (a >> 32) * (b & half) + (bottom >> 32);
  const std::uint64_t middle = (a & half) * (b >> 32) + (cross & half);
  return {(a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32), a * b};
}

/// Returns ln x to about 2 ulp for finite x > 0. With x = m 2^e, m in [sqrt(1/2), sqrt(2)), and z =
/// (m - 1) / (m + 1): ln x = e ln 2 + 2 artanh z. Since |z| < 0.172, artanh z = z + z^3/3 + z^5/5 +
/// ... needs no term beyond z^23 / 23.
double logarithm(double x) {
  const double sqrt_half = 0x1.6a09e667f3bcdp-1;
  const double ln_2 = 0x1.62e42fefa39efp-1;
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < sqrt_half) {
    m *= 2.0;
    exponent -= 1;
  }
  const double z = (m - 1.0) / (m + 1.0);
  const double z_squared = z * z;
  double series = 0.0;
  for (int power = 23; power > 1; power -= 2) {
    series = (series + 1.0 / power) * z_squared;
  }
  return exponent * ln_2 + 2.0 * (z + z * series);
}

}  // namespace

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    word = splitmix64(seed);
  }
}

Rng::result_type Rng::operator()() {
  auto& [a, b, c, d] = state_;
  const std::uint64_t result = std::rotl(a + d, 23) + a;
  const std::uint64_t shifted = b << 17;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= shifted;
  d = std::rotl(d, 45);
  return result;
}

double Rng::uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

double Rng::uniform(double low, double high) {
  require<ValueError>(low <= high && std::isfinite(high - low),
                      "uniform: expected finite bounds with low <= high, got low {} and high {}",
                      low, high);
  const double x = low + (high - low) * uniform();
  return x < high || low == high ? x : std::nextafter(high, low);
}

std::uint64_t Rng::below(std::uint64_t n) {
  require<ValueError>(n > 0, "below: expected an upper end of at least 1, got 0");
  Product product = multiply((*this)(), n);
  if (product.low < n) {
    // Of the 2^64 random words, 2^64 mod n must be rejected to make all n results equally likely.
    const std::uint64_t surplus = (0 - n) % n;
    while (product.low < surplus) {
      product = multiply((*this)(), n);
    }
  }
  return product.high;
}

double Rng::normal() {
  while (true) {
    const double u = 2.0 * uniform() - 1.0;
    const double v = 2.0 * uniform() - 1.0;
    const double square = u * u + v * v;
    if (square > 0.0 && square < 1.0) {
      return u * std::sqrt(-2.0 * logarithm(square) / square);
    }
  }
}

double Rng::normal(double mean, double deviation) {
  require<ValueError>(
      std::isfinite(mean) && std::isfinite(deviation) && deviation >= 0.0,
      "normal: expected a finite mean and a finite deviation >= 0, got mean {} and deviation {}",
      mean, deviation);
  return mean + deviation * normal();
}

void Rng::restore(const State& state) {
  require<ValueError>(state != State{}, "Rng::restore: a state of all zeros is not valid");
  state_ = state;
}

}  // namespace xtape
