#include "tensor/arena.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

using xtape::Arena;

TEST_CASE("Pieces of an arena are aligned and do not overlap") {
  Arena arena;
  std::vector<std::pair<std::byte*, std::size_t>> pieces;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t bytes = 1 + i * 7 % 90, alignment = std::size_t{1} << i % 5;
    auto* const place = static_cast<std::byte*>(arena.take(bytes, alignment));
    REQUIRE(reinterpret_cast<std::uintptr_t>(place) % alignment == 0);
    std::fill_n(place, bytes, static_cast<std::byte>(i));
    pieces.emplace_back(place, bytes);
  }
  bool intact = true;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (std::size_t j = 0; j < pieces[i].second; ++j) {
      intact = intact && pieces[i].first[j] == static_cast<std::byte>(i);
    }
  }
  CHECK(intact);
}

TEST_CASE("An arena that was cleared hands out the same memory") {
  Arena arena;
  const auto pass = [&] {
    std::vector<void*> places;
    for (const int bytes : {100, 20000, 8, 3000000, 16, 500000, 0, 4}) {
      places.push_back(arena.take(static_cast<std::size_t>(bytes), 8));
    }
    return places;
  };
  const std::vector<void*> first = pass();
  const std::size_t capacity = arena.capacity();
  arena.clear();
  CHECK(pass() == first);
  CHECK(arena.capacity() == capacity);
}

TEST_CASE("An arena allocates few blocks, of at most a huge page unless more is asked for") {
  COUNTING_OR_SKIP();
  Arena arena;
  const std::size_t before = allocation_count();
  for (int i = 0; i < 1 << 20; ++i) {
    arena.take(16, 8);
  }
  CHECK(allocation_count() - before < 40);
  CHECK(arena.capacity() < (std::size_t{16} << 20) + (std::size_t{3} << 20));
}

TEST_CASE("An arena refuses more than memory can hold and goes on") {
  Arena arena;
  CHECK_THROWS_AS(arena.allocate<double>(std::numeric_limits<std::size_t>::max() / 4),
                  std::bad_array_new_length);
  const auto numbers = arena.allocate<double>(3);
  CHECK(numbers.size() == 3);
  numbers[2] = 1;
  CHECK(arena.allocate<double>(1).data() >= numbers.data() + 3);
}

TEST_CASE("An arena whose memory runs out goes on in its current block") {
  COUNTING_OR_SKIP();  // the address sanitizer ends a program that asks for so much memory
  Arena arena;
  for (int i = 0; i < 40'000; ++i) {
    arena.take(64, 8);
  }
  arena.clear();
  arena.take(8, 8);  // in the first block, which is small
  CHECK_THROWS_AS(arena.allocate<double>(std::numeric_limits<std::size_t>::max() / 64),
                  std::bad_alloc);
  constexpr std::size_t bytes = 200'000;
  auto* const large = static_cast<std::byte*>(arena.take(bytes, 8));
  std::fill_n(large, bytes, std::byte{1});
  auto* const next = static_cast<std::byte*>(arena.take(8, 8));
  CHECK((next >= large + bytes || next + 8 <= large));
}

TEST_CASE("An arena gives its memory back") {
  Arena arena;
  arena.take(100, 8);
  CHECK(arena.capacity() > 0);
  arena.release();
  CHECK(arena.capacity() == 0);
  *static_cast<int*>(arena.take(sizeof(int), alignof(int))) = 1;
  CHECK(arena.capacity() > 0);
}
