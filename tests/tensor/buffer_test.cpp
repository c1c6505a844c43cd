#include "tensor/buffer.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "tensor/rng.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

namespace {

/// Returns a size from one byte to some huge pages.
std::size_t random_size(xtape::Rng& rng) {
  return std::size_t{1} + rng() % (std::size_t{1} << (1 + rng() % 23));
}

struct Block {
  unsigned char* memory;
  std::size_t bytes;
  unsigned char mark;
};

/// True if the block has its mark at both ends and at a few places between.
bool intact(const Block& block) {
  for (std::size_t i = 0; i < block.bytes; i += 1 + block.bytes / 8) {
    if (block.memory[i] != block.mark) {
      return false;
    }
  }
  return block.memory[block.bytes - 1] == block.mark;
}

/// Allocates and frees blocks in random order. Returns false if two overlapped or one was not
/// aligned.
bool churn(std::uint64_t seed, int rounds) {
  xtape::Rng rng{seed};
  std::vector<Block> blocks;
  bool right = true;
  const auto give_back = [&](std::size_t index) {
    right = right && intact(blocks[index]);
    xtape::deallocate_aligned(blocks[index].memory, blocks[index].bytes);
    blocks[index] = blocks.back();
    blocks.pop_back();
  };
  for (int round = 0; round < rounds; ++round) {
    if (blocks.size() > 20) {
      give_back(rng() % blocks.size());
    }
    const std::size_t bytes = random_size(rng);
    auto* memory = static_cast<unsigned char*>(xtape::allocate_aligned(bytes));
    right = right && reinterpret_cast<std::uintptr_t>(memory) % 64 == 0;
    blocks.push_back({memory, bytes, static_cast<unsigned char>(rng())});
    std::fill_n(memory, bytes, blocks.back().mark);
  }
  while (!blocks.empty()) {
    give_back(blocks.size() - 1);
  }
  return right;
}

}  // namespace

TEST_CASE("Aligned memory does not overlap, whatever its size") { CHECK(churn(1, 2000)); }

TEST_CASE("Aligned memory is given to many threads at once", "[threads]") {
  std::vector<char> right(4, false);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < right.size(); ++i) {
      threads.emplace_back([&right, i] { right[i] = churn(i, 300); });
    }
  }
  CHECK(std::count(right.begin(), right.end(), true) == 4);
}

TEST_CASE("Arrays of some kilobytes share huge pages") {
  // Huge pages keep each array in one piece of memory: see docs/performance.md.
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: under a sanitizer, each array has memory of its own");
  }
  constexpr std::size_t bytes = 784 * 128 * sizeof(float), huge_page = std::size_t{1} << 21;
  std::vector<void*> fillers(400), arrays(4);  // other tests may have left gaps in pages
  for (std::vector<void*>* some : {&fillers, &arrays}) {
    for (void*& array : *some) {
      array = xtape::allocate_aligned(bytes);
    }
  }
  std::vector<std::uintptr_t> pages(arrays.size());
  std::transform(arrays.begin(), arrays.end(), pages.begin(),
                 [](void* array) { return reinterpret_cast<std::uintptr_t>(array) / huge_page; });
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const auto last = reinterpret_cast<std::uintptr_t>(arrays[i]) + bytes - 1;
    CHECK(last / huge_page == pages[i]);
  }
  std::sort(pages.begin(), pages.end());
  CHECK(std::unique(pages.begin(), pages.end()) - pages.begin() <= 2);
  arrays.insert(arrays.end(), fillers.begin(), fillers.end());
  for (void* array : arrays) {
    xtape::deallocate_aligned(array, bytes);
  }
}

TEST_CASE("A forked child gets memory, whatever other threads did at that moment", "[threads]") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: under a sanitizer, the system gives memory to each array");
  }
  std::atomic<bool> stop = false;
  const auto take = [](unsigned char mark) {
    constexpr std::size_t bytes = 100000;  // shares a huge page
    auto* const memory = static_cast<unsigned char*>(xtape::allocate_aligned(bytes));
    memory[0] = mark;
    const bool right = memory[0] == mark;
    xtape::deallocate_aligned(memory, bytes);
    return right;
  };
  int failed = 0;
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i) {
      others.emplace_back([&] {
        while (!stop) {
          take(1);
        }
      });
    }
    for (int i = 0; i < 100 && failed == 0; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::alarm(10);  // ends a child that waits for ever
        ::_exit(take(2) ? 0 : 1);
      }
      int status = -1;
      ::waitpid(child, &status, 0);
      failed += status != 0;
    }
    stop = true;
  }
  CHECK(failed == 0);
}
