#include "nn/io/checkpoint.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/nn/io/checkpoint_run.hpp"
#include "tests/support/complaints.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

TEMPLATE_TEST_CASE("A run resumed at any place ends with the bits of one that never stopped", "",
                   float, double) {
  const TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  for (const std::string name : {"SGD", "momentum", "Adam", "AdamW", "RMSprop"}) {
    Run<TestType> straight(name);
    straight.train(3);
    const std::string wanted = straight.bits();
    const auto check = [&](auto train_and_save) {
      Run<TestType> first(name), second(name, 77);
      train_and_save(first);
      second.load(path);
      CHECK((second.bits() == nn::read_file(path, 1 << 20)));
      second.train(3);
      CHECK((second.bits() == wanted));
    };
    for (int stop = 1; stop <= 15; ++stop) {
      CAPTURE(name, stop);
      check([&](Run<TestType>& run) {
        int step = 0;
        run.train(3, [&] {
          if (++step == stop) {
            run.save(path);
          }
          return step < stop;
        });
      });
    }
    for (int epochs = 0; epochs <= 3; ++epochs) {
      CAPTURE(name, epochs);
      check([&](Run<TestType>& run) { run.train(epochs), run.save(path); });
    }
  }
}

TEST_CASE("A run that goes on in the object it was in does so from the checkpoint") {
  const TemporaryFolder folder;
  Run<float> straight("Adam"), run("Adam");
  straight.train(4);
  run.train(1);
  run.save(folder / "checkpoint");
  int steps = 0;
  run.train(4, [&] { return ++steps < 7; });  // stops within an epoch
  run.load(folder / "checkpoint");
  run.train(4);
  CHECK((run.bits() == straight.bits()));
}

TEST_CASE("A run killed at any moment and resumed ends with the bits of one that never stopped") {
  const TemporaryFolder folder;
  /// Begins or resumes the run in a folder and saves after each step. Its last checkpoint then is
  /// the whole run.
  const auto train_in = [](const fs::path& where) {
    const auto found = nn::find_checkpoints(where);
    Run<float> run("Adam", found.empty() ? 1 : 77);
    if (!found.empty()) {
      run.load(found.back());
    }
    run.train(20, [&] {
      run.save(nn::checkpoint_path(where, run.optimizer->steps()));
      nn::keep_last_checkpoints(where, 2);
      return true;
    });
  };
  const auto last = [](const fs::path& where) {
    const auto found = nn::find_checkpoints(where);
    return found.empty() ? "nothing"
                         : found.back().filename().string() + nn::read_file(found.back(), 1 << 20);
  };
  fs::create_directory(folder / "straight");
  const auto start = std::chrono::steady_clock::now();
  train_in(folder / "straight");
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;

  // A kill counts if the run has advanced since the previous one. Runs that end are started again.
  xtape::Rng moments(static_cast<std::uint64_t>(::getpid()));
  const fs::path killed = folder / "killed";
  int hits = 0;
  bool finished = true;
  for (int attempt = 0; attempt < 1000 && (hits < 20 || !finished); ++attempt) {
    if (finished) {
      fs::remove_all(killed);
      fs::create_directory(killed);
    }
    const std::string before = last(killed);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      train_in(killed);
      ::_exit(0);
    }
    if (hits < 20) {
      std::this_thread::sleep_for(whole / 4 * moments.uniform());
      ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    finished = WIFEXITED(status);
    if (finished) {
      REQUIRE(WEXITSTATUS(status) == 0);
      REQUIRE((last(killed) == last(folder / "straight")));
    } else {
      REQUIRE(WTERMSIG(status) == SIGKILL);
      hits += last(killed) != before;
    }
  }
  CHECK(hits == 20);
}

TEST_CASE("Only the last checkpoints are kept, and nothing else is touched") {
  const TemporaryFolder folder;
  CHECK(nn::checkpoint_path("runs", 42) == "runs/checkpoint-00000042.safetensors");
  CHECK(nn::checkpoint_path("", 1234567890) == "checkpoint-1234567890.safetensors");
  const std::vector<std::string> others{"checkpoint-1.safetensors",
                                        "checkpoint-000000001.safetensors",
                                        "checkpoint-00000001.safetensors.bak",
                                        "checkpoint-00000001",
                                        "checkpoint--0000001.safetensors",
                                        "checkpoint-0000000x.safetensors",
                                        "checkpoint-99999999999999999999.safetensors",
                                        "Checkpoint-00000001.safetensors",
                                        "my-checkpoint-00000001.safetensors",
                                        "weights.safetensors"};
  for (const std::string& name : others) {
    folder.write(name, name);
  }
  fs::create_directory(nn::checkpoint_path(folder.path(), 0));
  fs::create_symlink("weights.safetensors", nn::checkpoint_path(folder.path(), 1));
  std::vector<fs::path> paths;
  for (const std::size_t number : {2UL, 9UL, 10UL, 99999999UL, 123456789UL}) {
    paths.push_back(folder.write(nn::checkpoint_path("", number).string(), "x"));
  }
  nn::keep_last_checkpoints(folder.path(), 5);
  CHECK(nn::find_checkpoints(folder.path()) == paths);
  nn::keep_last_checkpoints(folder.path(), 2);
  paths.erase(paths.begin(), paths.begin() + 3);
  CHECK(nn::find_checkpoints(folder.path()) == paths);
  CHECK(folder.names().size() == others.size() + 4);

  CHECK_THROWS_AS(nn::keep_last_checkpoints(folder.path(), 0), xtape::ValueError);
  CHECK(complaint_about(folder / "none", nn::find_checkpoints) ==
        "cannot list the folder: No such file or directory");
}
