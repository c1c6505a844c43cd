#include "tests/distributed/ranks.hpp"

// ranks CASE [ARGUMENT]: what several processes do together. Each case runs on any number of ranks,
// and throws if something is wrong. tests/distributed/ranks.sh ends ranks in the middle of a run.

int main(int argc, char** argv) {
  const auto group = xtape::nn::init_process_group();
  return xtape::nn::end_together(group.get(), [&] {
    ranks::Cases cases = ranks::cases_of_numbers();
    cases.merge(ranks::cases_of_faults());
    xtape::require<xtape::Error>(group != nullptr && argc > 1 && cases.count(argv[1]) > 0,
                                 "usage: mpirun ranks CASE [ARGUMENT]");
    cases.at(argv[1])(*group, {argv + 2, argv + argc});
    return 0;
  });
}
