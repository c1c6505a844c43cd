#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "examples/cli/output.hpp"
#include "examples/mnist/checkpoints.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/faulty_system.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

/// What `action` says on standard error.
template <class Action>
std::string complaint_of(Action&& action) {
  const TemporaryFolder folder;
  const std::string path = (folder / "stderr").string();
  std::fflush(stderr);
  const int before = ::dup(STDERR_FILENO);
  std::FILE* file = std::fopen(path.c_str(), "w");
  REQUIRE((before >= 0 && file != nullptr));
  ::dup2(::fileno(file), STDERR_FILENO);
  action();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::fclose(file);
  return xtape::nn::read_file(path, 10000);
}

struct Folder {
  TemporaryFolder temporary;
  cli::CheckpointOptions options{.folder = (temporary / "run").string()};
};

}  // namespace

TEST_CASE("A folder of checkpoints belongs to one run at a time") {
  const Folder folder;
  const std::string taken = folder.options.folder + ": another run keeps its checkpoints here";
  {
    const mnist::Checkpoints first(folder.options, {});
    CHECK_THROWS_WITH(mnist::Checkpoints(folder.options, {}), taken);
    const mnist::Checkpoints elsewhere({.folder = (folder.temporary / "other").string()}, {});
    CHECK_THROWS_WITH(mnist::Checkpoints(folder.options, {}), taken);
  }
  const mnist::Checkpoints second(folder.options, {});
  CHECK_THROWS_WITH(mnist::Checkpoints(folder.options, {}), taken);
}

TEST_CASE("A folder of checkpoints on a file system without locks is used, and that is said") {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    const Folder folder;
    const std::string complaint = complaint_of([&] {
      FaultySystem system;
      system.next("flock", {fails(error)});
      CHECK(mnist::Checkpoints(folder.options, {}).wanted());
      CHECK(system.outcomes_left() == 0);
    });
    CHECK(complaint == cli::program_name() + ": " + folder.options.folder +
                           "/.lock: cannot lock: " + std::generic_category().message(error) +
                           ": see to it that no other run uses this folder\n");
  }
}

TEST_CASE("A folder of checkpoints that cannot be locked for another reason is refused") {
  const Folder folder;
  FaultySystem system;
  system.next("flock", {fails(EINTR), fails(EIO)});
  CHECK_THROWS_WITH(
      mnist::Checkpoints(folder.options, {}),
      folder.options.folder + "/.lock: cannot lock: " + std::generic_category().message(EIO));
  CHECK(system.outcomes_left() == 0);
}

TEST_CASE("A folder of checkpoints that cannot be written to is refused before the training") {
  const Folder folder;
  FaultySystem system;
  system.next("open", {succeeds(), fails(EROFS)});  // the lock, then a new file
  const std::string message = message_of([&] { mnist::Checkpoints(folder.options, {}); });
  CHECK(message ==
        xtape::nn::checkpoint_path(folder.options.folder, 0).string() +
            ": cannot create a file beside it: " + std::generic_category().message(EROFS));
}
