#pragma once

#include <memory>
#include <xtape.hpp>

namespace cli {

/// Returns the processes that mpirun has started, or null if it has not, or if the program was
/// built without MPI. From now on, rank 0 alone prints on standard output.
std::unique_ptr<xtape::nn::ProcessGroup> join_ranks();

/// Returns whether this process leaves results: rank 0 does, and a process without a group.
inline bool leads(const xtape::nn::ProcessGroup* group) {
  return group == nullptr || group->rank() == 0;
}

}  // namespace cli
