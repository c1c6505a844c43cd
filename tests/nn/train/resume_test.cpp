#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
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
    nn::Run run = quiet(5, folder);
    run.save_every = 1;
    run.accumulate = accumulate;
    run.early_stop = early_stop;
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

/// The tensors of the newest checkpoint, but for times.
std::map<std::string, std::string> newest(const fs::path& folder) {
  const fs::path path = nn::find_checkpoints(folder).back();
  const nn::SafetensorsFile file(path);
  const std::string bytes = nn::read_file(path, 1 << 24);
  std::uint64_t header = 0;
  std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&header));
  std::map<std::string, std::string> tensors;
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.find("seconds") == std::string::npos) {
      tensors[name] = bytes.substr(8 + header + tensor.begin, tensor.size);
    }
  }
  return tensors;
}

/// Trains in `folder` until `stop` ends the run, then resumes it as another process would.
Result stopped_and_resumed(const Kind& kind, std::size_t step,
                           const std::function<void(std::size_t)>& stop) {
  const TemporaryFolder folder;
  {
    Parts parts;
    try {
      train(parts, kind.run(folder.path()), kind.written_out, [&](std::size_t steps) {
        if (steps == step) {
          stop(steps);
        }
      });
    } catch (const Stop&) {
    }
  }
  Parts parts(18, 4, 9);  // other weights, another order
  return train(parts, kind.run(folder.path()), kind.written_out);
}

}  // namespace

TEST_CASE("A run that an exception ends after any step resumes with the same bits", "[nn]") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.written_out, kind.accumulate, kind.early_stop);
    Parts parts;
    const Result whole = train(parts, kind.run(), kind.written_out);
    REQUIRE(parts.optimizer.steps() > 5);
    for (std::size_t step = 2; step <= parts.optimizer.steps(); ++step) {  // step - 1 is saved
      CAPTURE(step);
      check_same(stopped_and_resumed(kind, step, [](std::size_t) { throw Stop(); }), whole);
    }
  }
}

TEST_CASE("A resumed run ends with the checkpoint of one that never stopped", "[nn]") {
  const TemporaryFolder once, twice;
  const Kind kind{false, 2, 0};
  Parts whole, part, rest(18, 4, 9);
  train(whole, kind.run(once.path()), kind.written_out);
  const auto stop = [](std::size_t steps) {
    if (steps == 8) throw Stop();
  };
  CHECK_THROWS_AS(train(part, kind.run(twice.path()), kind.written_out, stop), Stop);
  train(rest, kind.run(twice.path()), kind.written_out);
  CHECK(newest(twice.path()) == newest(once.path()));
  CHECK(newest(once.path()).size() > 20);
}

TEST_CASE("A resumed run without the weights of its best epoch is refused, and does not change",
          "[nn]") {
  const TemporaryFolder folder;
  const Kind kind{true, 1, 3};
  Parts parts, again(18, 4, 9);
  train(parts, kind.run(folder.path()), kind.written_out);
  fs::remove(folder / "best.safetensors");
  const std::vector<float> before = again.weights();
  CHECK(message_of([&] { train(again, kind.run(folder.path()), kind.written_out); }) ==
        (folder / "best.safetensors").string() + ": cannot open: No such file or directory");
  CHECK(again.weights() == before);
}

TEST_CASE("A run that a signal ends after any step resumes with the same bits", "[nn]") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.written_out, kind.accumulate, kind.early_stop);
    Parts parts;
    const Result whole = train(parts, kind.run(), kind.written_out);
    for (std::size_t step = 1; step <= parts.optimizer.steps(); ++step) {
      CAPTURE(step);
      const int signal = step % 2 == 0 ? SIGINT : SIGTERM;
      check_same(stopped_and_resumed(kind, step, [=](std::size_t) { std::raise(signal); }), whole);
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
        if (steps == step) {
          ::kill(::getpid(), SIGKILL);
        }
      });
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    Parts resumed(18, 4, 9);
    check_same(train(resumed, kind.run(folder.path()), kind.written_out), whole);
  }
}

TEST_CASE("A signal ends a run after the step under way, with a checkpoint", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Run run = quiet(3, folder.path());
  nn::Epochs epochs(run, parts.model, parts.optimizer, parts.tape, parts.batches);
  std::size_t measured = 0, turns = 0;
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
      if (++turns == 7) {
        std::raise(SIGTERM);
      }
    }
    CHECK(epoch.complete() == (turns == 5));
    epoch.end([&] {
      ++measured;
      return nn::Metrics();
    });
  }
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
  nn::Epochs epochs(quiet(3, folder.path()), parts.model, parts.optimizer, parts.tape,
                    parts.batches);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      epoch.add(parts.step(batch));
    }
    std::raise(SIGINT);
    epoch.end(parts.score());
  }
  CHECK(epochs.status() == nn::RunStatus::interrupted);
  CHECK(epochs.history().epochs().size() == 1);
}

