#include "tensor/indices.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "tensor/xtensor.hpp"
#include "tests/support/catch.hpp"

using xtape::Indices;

static_assert(std::convertible_to<std::vector<int>, Indices>);
static_assert(std::convertible_to<std::span<const std::uint8_t>, Indices>);
static_assert(!std::convertible_to<std::vector<float>, Indices>);
static_assert(!std::convertible_to<std::list<int>, Indices>);

namespace {

/// Reads indices as an op does, by value.
std::vector<std::int64_t> read(Indices indices) {
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    list.push_back(indices[i]);
  }
  return list;
}

}  // namespace

TEST_CASE("Indices read any contiguous range of integers") {
  const std::vector<std::int64_t> expected{3, 1, 4};
  const std::vector<int> ints{3, 1, 4};
  const std::array<std::uint8_t, 3> bytes{3, 1, 4};
  const short shorts[] = {3, 1, 4};
  CHECK(read(ints) == expected);
  CHECK(read(bytes) == expected);
  CHECK(read(shorts) == expected);
  CHECK(read(std::span(ints)) == expected);
  CHECK(read(std::vector<std::uint64_t>{3, 1, 4}) == expected);
  CHECK(read({3, 1, 4}) == expected);
  CHECK(read(std::vector<int>{}).empty());
}

TEST_CASE("Indices keep signs and sizes") {
  CHECK(read(std::vector<std::int8_t>{-1, 127}) == std::vector<std::int64_t>{-1, 127});
  CHECK(read(std::vector<std::uint8_t>{255}) == std::vector<std::int64_t>{255});
  CHECK(read(std::vector<std::uint32_t>{4294967295}) == std::vector<std::int64_t>{4294967295});
  CHECK(read(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min()})[0] ==
        std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("Indices in messages are what the caller wrote") {
  const std::vector<std::uint64_t> huge{3, std::numeric_limits<std::uint64_t>::max()};
  const std::vector<std::int8_t> bytes{-1, 7};
  CHECK(Indices(huge).text(0) == "3");
  CHECK(Indices(huge).text(1) == "18446744073709551615");
  CHECK(Indices(huge)[1] < 0);
  CHECK(Indices(bytes).text(0) == "-1");
  CHECK(Indices(bytes).text(1) == "7");
}

TEST_CASE("Copies of Indices refer to the caller's range") {
  std::vector<int> rows{1, 2};
  const Indices indices = rows;
  const Indices copy = indices;
  rows[1] = 7;
  CHECK(copy[1] == 7);
  CHECK(copy.size() == 2);
}

TEST_CASE("indices have the extents of an array, or one") {
  const xt::xarray<int> table{{1, 2, 3}, {4, 5, 6}};
  const auto extents = [](const Indices& indices) {
    return std::vector<std::size_t>(indices.extents().begin(), indices.extents().end());
  };
  CHECK(extents(table) == std::vector<std::size_t>{2, 3});
  CHECK(read(table) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6});
  CHECK(extents(xt::xarray<int>(7)).empty());
  CHECK(extents(std::vector<int>{1, 2}) == std::vector<std::size_t>{2});
  CHECK(extents({3, 4, 5}) == std::vector<std::size_t>{3});
}
