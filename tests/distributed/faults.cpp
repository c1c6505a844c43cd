#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/distributed/ranks.hpp"

namespace ranks {
namespace {

namespace fs = std::filesystem;

/// Early stopping ends all ranks at once, with the weights of the best epoch.
void early_stop(nn::ProcessGroup& group, const Arguments& arguments) {
  const fs::path folder = arguments.at(0);
  Parts<float> parts(9, 4, 3 + group.rank());
  nn::Run run{.epochs = 50, .folder = folder, .resume = true, .early_stop = 2, .group = &group};
  const nn::History history = train(parts, run);
  EXPECT(history.epochs().size() < 50);
  nn::detail::require_same_hash(group, nn::hash_of(parts.model), "the weights");
  Parts<float> again(9, 4, 7 + group.rank());
  train(again, run);
  EXPECT(again.weights() == parts.weights());
}

/// A run in two parts ends with the bits of a whole one, also if the ranks train apart.
void resume(nn::ProcessGroup& group, const Arguments& arguments) {
  const fs::path folder = arguments.at(0);
  nn::LocalSteps local_steps;
  const auto run = [&](std::size_t epochs, const fs::path& kept) {
    Parts<float> parts(21, 4, 1 + group.rank(), 0.3);
    const nn::History history = train(parts, {.epochs = epochs,
                                              .folder = kept,
                                              .resume = !kept.empty(),
                                              .save_every = 2,
                                              .group = &group,
                                              .local_steps = local_steps});
    EXPECT(history.epochs().size() == epochs);
    return parts.weights();
  };
  for (const std::size_t every : {0UL, 1UL, 4UL}) {
    local_steps = every == 0 ? nn::LocalSteps() : nn::diloco(every);
    const fs::path kept = folder / std::to_string(every);
    const auto whole = run(5, {});
    run(2, kept);
    EXPECT(run(5, kept) == whole);
  }
}

/// Trains with checkpoints, slowly, to be ended from outside. Prints the hash of the weights. With
/// a third argument, the ranks train apart.
void slow(nn::ProcessGroup& group, const Arguments& arguments) {
  Parts<float> parts(21, 4, 1 + group.rank(), 0.3);
  const nn::LocalSteps apart = arguments.size() > 2 ? nn::diloco(4) : nn::LocalSteps();
  nn::Epochs epochs(quiet({.epochs = 6,
                           .folder = arguments.at(0),
                           .resume = true,
                           .save_every = 1,
                           .group = &group,
                           .local_steps = apart}),
                    parts.model, *parts.optimizer, parts.tape, parts.batches);
  const auto pause = std::chrono::milliseconds(std::stoul(arguments.at(1)));
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.step([&] { return parts.loss_of(batch); });
      std::this_thread::sleep_for(pause);
    }
  }
  if (group.rank() == 0) {
    const std::string end =
        fmt::format("steps {}, signal {}, weights {:016x}\n", parts.optimizer->steps(),
                    epochs.signal(), nn::hash_of(parts.model));
    std::fputs(end.c_str(), stdout);
    // Open MPI 5 drops what is printed after SIGTERM.
    std::ofstream(arguments.at(0) + ".end") << end;
  }
}

/// A bit of a weight flips on one rank, whose number is in the message.
void drift(nn::ProcessGroup& group, const Arguments& arguments) {
  const std::size_t rank = std::stoul(arguments.at(0));
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 3, .group = &group}, [&](std::size_t steps) {
    if (steps == 8 && group.rank() == rank) {
      nn::for_each_parameter(parts.model, [](const nn::ParameterName&, xtape::Array<float>& array) {
        auto* bytes = reinterpret_cast<unsigned char*>(array.data());
        bytes[0] = static_cast<unsigned char>(bytes[0] ^ 1);
      });
    }
  });
}

/// A rank throws in the middle of a run.
void failure(nn::ProcessGroup& group, const Arguments& arguments) {
  const std::size_t rank = std::stoul(arguments.at(0));
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 100000, .group = &group}, [&](std::size_t steps) {
    require<xtape::Error>(steps < 50 || group.rank() != rank, "the teapot is broken");
  });
}

/// The options of the ranks differ.
void options(nn::ProcessGroup& group, const Arguments&) {
  Parts<float> parts(24, 4);
  train(parts, {.epochs = 2 + group.rank(), .group = &group});
}

/// Many short runs, for random delays.
void schedules(nn::ProcessGroup& group, const Arguments& arguments) {
  std::vector<double> first;
  for (std::size_t i = std::stoul(arguments.at(0)); i > 0; --i) {
    Parts<double> parts(11, 4, 1 + group.rank());
    train(parts, {.epochs = 1, .group = &group});
    EXPECT(first.empty() || first == parts.weights());
    first = parts.weights();
  }
}

}  // namespace

Cases cases_of_faults() {
  return {{"early_stop", early_stop}, {"resume", resume},   {"slow", slow},
          {"drift", drift},           {"failure", failure}, {"options", options},
          {"schedules", schedules}};
}

}  // namespace ranks
