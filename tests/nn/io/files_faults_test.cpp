#include <cerrno>
#include <tuple>

#include "nn/io/files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/faulty_system.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

using Calls = std::vector<std::string>;

const Calls calls_of_write_file{"open",  "flock", "write", "fsync", "rename",
                                "close",  // the folder
                                "open",  "fsync", "close"};

std::string content_of(const fs::path& path) { return nn::read_file(path, 1000); }

}  // namespace

TEST_CASE("Short and interrupted reads of a file are continued where they ended") {
  const TemporaryFolder folder;
  const nn::InputFile file(folder.write("file", "0123456789"));
  std::string buffer = "--------";
  const std::span out = std::as_writable_bytes(std::span(buffer)).subspan(1, 6);
  FaultySystem system;
  system.next("pread", {fails(EINTR), moves(1), moves(3), fails(EINTR), fails(EINTR), moves(1)});
  CHECK(file.read_at(2, out) == 6);
  CHECK(buffer == "-234567-");
  CHECK(system.outcomes_left() == 0);

  system.next("pread", {moves(1), moves(1)});
  CHECK(file.read_at(7, out) == 3);
  CHECK(buffer == "-789567-");
  CHECK(file.read_at(10, out) == 0);
  CHECK(buffer == "-789567-");
}

TEST_CASE("A file that ends or fails while it is read is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", "0123456789");
  FaultySystem system;
  system.next("open", {fails(EINTR), fails(EINTR)});
  CHECK(content_of(path) == "0123456789");
  CHECK(system.outcomes_left() == 0);
  system.next("pread", {moves(4), moves(0)});
  CHECK(complaint_about(path, content_of) == "ended after 4 of its 10 bytes");
  system.next("pread", {moves(4), fails(EIO)});
  CHECK(complaint_about(path, content_of) == "cannot read: Input/output error");
}

TEST_CASE("write_file continues short and interrupted writes where they ended") {
  const TemporaryFolder folder;
  FaultySystem system;
  system.next("write", {moves(1), fails(EINTR), moves(3), fails(EINTR), fails(EINTR), moves(5),
                        moves(1), moves(2), moves(1)});
  nn::write_file(folder / "file", std::array<std::string_view, 2>{"0123456789", "abc"});
  CHECK(system.outcomes_left() == 0);
  CHECK(content_of(folder / "file") == "0123456789abc");
}

TEST_CASE("write_file repeats what a signal interrupts, except for closing") {
  const TemporaryFolder folder;
  FaultySystem system;
  system.next("open", {fails(EINTR), fails(EINTR), succeeds(), fails(EINTR)});
  system.next("fsync", {fails(EINTR), fails(EINTR), succeeds(), fails(EINTR)});
  system.next("close", {fails(EINTR), fails(EINTR)});
  nn::write_file(folder / "file", "content");
  CHECK(system.outcomes_left() == 0);
  CHECK(system.calls() == Calls{"open", "open", "open", "flock", "write", "fsync", "fsync", "fsync",
                                "rename", "close", "open", "open", "fsync", "fsync", "close"});
  CHECK(content_of(folder / "file") == "content");
}

TEST_CASE("write_file leaves the old file alone whatever call of the system fails") {
  const auto [function, outcome, message] = GENERATE(
      std::tuple("open", fails(EACCES), "cannot create a file beside it: Permission denied"),
      std::tuple("write", fails(ENOSPC), "cannot write: No space left on device"),
      std::tuple("fsync", fails(EIO), "cannot write: Input/output error"),
      std::tuple("rename", fails(EBUSY), "cannot replace: Device or resource busy"));
  CAPTURE(function);
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", "old");
  FaultySystem system;
  system.next(function, {outcome});
  CHECK_FAILS(nn::write_file(path, "content"), xtape::DataError, path.string() + ": " + message);
  CHECK(content_of(path) == "old");
  CHECK(folder.names().size() == 1);
}

TEST_CASE("write_file says when its folder is not synced, unless nobody could sync it") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  FaultySystem system;
  system.next("fsync", {succeeds(), fails(EIO)});
  system.next("close", {succeeds(), fails(EBADF)});  // the first of two reasons is reported
  CHECK_FAILS(nn::write_file(path, "first"), xtape::DataError,
              path.string() + ": cannot sync its folder: Input/output error");
  CHECK(content_of(path) == "first");
  system.next("fsync", {succeeds(), fails(EINVAL)});
  nn::write_file(path, "second");
  CHECK(content_of(path) == "second");
  system.next("open", {succeeds(), fails(EACCES)});
  nn::write_file(path, "third");
  CHECK(content_of(path) == "third");
  CHECK(system.outcomes_left() == 0);
}

TEST_CASE("write_file syncs first, needs no lock, and takes another name when its file is locked") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  FaultySystem system;
  system.next("flock", {fails(ENOLCK)});
  nn::write_file(path, "first");
  CHECK(system.calls() == calls_of_write_file);
  CHECK(content_of(path) == "first");
  system.next("flock", {fails(EWOULDBLOCK)});
  nn::write_file(path, "second");
  CHECK(content_of(path) == "second");
  CHECK(folder.names().size() == 2);  // a process with its lock would remove it
  nn::write_file(path, "third");
  CHECK(folder.names().size() == 1);
}