TEST_CASE("A run may leave signals to the program", "[nn]") {
  nn::Run run = quiet(1);
  run.catch_signals = false;
  Parts parts;
  std::signal(SIGTERM, SIG_IGN);
  const Result result = train(parts, run, false,
                              [](std::size_t) { CHECK(std::signal(SIGTERM, SIG_IGN) == SIG_IGN); });
  std::signal(SIGTERM, SIG_DFL);
  CHECK(result.status == nn::RunStatus::completed);
}

TEST_CASE("A finished run that is resumed does nothing, and more epochs go on from it", "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  const Result whole = train(parts, quiet(3, folder.path()));
  Parts again(18, 4, 9);
  std::size_t turns = 0;
  const Result resumed =
      train(again, quiet(3, folder.path()), false, [&](std::size_t) { ++turns; });
  CHECK(turns == 0);
  CHECK(resumed.weights == whole.weights);
  CHECK(resumed.losses == whole.losses);
  CHECK(resumed.status == nn::RunStatus::completed);

  Parts longer, more(18, 4, 9);
  CHECK(train(more, quiet(5, folder.path())).weights == train(longer, quiet(5)).weights);
}

TEST_CASE("A checkpoint is made every so many steps and at the end of each epoch, a few stay",
          "[nn]") {
  const TemporaryFolder folder;
  Parts parts;
  nn::Run run = quiet(3, folder.path());
  run.save_every = 2;
  run.keep = 100;
  train(parts, run);
  std::vector<fs::path> expected;
  for (const std::size_t step : {2UL, 4UL, 5UL, 6UL, 8UL, 10UL, 12UL, 14UL, 15UL}) {
    expected.push_back(nn::checkpoint_path(folder.path(), step));
  }
  CHECK(nn::find_checkpoints(folder.path()) == expected);

  const TemporaryFolder another;
  Parts others;
  run.folder = another.path();
  run.keep = 2;
  train(others, run);
  CHECK(nn::find_checkpoints(another.path()).size() == 2);
}

TEST_CASE("A run is not resumed as another one", "[nn]") {
  const TemporaryFolder folder;
  nn::Run run = quiet(2, folder.path());
  run.identity = {{"data", "points"}};
  Parts parts;
  train(parts, run);
  const auto refusal = [&](const nn::Run& other, Parts&& changed = Parts()) {
    const std::vector<float> before = changed.weights();
    const std::string message = message_of([&] { train(changed, other); });
    CHECK(changed.weights() == before);
    return message;
  };
  const auto mentions = [](const std::string& message, const std::string& text) {
    CAPTURE(message);
    CHECK(message.find(text) != std::string::npos);
  };
  nn::Run other = run;
  other.identity = {{"data", "other points"}};
  mentions(refusal(other), "'data' is 'points', this run has 'other points'");
  other = run;
  other.accumulate = 2;
  mentions(refusal(other), "'accumulate' is '1', this run has '2'");
  other = run;
  other.max_norm = 1;
  mentions(refusal(other), "'max_norm' is 'none', this run has '1'");
  other = run;
  other.early_stop = 3;
  mentions(refusal(other), "'early_stop' is '0', this run has '3'");
  mentions(refusal(run, Parts(19)), "the position is");
  mentions(refusal(run, Parts(18, 5)), "the position is");
  other = run;
  other.resume = false;
  CHECK(refusal(other) ==
        folder.path().string() + ": holds checkpoints: resume from them, or name another folder");
}

TEST_CASE("A folder is one run's at a time", "[nn]") {
  const TemporaryFolder folder;
  Parts first, second;
  {
    const nn::Epochs epochs(quiet(2, folder.path()), first.model, first.optimizer, first.tape,
                            first.batches);
    CHECK(message_of([&] { train(second, quiet(2, folder.path())); }) ==
          folder.path().string() + ": another run keeps its checkpoints here");
  }
  CHECK(train(second, quiet(2, folder.path())).status == nn::RunStatus::completed);
  nn::Run nowhere = quiet(2, "/dev/null/x");
  CHECK(message_of([&] { train(first, nowhere); }) ==
        "/dev/null/x: cannot make this folder: Not a directory");
}
