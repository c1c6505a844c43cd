#include "tensor/rng.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"

using xtape::Rng;

static_assert(std::uniform_random_bit_generator<Rng>);
static_assert(sizeof(Rng) == 4 * sizeof(std::uint64_t));

namespace {

/// Returns Pearson's statistic of counts that should be equal.
double chi_square(const std::vector<std::size_t>& counts) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0ul));
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (std::size_t count : counts) {
    const double excess = static_cast<double>(count) - expected;
    sum += excess * excess / expected;
  }
  return sum;
}

/// Returns the largest distance between the empirical distribution of `samples` and `distribution`.
template <class Distribution>
double kolmogorov_smirnov(std::vector<double> samples, Distribution distribution) {
  std::sort(samples.begin(), samples.end());
  const double n = static_cast<double>(samples.size());
  double greatest = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double f = distribution(samples[i]);
    const double rank = static_cast<double>(i);
    greatest = std::max({greatest, f - rank / n, (rank + 1) / n - f});
  }
  return greatest;
}

std::vector<double> normals(std::size_t count) {
  Rng rng(7);
  std::vector<double> samples(count);
  rng.fill_normal(std::span(samples), 0.0, 1.0);
  return samples;
}

}  // namespace

TEST_CASE("Rng gives the reference outputs of xoshiro256++") {
  Rng rng;
  rng.restore({1, 2, 3, 4});
  const std::array<std::uint64_t, 10> expected{
      0x2800001,          0x3800067,          0xcc00003800067,    0xcc201994400b2,
      0x8012a2019ac433cd, 0x8a69978acdee33ba, 0xc271134733154abd, 0xac2ba09179169e97,
      0xdbf3190a8f073fd8, 0x9105f14ab2229220};
  for (std::uint64_t value : expected) {
    CHECK(rng() == value);
  }
}

TEST_CASE("Rng's seed is expanded by splitmix64") {
  CHECK((Rng(1234567).state() == Rng::State{0x599ed017fb08fc85, 0x2c73f08458540fa5,
                                            0x883ebce5a3f27c77, 0x3fbef740e9177b3f}));
  Rng rng(42);
  CHECK(rng() == 0xd0764d4f4476689f);
  CHECK(rng() == 0x519e4174576f3791);
  CHECK(rng() == 0xfbe07cfb0c24ed8c);
  CHECK(rng() == 0xb37d9f600cd835b8);
  CHECK((Rng().state() == Rng(42).state()));
  CHECK((Rng(1).state() != Rng(2).state()));
  CHECK(Rng(1)() != Rng(2)());
}

TEST_CASE("uniform has known values to the last bit") {
  Rng rng(42);
  CHECK(rng.uniform() == 0x1.a0ec9a9e88ecdp-1);
  CHECK(rng.uniform() == 0x1.467905d15dbccp-2);
  CHECK(rng.uniform() == 0x1.f7c0f9f61849dp-1);
  CHECK(rng.uniform() == 0x1.66fb3ec019b06p-1);
}

TEST_CASE("uniform is in [0, 1) and evenly spread") {
  Rng rng(5);
  std::vector<double> samples(100000);
  rng.fill_uniform(std::span(samples), 0.0, 1.0);
  const auto [least, greatest] = std::minmax_element(samples.begin(), samples.end());
  CHECK(*least >= 0.0);
  CHECK(*greatest < 1.0);
  // One seed in a thousand exceeds 1.95 / sqrt(n).
  CHECK(kolmogorov_smirnov(samples, [](double x) { return x; }) < 1.95 / std::sqrt(1e5));
}

TEST_CASE("uniform never gives its upper bound") {
  Rng rng;
  rng.restore({Rng::max(), 0, 0, 0});
  const double below_one = std::nextafter(1.0, 0.0);
  const double after_one = std::nextafter(1.0, 2.0);
  for (int i = 0; i < 100; ++i) {
    CHECK(rng.uniform(1.0, after_one) == 1.0);
    CHECK(rng.uniform(below_one, 1.0) == below_one);
    const double x = rng.uniform(-3.0, -2.0);
    CHECK((x >= -3.0 && x < -2.0));
  }
  CHECK(rng.uniform(2.5, 2.5) == 2.5);
}

