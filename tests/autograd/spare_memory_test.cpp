#include "autograd/spare_memory.hpp"

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

using xtape::SpareMemory;
using xtape::Storage;

namespace {

using Memory = SpareMemory<float>;

constexpr std::size_t least = Memory::least;

}  // namespace

TEST_CASE("Spare memory is lent to the buffer that it fits best") {
  Memory memory;
  Storage<float> small(least), middle(2 * least), large(3 * least), buffer;
  const float* const place = middle.data();
  for (Storage<float>* each : {&large, &small, &middle}) {
    memory.take_back(*each);
    CHECK(each->capacity() == 0);
  }
  CHECK(memory.size() == 3);
  memory.lend(buffer, least + 1);
  CHECK(buffer.data() == place);
  CHECK(memory.size() == 2);
  memory.lend(buffer, 2 * least);  // it has enough
  CHECK(buffer.data() == place);
  memory.take_back(buffer);
  memory.lend(buffer, 1);
  CHECK(buffer.capacity() == least);
}

TEST_CASE("If all spare memory is too small, the largest is freed") {
  Memory memory;
  {
    Storage<float> small(least), middle(2 * least), buffer, other;
    memory.take_back(small);
    memory.take_back(middle);
    memory.lend(buffer, 3 * least);
    CHECK(buffer.capacity() == 0);
    CHECK(memory.size() == 1);
    memory.lend(other, least);
    CHECK(other.capacity() == least);  // the small block is still there
  }
  for (std::size_t size = least; size < 50 * least; size += least) {
    Storage<float> first, second;
    for (Storage<float>* each : {&first, &second}) {
      memory.lend(*each, size);
      each->resize(size);
    }
    memory.take_back(first);
    memory.take_back(second);
    CHECK(memory.size() == 2);
  }
}

TEST_CASE("Small memory stays with its buffer") {
  Memory memory;
  Storage<float> buffer(least - 1), other;
  memory.take_back(buffer);
  CHECK(buffer.capacity() == least - 1);
  CHECK(memory.size() == 0);
  memory.lend(other, 1);
  CHECK(other.capacity() == 0);
}

TEST_CASE("Lending and taking back allocate nothing when they repeat") {
  COUNTING_OR_SKIP();
  Memory memory;
  const auto pass = [&] {
    Storage<float> first, second;
    memory.lend(first, least);
    first.resize(least);
    memory.lend(second, 2 * least);
    second.resize(2 * least);
    memory.take_back(first);
    memory.take_back(second);
  };
  pass();
  const std::size_t before = allocation_count();
  pass();
  CHECK(allocation_count() == before);
}
