#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/train/epochs.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

/// What ends a run at a moment that it did not choose.
struct Stop {};

/// Kinds of runs, each with all that a checkpoint must hold.
struct Kind {
  bool written_out;
  std::size_t accumulate, early_stop;

  nn::Run run(const fs::path& folder = {}) const {
    nn::Run run = quiet({.epochs = 5,
                         .folder = folder,
                         .save_every = 1,
                         .early_stop = early_stop,
                         .accumulate = accumulate});
    if (!written_out) {
      run.max_norm = 0.5;
    }
    return run;
  }
};

const std::vector<Kind> kinds{{true, 1, 0}, {false, 1, 2}, {false, 2, 0}, {false, 3, 3}};

/// Comparing with == would take NaN for a difference.
void check_same(const Result& a, const Result& b) {
  CHECK(a.weights == b.weights);
  CHECK(a.losses == b.losses);
  CHECK(a.scores == b.scores);
  CHECK(fmt::format("{}", a.norms.back()) == fmt::format("{}", b.norms.back()));
  CHECK(a.status == b.status);
}

/// Returns the tensors of the newest checkpoint, without times.
std::map<std::string, std::string> newest(const fs::path& folder) {
  const fs::path path = nn::find_checkpoints(folder).back();
  const nn::SafetensorsFile file(path);
  std::map<std::string, std::string> tensors;
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.find("seconds") == std::string::npos) {
      tensors[name].resize(tensor.size);
      file.read(tensor, std::as_writable_bytes(std::span(tensors[name])));
    }
  }
  return tensors;
}

/// Trains in `folder` until `stop` ends the run, then resumes it as another process would.
Result stopped_and_resumed(const Kind& kind, std::size_t step,
                           const std::function<void(std::size_t)>& stop) {
  const TemporaryFolder folder;
  try {
    Parts parts;
    train(parts, kind.run(folder.path()), kind.written_out, [&](std::size_t steps) {
      if (steps == step) stop(steps);
    });
  } catch (const Stop&) {
  }
  Parts parts = other_parts();
  return train(parts, kind.run(folder.path()), kind.written_out);
}

}  // namespace

TEST_CASE("A resumed run gives its transform the number of the epoch", "[nn]") {
  const auto turn_by_epoch = [](Parts& parts) {
    parts.batches = nn::Batches(parts.data, 4, parts.rng, {.transform = [](nn::Sample& sample) {
                                  sample.values[0] *=
                                      (sample.epoch + sample.index) % 2 ? -1.f : 1.f;
                                }});
  };
  const Kind& kind = kinds[0];
  Parts parts;
  turn_by_epoch(parts);
  const Result whole = train(parts, kind.run(), kind.written_out);
  for (std::size_t stop = 2; stop <= 11; ++stop) {  // an epoch has five steps
    CAPTURE(stop);
    const TemporaryFolder folder;
    Parts stopped, resumed = other_parts();
    turn_by_epoch(stopped);
    CHECK_THROWS_AS(train(stopped, kind.run(folder.path()), kind.written_out,
                          [&](std::size_t steps) {
                            if (steps == stop) throw Stop();
                          }),
                    Stop);
    turn_by_epoch(resumed);
    check_same(train(resumed, kind.run(folder.path()), kind.written_out), whole);
  }
}

TEST_CASE("A run that an exception or a signal ends after any step resumes with the same bits",
          "[nn]") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.written_out, kind.accumulate, kind.early_stop);
    Parts parts;
    const Result whole = train(parts, kind.run(), kind.written_out);
    REQUIRE(parts.optimizer.steps() > 5);
    for (std::size_t step = 1; step <= parts.optimizer.steps(); ++step) {
      CAPTURE(step);
      const int signal = step % 2 == 0 ? SIGINT : SIGTERM;
      check_same(stopped_and_resumed(kind, step, [=](std::size_t) { std::raise(signal); }), whole);
      if (step > 1) {  // the step before is saved
        check_same(stopped_and_resumed(kind, step, [](std::size_t) { throw Stop(); }), whole);
      }
    }
  }
}

TEST_CASE("A run that is killed resumes with the same bits", "[nn]") {
  const Kind kind{false, 2, 2};
  Parts parts;
  const Result whole = train(parts, kind.run(), kind.written_out);
  for (std::size_t step = 2; step <= parts.optimizer.steps(); step += 2) {
    CAPTURE(step);
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Parts killed;
      train(killed, kind.run(folder.path()), kind.written_out, [&](std::size_t steps) {
        if (steps == step) ::kill(::getpid(), SIGKILL);
      });
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    Parts resumed = other_parts();
    check_same(train(resumed, kind.run(folder.path()), kind.written_out), whole);
  }
}

