#include "tensor/storage.hpp"

#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "tensor/arena.hpp"
#include "tensor/array.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

using xtape::Arena;
using xtape::Storage;

namespace {

constexpr std::size_t small = xtape::detail::small_bytes / sizeof(float);

void fill(Storage<float>& storage) {
  storage.resize(3);
  for (std::size_t i = 0; i < storage.size(); ++i) {
    storage[i] = static_cast<float>(i + 1);
  }
}

bool holds_numbers(const Storage<float>& storage) {
  return storage.size() == 3 && storage[0] == 1 && storage[1] == 2 && storage[2] == 3;
}

}  // namespace

TEST_CASE("A storage owns aligned memory and keeps it when it shrinks") {
  Storage<float> storage(100, 2.f);
  CHECK(reinterpret_cast<std::uintptr_t>(storage.data()) % 64 == 0);
  CHECK(storage.end() - storage.begin() == 100);
  CHECK((storage.front() == 2.f && storage.back() == 2.f));
  const float* const memory = storage.data();
  storage.resize(0);
  CHECK(storage.empty());
  storage.resize(100);
  CHECK(storage.data() == memory);
  CHECK(storage[99] == 2.f);
  storage.resize(101);
  CHECK(storage.capacity() == 101);
}

TEST_CASE("An empty storage has no memory") {
  Arena arena;
  const Storage<float> none{}, nothing(0), unused(arena);
  for (const auto* storage : {&none, &nothing, &unused}) {
    CHECK(storage->data() == nullptr);
    CHECK(storage->begin() == storage->end());
    CHECK(storage->capacity() == 0);
  }
  CHECK(none == unused);
  CHECK(Storage<float>(unused).data() == nullptr);
}

TEST_CASE("A storage that cannot grow is unchanged") {
  Storage<float> storage;
  fill(storage);
  CHECK_THROWS_AS(storage.resize(std::numeric_limits<std::size_t>::max() / 2),
                  std::bad_array_new_length);
  CHECK(holds_numbers(storage));
}

TEST_CASE("Copies and moves of storages") {
  Storage<float> original;
  fill(original);
  const float* const memory = original.data();
  Storage<float> copy = original;
  CHECK(holds_numbers(copy));
  CHECK(copy.data() != memory);
  copy = *&copy;
  CHECK(holds_numbers(copy));
  Storage<float> moved = std::move(original);
  CHECK(moved.data() == memory);
  CHECK(original.data() == nullptr);
  copy = std::move(moved);
  CHECK(copy.data() == memory);
  CHECK(moved.capacity() == 0);
  CHECK_FALSE(copy == Storage<float>(3, 1.f));
  CHECK_FALSE(copy == Storage<float>(2, 1.f));
}

TEST_CASE("Small memory comes from the arena, large memory does not") {
  Arena arena;
  Storage<float> first(arena), second(arena), large(arena);
  first.resize(1);
  second.resize(small);
  CHECK(reinterpret_cast<std::uintptr_t>(first.data()) % sizeof(std::size_t) == 0);
  CHECK(first.capacity() == 2);
  CHECK(second.capacity() == small);
  CHECK((second.data() >= first.data() + 2 || second.data() + small <= first.data()));
  COUNTING_OR_SKIP();
  const std::size_t before = allocation_count();
  large.resize(small + 1);
  CHECK(allocation_count() == before + 1);
  CHECK(reinterpret_cast<std::uintptr_t>(large.data()) % 64 == 0);
}

TEST_CASE("A storage with small memory that grows gets memory of its own and keeps that") {
  COUNTING_OR_SKIP();
  Arena arena;
  Storage<float> storage(arena);
  storage.resize(1);
  const std::size_t before = allocation_count();
  storage.resize(10);
  CHECK(allocation_count() == before + 1);
  const float* const memory = storage.data();
  storage.resize(1);
  storage.resize(10);
  CHECK(storage.data() == memory);
}

TEST_CASE("What leaves a storage with small memory does not refer to the arena") {
  Storage<float> copied, moved;
  std::vector<Storage<float>> constructed;
  {
    Arena arena;
    Storage<float> storage(arena);
    fill(storage);
    copied = storage;
    constructed.push_back(storage);
    moved = std::move(storage);
    CHECK(storage.empty());
    fill(storage);  // it has kept its memory
    CHECK(storage.data() != moved.data());
    constructed.push_back(std::move(storage));
    CHECK(storage.size() == 0);
  }
  CHECK(holds_numbers(copied));
  CHECK(holds_numbers(moved));
  CHECK(holds_numbers(constructed[0]));
  CHECK(holds_numbers(constructed[1]));
}

TEST_CASE("A storage with small memory takes over memory that is moved into it") {
  Arena arena;
  Storage<float> storage(arena), from;
  storage.resize(2);
  fill(from);
  const float* const memory = from.data();
  storage = std::move(from);
  CHECK(storage.data() == memory);
  CHECK(holds_numbers(storage));
}

TEST_CASE("Storages are swapped, whoever owns their memory") {
  Arena arena;
  Storage<float> small_one(arena), own(5, 7.f);
  fill(small_one);
  std::swap(small_one, own);
  CHECK(holds_numbers(own));
  CHECK(small_one == Storage<float>(5, 7.f));
}

TEST_CASE("Storages trade their memory, also small memory and the right to some") {
  Arena arena;
  Storage<float> small_one(arena), none(arena), own(5, 7.f), empty;
  fill(small_one);
  const float *const small_place = small_one.data(), *const own_place = own.data();
  small_one.trade(own);
  CHECK(own.data() == small_place);
  CHECK(holds_numbers(own));
  CHECK(small_one.data() == own_place);
  none.trade(empty);
  CHECK(none.empty());
  const std::size_t before = arena.capacity();
  empty.resize(2);  // from the arena
  CHECK(arena.capacity() == before);
  own.trade(small_one);
  CHECK(small_one.data() == small_place);
  CHECK(own == Storage<float>(5, 7.f));
}
