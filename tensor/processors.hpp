#pragma once

#include <cstddef>
#include <filesystem>

#ifdef __linux__
#include <sched.h>
#endif

/// @file
/// The number of processors that a process may use.

namespace xtape {

/// Returns the number of processors that this process may use, at least 1. The number is the size
/// of the affinity mask, or a container's CPU quota if the quota is smaller. If OpenMP binds
/// threads to places, as OMP_PROC_BIND asks for, all places count.
std::size_t usable_processors() noexcept;

namespace detail {

/// Returns the CPU quota of this process in processors, such as 1.5, or infinity if there is none.
///
/// The quota is the smallest of the process's control groups and their parents: cpu.max in version
/// 2, cpu.cfs_quota_us / cpu.cfs_period_us in version 1. `root` is the root of the file system.
/// Tests pass another one. See "Control Group v2" and "CFS Bandwidth Control" in the documentation
/// of the Linux kernel.
double cpu_quota(const std::filesystem::path& root = "/");

#ifdef __linux__
/// Writes the processors of the calling thread's affinity mask. If OpenMP binds threads to places,
/// writes those of all places, because the calling thread may be bound to one. Returns false if
/// there are more processors than a cpu_set_t has bits.
bool usable_set(cpu_set_t& processors) noexcept;
#endif

}  // namespace detail
}  // namespace xtape
