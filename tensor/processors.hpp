#pragma once

#include <cstddef>
#include <filesystem>

/// @file
/// How many processors a process may use.

namespace xtape {

/// Returns the number of processors that this process may use: those of its affinity mask, or fewer
/// where a container's CPU quota allows fewer. At least 1.
std::size_t usable_processors() noexcept;

namespace detail {

/// Returns the CPU quota of this process in processors, as 1.5, or infinity when there is none.
///
/// It is the smallest quota of the process's control groups and of the groups that contain them:
/// cpu.max in version 2, cpu.cfs_quota_us / cpu.cfs_period_us in version 1. `root` is where the
/// file system begins: tests give another one. See "Control Group v2" and "CFS Bandwidth Control"
/// in the documentation of the Linux kernel.
double cpu_quota(const std::filesystem::path& root = "/");

}  // namespace detail
}  // namespace xtape