TEST_CASE("uniform refuses bounds that make no interval") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double huge = std::numeric_limits<double>::max();
  Rng rng;
  CHECK_THROWS_AS(rng.uniform(0.0, infinity), xtape::ValueError);
  CHECK_THROWS_AS(rng.uniform(std::nan(""), 1.0), xtape::ValueError);
  CHECK_THROWS_AS(rng.uniform(-huge, huge), xtape::ValueError);
  CHECK(message_of([&] { rng.uniform(1.0, -1.0); }) ==
        "uniform: expected finite bounds with low <= high, got low 1 and high -1");
}

TEST_CASE("below has known values") {
  Rng rng(42);
  for (unsigned expected : {8u, 3u, 9u, 7u, 7u, 5u, 1u, 6u, 2u, 9u, 5u, 8u}) {
    CHECK(rng.below(10) == expected);
  }
  CHECK((rng.state() == Rng::State{0xbf8455561f610a25, 0xcf5311c64bc93ee1, 0xdd6347a3c6156993,
                                   0xe99e928701c32a44}));
}

TEST_CASE("below rejects the surplus of an n that does not divide 2^64") {
  Rng rng(42);
  const std::uint64_t n = std::uint64_t{3} << 62;
  const std::array<std::uint64_t, 6> expected{0x9c58b9fb7358ce77, 0x3d36b117419369ac,
                                              0x985a552a57634fd6, 0x70ea37403abca6dd,
                                              0x181152bf5993a800, 0x742efa854b229874};
  for (std::uint64_t value : expected) {
    CHECK(rng.below(n) == value);
  }
  CHECK((rng.state() == Rng::State{0x3ff3541a55275cb3, 0x5b904af934edee8, 0x987e754d3544a2e8,
                                   0x9cecd5d01e182483}));
}

TEST_CASE("below is unbiased") {
  Rng rng(11);
  std::vector<std::size_t> small(10);
  for (int i = 0; i < 100000; ++i) {
    ++small[rng.below(10)];
  }
  CHECK(chi_square(small) < 27.9);  // 9 degrees of freedom, p = 0.001
  // With n = 3 * 2^62 a plain `bits % n` would hit the lowest third twice as often.
  std::vector<std::size_t> thirds(3);
  for (int i = 0; i < 30000; ++i) {
    ++thirds[rng.below(std::uint64_t{3} << 62) >> 62];
  }
  CHECK(chi_square(thirds) < 13.8);  // 2 degrees of freedom, p = 0.001
}

TEST_CASE("below takes every n but 0") {
  Rng rng;
  CHECK(rng.below(1) == 0);
  CHECK(rng.below(std::uint64_t{1} << 63) < std::uint64_t{1} << 63);
  CHECK(rng.below(Rng::max()) < Rng::max());
  CHECK_FAILS(rng.below(0), xtape::ValueError, "below: expected an upper end of at least 1, got 0");
}

TEST_CASE("normal has known values to the last bit") {
  Rng rng(42);
  CHECK(rng.normal() == 0x1.f679d98b6ab7bp-1);
  CHECK(rng.normal() == 0x1.571f94d19c30ap+0);
  CHECK(rng.normal() == -0x1.edae4f6954ef1p-1);
  CHECK(rng.normal() == 0x1.91df36fc7a31dp-3);
  CHECK(rng.normal() == 0x1.9f8e83e100ac7p-3);
  CHECK(rng.normal() == -0x1.1eea5740e03d7p+1);
  // A digest of the bits of 100,000 normals, from an independent program.
  rng = Rng(42);
  std::uint64_t digest = 0;
  for (int i = 0; i < 100000; ++i) {
    digest = std::rotl(digest ^ std::bit_cast<std::uint64_t>(rng.normal()), 1);
  }
  CHECK(digest == 0xd6f6539514d9b9d9);
}

TEST_CASE("normal's own logarithm agrees with the library's") {
  Rng rng(3);
  Rng twin(3);
  double worst = 0;
  for (int i = 0; i < 100000; ++i) {
    double u = 0, square = 0;
    do {
      u = 2 * twin.uniform() - 1;
      const double v = 2 * twin.uniform() - 1;
      square = u * u + v * v;
    } while (square >= 1 || square == 0);
    const double expected = u * std::sqrt(-2 * std::log(square) / square);
    worst = std::max(worst, std::abs(rng.normal() / expected - 1));
  }
  // Where square is near 1, its last bit strongly affects its logarithm. This file may be compiled
  // with fused multiply-adds.
  CHECK(worst < 1e-10);
  CHECK((rng.state() == twin.state()));
}