TEST_CASE("A resumed run ends with the checkpoint of one that never stopped", "[nn]") {
  const TemporaryFolder once, twice;
  const Kind kind{false, 2, 0};
  Parts whole, part, rest = other_parts();
  train(whole, kind.run(once.path()), kind.written_out);
  const auto stop = [](std::size_t steps) {
    if (steps == 8) throw Stop();
  };
  CHECK_THROWS_AS(train(part, kind.run(twice.path()), kind.written_out, stop), Stop);
  train(rest, kind.run(twice.path()), kind.written_out);
  CHECK(newest(twice.path()) == newest(once.path()));
  CHECK(newest(once.path()).size() > 20);
}

TEST_CASE("A run resumes from each of its checkpoints with the best weights of that moment",
          "[nn]") {
  const std::vector<double> scores{0.5, 0.75, 0.25, 0.875, 0.5};  // two epochs are the best in turn
  const auto train_in = [&](const fs::path& folder, Parts&& parts) {
    nn::Run run = quiet({.epochs = 5, .folder = folder, .save_every = 2, .early_stop = 4});
    run.keep = 100;
    nn::Epochs epochs = parts.epochs(run);
    go(epochs, parts,
       [&](nn::Epoch& epoch) { epoch.end(nn::higher_is_better(scores[epoch.number() - 1])); });
    return parts.weights();
  };
  const TemporaryFolder folder;
  const std::vector<float> kept = train_in(folder.path(), Parts());
  const auto checkpoints = nn::find_checkpoints(folder.path());
  const std::string best = nn::read_file(folder / "best.safetensors", 1 << 20);
  REQUIRE(checkpoints.size() > 10);
  for (std::size_t left = checkpoints.size(); left > 0; --left) {
    CAPTURE(left);
    const TemporaryFolder copy;
    fs::copy(folder.path(), copy.path(), fs::copy_options::recursive);
    REQUIRE(nn::find_checkpoints(copy.path()).size() == checkpoints.size());
    for (std::size_t i = left; i < checkpoints.size(); ++i) {
      fs::remove(copy / checkpoints[i].filename().string());
    }
    CHECK(train_in(copy.path(), other_parts()) == kept);
    CHECK(nn::read_file(copy / "best.safetensors", 1 << 20) == best);
  }
}

TEST_CASE("An old checkpoint brings back the best weights that it knows", "[nn]") {
  const TemporaryFolder folder;
  std::vector<float> first;
  const auto train_in = [&](std::size_t epochs, Parts& parts) {
    nn::Run run = quiet({.epochs = epochs, .folder = folder.path(), .keep = 9, .early_stop = 9});
    nn::Epochs all = parts.epochs(run);
    go(all, parts, [&](nn::Epoch& epoch) {
      first = epoch.number() == 1 ? parts.weights() : first;
      epoch.end(nn::higher_is_better(static_cast<double>(epoch.number())));
    });
  };
  Parts parts, again = other_parts(), saved;
  train_in(3, parts);
  CHECK(parts.weights() != first);
  const auto checkpoints = nn::find_checkpoints(folder.path());
  REQUIRE(checkpoints.size() == 3);
  fs::remove(checkpoints[2]);
  fs::remove(checkpoints[1]);
  train_in(1, again);  // the first epoch is all that there is
  CHECK(again.weights() == first);
  nn::load_weights(folder / "best.safetensors", saved.model);
  CHECK(saved.weights() == first);
}

TEST_CASE("A run needs no file of its best weights to resume", "[nn]") {
  const TemporaryFolder folder;
  const Kind kind{true, 1, 3};
  const fs::path best = folder / "best.safetensors";
  Parts parts, again = other_parts(), other = other_parts();
  const Result whole = train(parts, kind.run(folder.path()), kind.written_out);
  const std::string right = nn::read_file(best, 1 << 20);
  fs::remove(best);
  check_same(train(again, kind.run(folder.path()), kind.written_out), whole);
  CHECK(nn::read_file(best, 1 << 20) == right);
  nn::save_weights(best, other.model);  // as if killed before the checkpoint of a better epoch
  check_same(train(other, kind.run(folder.path()), kind.written_out), whole);
  CHECK(nn::read_file(best, 1 << 20) == right);
}

TEST_CASE("A signal ends a run after the step under way, with a checkpoint", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet(3, folder.path()));
  std::size_t measured = 0, turns = 0;
  go(
      epochs,
      [&](nn::Epoch& epoch, const nn::Batch& batch) {
        epoch.add(parts.step(batch));
        if (++turns == 7) std::raise(SIGTERM);
      },
      [&](nn::Epoch& epoch) {
        CHECK(epoch.complete() == (turns == 5));
        epoch.end([&] {
          ++measured;
          return nn::Metrics();
        });
      });
  CHECK(turns == 7);
  CHECK(measured == 1);
  CHECK(epochs.status() == nn::RunStatus::interrupted);
  CHECK(epochs.signal() == SIGTERM);
  CHECK(epochs.history().epochs().size() == 1);
  CHECK(nn::find_checkpoints(folder.path()).back() == nn::checkpoint_path(folder.path(), 7));
}

