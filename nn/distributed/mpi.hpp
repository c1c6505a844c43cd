#pragma once

#include "tensor/hide_macros.hpp"

#include <memory>

#include "nn/train/process_group.hpp"

/// @file
/// Processes that `mpirun` has started. Link `xtape::mpi`. The same program runs alone and on any
/// number of processes:
///
///     int main() {
///       const auto group = nn::init_process_group();  // null without mpirun
///       return nn::end_together(group.get(), [&] {
///         const nn::Run run{.epochs = 20, .group = group.get()};
///         nn::fit(model, criterion, adam, train, validation, run);
///         return 0;
///       });
///     }
///
///     mpirun -n 4 ./program

namespace xtape::nn {

/// Returns true if mpirun or srun has started this process as one of the ranks of MPI.
bool started_by_mpi();

/// Initializes MPI and returns all its processes as a group. Returns null, and calls no function of
/// MPI, unless started_by_mpi(). The destructor finalizes MPI. If an exception ends the scope of
/// the group, the destructor ends all ranks.
///
/// Unless OMP_NUM_THREADS is set, the ranks of a machine share its processors: set_thread_count()
/// gets the processors of this rank. A processor that several ranks may use counts in parts.
///
/// Call it once, in the thread that trains. Only this thread may use the group. To test programs,
/// set the environment variable XTAPE_MPI_DELAYS to a number. Then each call of the group first
/// waits for a random time of at most so many microseconds.
///
/// Throws Error if MPI cannot be initialized for one thread among several (MPI_THREAD_FUNNELED), or
/// if it was initialized before.
std::unique_ptr<ProcessGroup> init_process_group();

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
