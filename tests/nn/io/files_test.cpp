#include "nn/io/files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "tensor/rng.hpp"
#include "tests/support/complaints.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

using Names = std::set<std::string>;

std::string read(const fs::path& path) { return nn::read_file(path, 1 << 30); }

std::string complaint_of_writing(const fs::path& path, std::string_view content = "new") {
  return complaint_about(path, [&](const fs::path& to) { nn::write_file(to, content); });
}

std::string complaint_of_reading(const fs::path& path, std::uint64_t limit = 1 << 30) {
  return complaint_about(path, [&](const fs::path& from) { nn::read_file(from, limit); });
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

/// Returns the message of `action()` when this process may use so much of a resource.
template <class Action>
std::string message_within(decltype(RLIMIT_FSIZE) resource, rlim_t most, Action action) {
  rlimit old{};
  ::getrlimit(resource, &old);
  const rlimit limit{most, old.rlim_max};
  ::setrlimit(resource, &limit);
  const std::string message = message_of(action);
  ::setrlimit(resource, &old);
  return message;
}

}  // namespace

TEST_CASE("write_file writes what read_file reads") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  for (const std::string& content : {std::string("new"), std::string(), std::string("a\0\n\xff", 4),
                                     std::string(3 << 20, 'x')}) {
    nn::write_file(path, content);
    CHECK((read(path) == content));
  }
  nn::write_file(path, std::array<std::string_view, 3>{"one ", "", "two"});
  CHECK(read(path) == "one two");
  CHECK(folder.names() == Names{"file"});

  const fs::path old = fs::current_path();
  fs::current_path(folder.path());
  nn::write_file("plain", "beside the program");
  fs::current_path(old);
  CHECK(read(folder / "plain") == "beside the program");
}

TEST_CASE("write_file gives a new file the usual permissions and keeps those of an old one") {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(022);
  nn::write_file(folder / "new", "");
  ::umask(mask);
  CHECK(mode_of(folder / "new") == 0644);
  for (const mode_t mode : {0600u, 0444u, 0666u}) {
    ::chmod((folder / "new").c_str(), mode);
    nn::write_file(folder / "new", "private");
    CHECK(mode_of(folder / "new") == mode);
  }
}

TEST_CASE("write_file follows a link and opens none that stands where its temporary file goes") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "real");
  fs::create_symlink("real/file", folder / "link");
  folder.write("real/file", "old");
  nn::write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read(folder / "real/file") == "new");
  // A link to a link, and to what does not exist yet.
  fs::create_symlink("real/second", folder / "first");
  fs::create_symlink("../new", folder / "real/second");
  nn::write_file(folder / "first", "content");
  CHECK(fs::is_symlink(folder / "first"));
  CHECK(fs::is_symlink(folder / "real/second"));
  CHECK(read(folder / "new") == "content");

  folder.write("victim", "untouched");
  for (int number = 0; number < 100; ++number) {
    fs::create_symlink("victim", folder / (".xtape-" + std::to_string(::getpid()) + "-" +
                                           std::to_string(number) + ".tmp"));
  }
  nn::write_file(folder / "file", "content");
  CHECK(read(folder / "file") == "content");
  CHECK(read(folder / "victim") == "untouched");
  CHECK(!fs::is_symlink(folder / "file"));
}

TEST_CASE("write_file and require_writable refuse what is no file, and change nothing") {
  const TemporaryFolder folder;
  folder.write("file", "content");
  fs::create_symlink("loop", folder / "loop");
  for (const auto& [path, wanted] : std::vector<std::pair<fs::path, std::string>>{
           {folder.path(), "cannot write: it is a folder"},
           {"/dev/null", "cannot write: it is not a regular file"},
           {folder / "none/file", "cannot create a file beside it: No such file or directory"},
           {folder / "file/inside", "cannot write: Not a directory"},
           {folder / "loop", "cannot write: Too many levels of symbolic links"}}) {
    CHECK(complaint_of_writing(path) == wanted);
    CHECK(complaint_about(path, nn::require_writable) == wanted);
  }
  CHECK_NOTHROW(nn::require_writable(folder / "file"));
  CHECK_NOTHROW(nn::require_writable(folder / "new"));
  CHECK(read(folder / "file") == "content");
  CHECK(folder.names() == Names{"file", "loop"});
}

