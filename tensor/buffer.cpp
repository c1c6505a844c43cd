#include "tensor/buffer.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace xtape {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t huge_page = std::size_t{1} << 21;

/// Large arrays begin at a huge page, so that reading them here and there (the images of a batch)
/// costs fewer misses of the address translation. The alignment must follow from the size alone: it
/// is needed again to free the memory.
std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t{bytes >= 2 * huge_page ? huge_page : cache_line};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  void* memory = ::operator new(bytes, alignment(bytes));
#ifdef __linux__
  if (bytes >= 2 * huge_page) {
    madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);  // a hint: it may be refused
  }
#endif
  return memory;
}

void deallocate_aligned(void* memory, std::size_t bytes) noexcept {
  ::operator delete(memory, alignment(bytes));
}

}  // namespace xtape