TEST_CASE("A signal during the validation lets the epoch end", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Epochs epochs = parts.epochs(quiet(3, folder.path()));
  go(epochs, parts, [&](nn::Epoch& epoch) {
    std::raise(SIGINT);
    epoch.end(parts.score());
  });
  CHECK(epochs.status() == nn::RunStatus::interrupted);
  CHECK(epochs.history().epochs().size() == 1);
}

TEST_CASE("A signal in the last validation interrupts its run, and not the next one", "[nn]") {
  for (const std::size_t early_stop : {0UL, 1UL}) {
    CAPTURE(early_stop);
    const TemporaryFolder folder;
    Parts parts, again = other_parts(), next;
    const nn::Run run =
        quiet({.epochs = 2 + early_stop, .folder = folder.path(), .early_stop = early_stop});
    const auto score = [&](nn::Epoch& epoch) {
      return nn::lower_is_better(static_cast<double>(epoch.number()));  // epoch 2 is no better
    };
    nn::Epochs epochs = parts.epochs(run);
    go(epochs, parts, [&](nn::Epoch& epoch) {
      epoch.end([&] {
        if (epoch.number() == 2) std::raise(SIGTERM);
        return score(epoch);
      });
    });
    CHECK(epochs.status() == nn::RunStatus::interrupted);
    CHECK(epochs.signal() == SIGTERM);
    CHECK(epochs.history().epochs().size() == 2);

    nn::Epochs other = next.epochs(quiet(1));
    go(other, next);
    CHECK(other.status() == nn::RunStatus::completed);
    CHECK(other.signal() == 0);

    nn::Epochs resumed = again.epochs(run);
    go(resumed, again);
    CHECK(resumed.status() ==
          (early_stop == 0 ? nn::RunStatus::completed : nn::RunStatus::stopped_early));
    CHECK(again.weights() == parts.weights());
  }
}

TEST_CASE("A run may leave signals to the program", "[nn]") {
  Parts parts;
  std::signal(SIGTERM, SIG_IGN);
  const Result result = train(parts, quiet({.epochs = 1, .catch_signals = false}), false,
                              [](std::size_t) { CHECK(std::signal(SIGTERM, SIG_IGN) == SIG_IGN); });
  std::signal(SIGTERM, SIG_DFL);
  CHECK(result.status == nn::RunStatus::completed);
}

TEST_CASE("A finished run that is resumed does nothing, and more epochs go on from it", "[nn]") {
  const TemporaryFolder folder;
  Parts parts, again = other_parts(), longer, more = other_parts();
  const Result whole = train(parts, quiet(3, folder.path()));
  const auto never = [](std::size_t) { FAIL("a step"); };
  check_same(train(again, quiet(3, folder.path()), false, never), whole);
  CHECK(train(more, quiet(5, folder.path())).weights == train(longer, quiet(5)).weights);
}

TEST_CASE("A run is not resumed as another one", "[nn]") {
  const TemporaryFolder folder;
  nn::Run run = quiet(2, folder.path());
  run.identity = {{"data", "points"}};
  Parts parts;
  train(parts, run);
  const auto refused = [&](auto change, const std::string& text, Parts&& changed = Parts()) {
    nn::Run other = run;
    change(other);
    const std::vector<float> before = changed.weights();
    const std::string message = message_of([&] { train(changed, other); });
    CAPTURE(message);
    CHECK(message.find(text) != std::string::npos);
    CHECK(changed.weights() == before);
    return message;
  };
  refused(
      [](nn::Run& other) {
        other.identity = {{"data", "other points"}};
      },
      "'data' is 'points', this run has 'other points'");
  refused([](nn::Run& other) { other.accumulate = 2; }, "'accumulate' is '1', this run has '2'");
  refused([](nn::Run& other) { other.max_norm = 1; }, "'max_norm' is 'none', this run has '1'");
  refused([](nn::Run& other) { other.early_stop = 3; }, "'early_stop' is '0', this run has '3'");
  CHECK(refused([](nn::Run& other) { other.resume = false; }, "holds checkpoints") ==
        folder.path().string() + ": holds checkpoints: resume from them, or name another folder");
  refused([](nn::Run&) {}, "the position is", Parts(19));
  refused([](nn::Run&) {}, "the position is", Parts(18, 5));
}
