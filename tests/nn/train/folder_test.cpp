#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/train/epochs.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/faulty_system.hpp"
#include "tests/support/temporary_folder.hpp"

// The folder of a run's checkpoints: who may use it, and what cannot be.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

struct Folder {
  TemporaryFolder temporary;
  fs::path path = temporary / "run";
  Parts parts;

  nn::Epochs open() { return open(path); }
  nn::Epochs open(const fs::path& folder) { return parts.epochs(quiet(1, folder)); }

  std::string refusal() {
    return message_of([&] { open(); });
  }
};

std::string because(int error) { return std::generic_category().message(error); }

}  // namespace

TEST_CASE("A folder of checkpoints belongs to one run at a time", "[nn]") {
  Folder folder;
  const std::string taken = folder.path.string() + ": another run keeps its checkpoints here";
  {
    const nn::Epochs first = folder.open();
    CHECK(first.warning().empty());
    CHECK(folder.refusal() == taken);
    const nn::Epochs elsewhere = folder.open(folder.temporary / "other");
    CHECK(folder.refusal() == taken);
  }
  {
    const nn::Epochs second = folder.open();
    CHECK(folder.refusal() == taken);
  }
  CHECK(train(folder.parts, quiet(2, folder.path)).status == nn::RunStatus::completed);
  CHECK(message_of([&] { folder.open("/dev/null/x"); }) ==
        "/dev/null/x: cannot make this folder: Not a directory");
}

TEST_CASE("A child of a run does not keep its lock", "[nn]") {
  Folder folder;
  pid_t child = 0;
  {
    const nn::Epochs first = folder.open();
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  CHECK(folder.refusal() == "(nothing thrown)");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("The error about a damaged checkpoint names the newest one that is not", "[nn]") {
  Folder folder;
  const nn::Run run = quiet({.epochs = 2, .folder = folder.path, .save_every = 3, .keep = 4});
  train(folder.parts, run);  // 5 steps an epoch
  const auto saved = nn::find_checkpoints(folder.path);
  REQUIRE(saved.size() == 4);
  std::vector<std::string> names, sound;
  for (const fs::path& path : saved) {
    names.push_back(path.string());
    sound.push_back(nn::read_file(path, 1 << 20));
  }
  const auto damage = [&](std::size_t i) {
    std::string bytes = sound[i];
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    nn::write_file(saved[i], bytes);
  };
  const auto refusal = [&] {
    Parts again = other_parts();
    const std::vector<float> before = again.weights();
    const std::string message = message_of([&] { again.epochs(run); });
    CHECK(again.weights() == before);
    return message;
  };
  const auto ends = [&](const std::string& end) {
    const std::string message = refusal();
    CAPTURE(message);
    CHECK(message.starts_with(names[3] + ": is damaged: its CRC-32 is "));
    CHECK(message.ends_with(end));
  };
  damage(3);
  ends("; to resume from " + names[2] + ", remove " + names[3]);
  damage(2);
  ends("; to resume from " + names[1] + ", remove " + names[3] + " and " + names[2]);
  nn::write_file(saved[3], "");
  CHECK(refusal().ends_with("; to resume from " + names[1] + ", remove " + names[3] + " and " +
                            names[2]));
  damage(3);
  damage(1);
  damage(0);
  CHECK(refusal().find("to resume") == std::string::npos);

  for (std::size_t i = 0; i < saved.size(); ++i) {  // another run, and no damage
    nn::write_file(saved[i], sound[i]);
  }
  nn::Run other = run;
  other.accumulate = 2;
  CHECK(message_of([&] { folder.parts.epochs(other); }) ==
        names[3] + ": is of another run: 'accumulate' is '1', this run has '2'");
}

TEST_CASE("A child of a run that is killed does not keep its lock", "[nn]") {
  Folder folder;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t run = ::fork();
  if (run == 0) {
    const nn::Epochs epochs = folder.open();
    if (::fork() == 0) {
      const pid_t child = ::getpid();
      ::_exit(::write(ends[1], &child, sizeof child) > 0 ? ::pause() : 1);
    }
    ::pause();
    ::_exit(0);
  }
  pid_t child = 0;
  REQUIRE(::read(ends[0], &child, sizeof child) == sizeof child);
  const std::string before = folder.refusal();
  ::kill(run, SIGKILL);
  ::waitpid(run, nullptr, 0);
  const std::string after = folder.refusal();
  ::kill(child, SIGKILL);
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(before == folder.path.string() + ": another run keeps its checkpoints here");
  CHECK(after == "(nothing thrown)");
}

TEST_CASE("A child of a run cannot save into the folder of its parent", "[nn]") {
  Folder folder;
  nn::Epochs epochs = folder.open();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string message = message_of([&] { go(epochs, folder.parts); });
    const bool right = message == (folder.path / ".lock").string() +
                                      ": is locked by the process that forked this one";
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(message_of([&] { go(epochs, folder.parts); }) == "(nothing thrown)");
}

TEST_CASE("A run whose lock was removed saves nothing more", "[nn]") {
  for (const bool replaced : {false, true}) {
    Folder folder;
    nn::Epochs epochs = folder.open();
    fs::remove(folder.path / ".lock");
    if (replaced) {
      nn::write_file(folder.path / ".lock", std::string());
    }
    CHECK(message_of([&] { go(epochs, folder.parts); }) ==
          (folder.path / ".lock").string() + ": was removed while this run had locked its folder");
    CHECK(nn::find_checkpoints(folder.path).empty());
  }
}

TEST_CASE("A folder in which the best weights cannot be written is refused before the training",
          "[nn]") {
  Folder folder;
  const fs::path best = folder.path / "best.safetensors";
  fs::create_directories(best);
  const auto opened = [&](std::size_t early_stop) {
    return message_of([&] {
      folder.parts.epochs(quiet({.epochs = 2, .folder = folder.path, .early_stop = early_stop}));
    });
  };
  CHECK(opened(1) == best.string() + ": cannot write: it is a folder");
  CHECK(opened(0) == "(nothing thrown)");  // it writes no best weights
}

TEST_CASE("A folder of checkpoints on a file system without locks is used, with a warning",
          "[nn]") {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    Folder folder;
    FaultySystem system;
    system.next("flock", {fails(error)});
    const nn::Epochs epochs = folder.open();
    CHECK(system.outcomes_left() == 0);
    CHECK(epochs.warning() == folder.path.string() + "/.lock: cannot lock: " + because(error) +
                                  ": see to it that no other run uses this folder");
  }
}

TEST_CASE("A folder of checkpoints that cannot be used is refused before the training", "[nn]") {
  Folder folder;
  FaultySystem system;
  system.next("flock", {fails(EINTR), fails(EIO)});
  CHECK(folder.refusal() == folder.path.string() + "/.lock: cannot lock: " + because(EIO));
  CHECK(system.outcomes_left() == 0);
  system.next("open", {succeeds(), fails(EROFS)});  // the lock, then a new file
  CHECK(folder.refusal() == nn::checkpoint_path(folder.path, 0).string() +
                                ": cannot create a file beside it: " + because(EROFS));
}