TEST_CASE("normal has the moments of the standard normal distribution") {
  const auto samples = normals(1000000);
  const double n = static_cast<double>(samples.size());
  std::array<double, 5> moments{};
  for (double x : samples) {
    for (std::size_t power = 1; power < moments.size(); ++power) {
      moments[power] += std::pow(x, static_cast<double>(power)) / n;
    }
  }
  // The tolerances are four standard errors. The standard error of x^k is sqrt(Var(x^k) / n).
  CHECK(moments[1] == Approx(0).margin(4 * std::sqrt(1 / n)));
  CHECK(moments[2] == Approx(1).margin(4 * std::sqrt(2 / n)));
  CHECK(moments[3] == Approx(0).margin(4 * std::sqrt(15 / n)));
  CHECK(moments[4] == Approx(3).margin(4 * std::sqrt(96 / n)));
}

TEST_CASE("normal has the distribution and the tails of the standard normal distribution") {
  const auto cumulative = [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; };
  CHECK(kolmogorov_smirnov(normals(100000), cumulative) < 1.95 / std::sqrt(1e5));
  const auto samples = normals(1000000);
  for (double bound : {3.0, 4.0}) {
    const auto beyond = std::count_if(samples.begin(), samples.end(),
                                      [=](double x) { return std::abs(x) > bound; });
    const double expected = 1e6 * 2 * cumulative(-bound);
    CHECK(static_cast<double>(beyond) == Approx(expected).margin(4 * std::sqrt(expected)));
  }
}

TEST_CASE("normal takes a mean and a deviation") {
  Rng rng(9);
  Rng twin(9);
  CHECK(rng.normal(3.0, 0.5) == Approx(3.0 + 0.5 * twin.normal()).epsilon(1e-15));
  CHECK(rng.normal(3.0, 0.0) == 3.0);
  CHECK_THROWS_AS(rng.normal(std::nan(""), 1.0), xtape::ValueError);
  CHECK(message_of([&] { rng.normal(0.0, -1.0); }) ==
        "normal: expected a finite mean and a finite deviation >= 0, got mean 0 and deviation -1");
}

TEST_CASE("filling is drawing one after another") {
  Rng rng(13);
  Rng twin(13);
  std::vector<float> values(5);
  rng.fill_uniform(std::span(values), -1.0, 1.0);
  for (float value : values) {
    CHECK(value == static_cast<float>(twin.uniform(-1.0, 1.0)));
  }
  rng.fill_normal(std::span(values), 1.0, 0.01);
  for (float value : values) {
    CHECK(value == static_cast<float>(twin.normal(1.0, 0.01)));
  }
  CHECK((rng.state() == twin.state()));
}

TEST_CASE("shuffle permutes") {
  Rng rng(17);
  std::vector<int> values(1000);
  std::iota(values.begin(), values.end(), 0);
  const auto sorted = values;
  rng.shuffle(std::span(values));
  CHECK(values != sorted);
  CHECK(std::is_permutation(values.begin(), values.end(), sorted.begin()));

  const auto before = rng.state();
  rng.shuffle(std::span<int>{});
  rng.shuffle(std::span(values).first(1));
  CHECK((rng.state() == before));
}

TEST_CASE("shuffle gives every order equally often") {
  Rng rng(19);
  std::map<std::array<int, 4>, std::size_t> seen;
  for (int i = 0; i < 48000; ++i) {
    std::array<int, 4> values{0, 1, 2, 3};
    rng.shuffle(std::span(values));
    ++seen[values];
  }
  std::vector<std::size_t> counts;
  for (const auto& [order, count] : seen) {
    counts.push_back(count);
  }
  REQUIRE(counts.size() == 24);
  CHECK(chi_square(counts) < 49.7);  // 23 degrees of freedom, p = 0.001
}

TEST_CASE("Rng continues from a restored state") {
  Rng rng(23);
  rng.normal();
  const Rng::State saved = rng.state();
  const std::array<double, 3> expected{rng.normal(), rng.uniform(), rng.normal(2.0, 3.0)};
  Rng other(1);
  other.restore(saved);
  CHECK(other.normal() == expected[0]);
  CHECK(other.uniform() == expected[1]);
  CHECK(other.normal(2.0, 3.0) == expected[2]);

  const Rng::State kept = other.state();
  CHECK_FAILS(other.restore({}), xtape::ValueError,
              "Rng::restore: a state of all zeros is not valid");
  CHECK((other.state() == kept));
}
