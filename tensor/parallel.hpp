#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

/// @file
/// Threads.

namespace xtape {

/// The number of threads that kernels and GEMM may use.
std::size_t thread_count() noexcept;

/// Sets the number of threads that kernels and GEMM may use from now on, when called by this
/// thread. (OpenBLAS, which multiplies in double precision, has one number for all threads.) Throws
/// ValueError unless `count` is from 1 to 1024.
void set_thread_count(std::size_t count);

/// Below this many elements of work a second thread costs more than it gives.
inline constexpr std::size_t parallel_threshold = 32768;

namespace detail {
void parallel_ranges(std::size_t count, std::size_t grain,
                     void (*call)(const void* body, std::size_t begin, std::size_t end),
                     const void* body);
}

/// Calls `body(begin, end)` over disjoint ranges that together cover [0, count): one range, on this
/// thread, when `work` (elements touched) is small, else one range per thread. Ranges begin at
/// multiples of `grain` and depend on `count` and the number of threads only, so a result never
/// depends on scheduling. `body` must not throw.
template <class Body>
void parallel(std::size_t count, std::size_t grain, std::size_t work, const Body& body) {
  if (work < parallel_threshold) {
    body(std::size_t{0}, count);
    return;
  }
  detail::parallel_ranges(
      count, grain,
      [](const void* self, std::size_t begin, std::size_t end) {
        (*static_cast<const Body*>(self))(begin, end);
      },
      std::addressof(body));
}

}  // namespace xtape
