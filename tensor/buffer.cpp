#include "tensor/buffer.hpp"

namespace xtape {
namespace {
constexpr std::align_val_t alignment{64};
}

void* allocate_aligned(std::size_t bytes) { return ::operator new(bytes, alignment); }

void deallocate_aligned(void* memory) noexcept { ::operator delete(memory, alignment); }

}  // namespace xtape