TEST_CASE("write_file leaves the old file alone on a full disk and without file handles") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", "old");
  const std::string content(1 << 20, 'x'), name = path.string() + ": ";
  const auto write = [&] { nn::write_file(path, content); };
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  CHECK(message_within(RLIMIT_FSIZE, 300'000, write) == name + "cannot write: File too large");
  ::signal(SIGXFSZ, handler);
  CHECK(message_within(RLIMIT_NOFILE, 0, write) ==
        name + "cannot create a file beside it: Too many open files");
  CHECK(message_within(RLIMIT_NOFILE, 0, [&] { read(path); }) ==
        name + "cannot open: Too many open files");
  CHECK(read(path) == "old");
  CHECK(folder.names() == Names{"file"});
}

TEST_CASE("write_file in a read-only folder says so and leaves the old file alone") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", "old");
  ::chmod(folder.path().c_str(), 0555);
  const uid_t user = ::geteuid();
  if (user == 0 && ::seteuid(65534) != 0) {
    XTAPE_SKIP("SKIPPED: root cannot act as another user here");
  }
  const std::string message = message_of([&] { nn::write_file(path, "new"); });
  REQUIRE(::seteuid(user) == 0);
  ::chmod(folder.path().c_str(), 0755);
  CHECK(message == path.string() + ": cannot create a file beside it: Permission denied");
  CHECK(read(path) == "old");
  CHECK(folder.names() == Names{"file"});
}

TEST_CASE("write_file leaves the old bytes or the new ones when it is killed at any moment") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  const std::string a(2'000'000, 'a'), b(1'500'000, 'b');
  const auto start = std::chrono::steady_clock::now();
  nn::write_file(path, a);
  const std::chrono::duration<double> one_write = std::chrono::steady_clock::now() - start;
  xtape::Rng rng(static_cast<std::uint64_t>(::getpid()));
  int kills = 0, hits = 0, written = 0;
  while (hits < 20 && kills < 400) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      while (true) {
        nn::write_file(path, b);
        nn::write_file(path, a);
      }
    }
    std::this_thread::sleep_for(one_write * rng.uniform(0, 8));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string found = read(path);
    REQUIRE((found == a || found == b));
    written += found == b;
    ++kills;
    const std::size_t files = folder.names().size();
    REQUIRE(files <= 2);  // the next write removes the leftover of the last kill
    hits += files == 2;
  }
  INFO(kills);
  CHECK(hits == 20);
  CHECK(written > 0);
  nn::write_file(path, a);
  CHECK(folder.names() == Names{"file"});
}

TEST_CASE("write_file removes what the dead have left, and nothing that lives") {
  const TemporaryFolder folder;
  Names expected{".xtape-1.tmp",   ".xtape-1-.tmp", ".xtape--1.tmp",  ".xtape-1-a.tmp",
                 ".xtape-1-2.txt", "xtape-1-2.tmp", ".xtape-x-1.tmp", ".xtape-1-2-3.tmp"};
  for (const std::string& name : expected) {
    folder.write(name, "somebody's");
  }
  folder.write(".xtape-1-0.tmp", "left");
  folder.write(".xtape-4194305-123.tmp", "left");
  fs::create_symlink("xtape-1-2.tmp", folder / ".xtape-1-1.tmp");
  fs::create_directory(folder / ".xtape-1-5.tmp");
  const fs::path living = folder.write(".xtape-1-3.tmp", "being written");
  const int writer = ::open(living.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::flock(writer, LOCK_EX) == 0);

  expected.insert({"file", ".xtape-1-1.tmp", ".xtape-1-3.tmp", ".xtape-1-5.tmp"});
  nn::write_file(folder / "file", "content");
  CHECK(folder.names() == expected);
  ::close(writer);
  nn::write_file(folder / "file", "content");
  expected.erase(".xtape-1-3.tmp");
  CHECK(folder.names() == expected);
}

TEST_CASE("write_file by many threads leaves the bytes of one", "[threads]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([=, &failures] {
      const std::string content(10'000, letter);
      for (int i = 0; i < 50; ++i) {
        failures += message_of([&] { nn::write_file(path, content); }) != "(nothing thrown)";
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(failures == 0);
  const std::string found = read(path);
  CHECK((found == std::string(10'000, found[0])));
  CHECK(folder.names() == Names{"file"});
}

TEST_CASE("read_file refuses what is no file and what is too large") {
  const TemporaryFolder folder;
  CHECK(complaint_of_reading(folder.path()) == "is a folder, expected a file");
  CHECK(complaint_of_reading(folder / "none") == "cannot open: No such file or directory");
  CHECK(complaint_of_reading("/dev/zero") == "is not a regular file, expected a file");
  const fs::path four = folder.write("four", "1234");
  CHECK(nn::read_file(four, 4) == "1234");
  CHECK(complaint_of_reading(four, 3) == "is 4 bytes, expected at most 3");
  CHECK(complaint_of_reading(four, 0) == "is 4 bytes, expected at most 0");
}
