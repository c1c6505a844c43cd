#include "examples/cli/ranks.hpp"

#include "examples/cli/output.hpp"
#if XTAPE_WITH_MPI
#include "nn/distributed/mpi.hpp"
#endif

namespace cli {

std::unique_ptr<xtape::nn::ProcessGroup> join_ranks() {
#if XTAPE_WITH_MPI
  auto group = xtape::nn::init_process_group();
  prints() = leads(group.get());
  return group;
#else
  return nullptr;
#endif
}

}  // namespace cli
