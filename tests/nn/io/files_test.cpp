#include "nn/io/files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tensor/error.hpp"
#include "tensor/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t any = 1 << 30;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

/// Limits the size of this process's files to `bytes`, as on a full disk, until the end of the
/// scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

/// Drops root's privileges until the end of the scope.
class Unprivileged {
 public:
  Unprivileged() : user_(::geteuid()), done_(user_ != 0 || ::seteuid(65534) == 0) {}
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (::seteuid(user_) != 0) {
      std::abort();
    }
  }
  bool done() const { return done_; }

 private:
  uid_t user_;
  bool done_;
};

}  // namespace

TEST_CASE("write_file writes what read_file reads") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  for (const std::string& content : {std::string("new"), std::string(), std::string("a\0\n\xff", 4),
                                     std::string(3 << 20, 'x')}) {
    nn::write_file(path, content);
    CHECK((nn::read_file(path, any) == content));
  }
  const std::array<std::string_view, 3> parts{"one ", "", "two"};
  nn::write_file(path, parts);
  CHECK(nn::read_file(path, any) == "one two");
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("write_file writes beside the program when the path has no folder") {
  const TemporaryFolder folder;
  const fs::path old = fs::current_path();
  fs::current_path(folder.path());
  nn::write_file("plain", "content");
  fs::current_path(old);
  CHECK(nn::read_file(folder / "plain", any) == "content");
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
  folder.write("real/file", std::string("old"));
  nn::write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(nn::read_file(folder / "real/file", any) == "new");

  folder.write("victim", std::string("untouched"));
  for (int number = 0; number < 100; ++number) {
    fs::create_symlink("victim", folder / (".xtape-" + std::to_string(::getpid()) + "-" +
                                           std::to_string(number) + ".tmp"));
  }
  nn::write_file(folder / "file", "content");
  CHECK(nn::read_file(folder / "file", any) == "content");
  CHECK(nn::read_file(folder / "victim", any) == "untouched");
  CHECK(!fs::is_symlink(folder / "file"));
}

TEST_CASE("write_file refuses what is no file") {
  const TemporaryFolder folder;
  const std::string name = folder.path().string();
  CHECK_THROWS_AS(nn::write_file(folder.path(), ""), xtape::DataError);
  CHECK_THROWS_WITH(nn::write_file(folder.path(), ""), name + ": cannot write: it is a folder");
  CHECK_THROWS_WITH(nn::write_file("/dev/null", ""),
                    "/dev/null: cannot write: it is no regular file");
  CHECK_THROWS_WITH(nn::write_file(folder / "none/file", ""),
                    name + "/none/file: cannot create a file beside it: No such file or directory");
  folder.write("file", std::string("content"));
  CHECK_THROWS_WITH(nn::write_file(folder / "file/inside", ""),
                    name + "/file/inside: cannot write: Not a directory");
  fs::create_symlink("loop", folder / "loop");
  CHECK_THROWS_WITH(nn::write_file(folder / "loop", ""),
                    name + "/loop: cannot write: Too many levels of symbolic links");
  CHECK(names_in(folder.path()) == std::set<std::string>{"file", "loop"});
}

TEST_CASE("write_file follows a link to what does not exist yet") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "inner");
  fs::create_symlink("inner/second", folder / "first");
  fs::create_symlink("../new", folder / "inner/second");
  nn::write_file(folder / "first", "content");
  CHECK(fs::is_symlink(folder / "first"));
  CHECK(fs::is_symlink(folder / "inner/second"));
  CHECK(nn::read_file(folder / "new", any) == "content");
}

TEST_CASE("require_writable says what write_file would, and changes nothing") {
  const TemporaryFolder folder;
  const std::string name = folder.path().string();
  folder.write("file", std::string("content"));
  CHECK_NOTHROW(nn::require_writable(folder / "file"));
  CHECK_NOTHROW(nn::require_writable(folder / "new"));
  CHECK_THROWS_WITH(nn::require_writable(folder / "none/file"),
                    name + "/none/file: cannot create a file beside it: No such file or directory");
  CHECK_THROWS_WITH(nn::require_writable("/dev/null"),
                    "/dev/null: cannot write: it is no regular file");
  CHECK(nn::read_file(folder / "file", any) == "content");
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("write_file on a full disk says so and leaves the old file alone") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", std::string("old"));
  const std::string content(1 << 20, 'x');
  std::string message;
  {
    const FileSizeLimit limit(300'000);
    message = message_of([&] { nn::write_file(path, content); });
  }
  CHECK(message == path.string() + ": cannot write: File too large");
  CHECK(nn::read_file(path, any) == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("write_file without file handles says so") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", std::string("old"));
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit none{0, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::string writing = message_of([&] { nn::write_file(path, "new"); });
  const std::string reading = message_of([&] { nn::read_file(path, any); });
  ::setrlimit(RLIMIT_NOFILE, &old);
  CHECK(writing == path.string() + ": cannot create a file beside it: Too many open files");
  CHECK(reading == path.string() + ": cannot open: Too many open files");
  CHECK(nn::read_file(path, any) == "old");
}

TEST_CASE("write_file in a read-only folder says so and leaves the old file alone") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", std::string("old"));
  ::chmod(folder.path().c_str(), 0555);
  std::string message;
  {
    const Unprivileged user;
    if (!user.done()) {
      XTAPE_SKIP("SKIPPED: root cannot act as another user here");
    }
    message = message_of([&] { nn::write_file(path, "new"); });
  }
  ::chmod(folder.path().c_str(), 0755);
  CHECK(message == path.string() + ": cannot create a file beside it: Permission denied");
  CHECK(nn::read_file(path, any) == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
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
    const std::string found = nn::read_file(path, any);
    REQUIRE((found == a || found == b));
    written += found == b;
    ++kills;
    const std::size_t files = names_in(folder.path()).size();
    REQUIRE(files <= 2);  // the next write removes the leftover of the last kill
    hits += files == 2;
  }
  INFO(kills);
  CHECK(hits == 20);
  CHECK(written > 0);
  nn::write_file(path, a);
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("write_file removes what the dead have left, and nothing that lives") {
  const TemporaryFolder folder;
  const std::set<std::string> others{".xtape-1.tmp",   ".xtape-1-.tmp",   ".xtape--1.tmp",
                                     ".xtape-1-a.tmp", ".xtape-1-2.txt",  "xtape-1-2.tmp",
                                     ".xtape-x-1.tmp", ".xtape-1-2-3.tmp"};
  for (const std::string& name : others) {
    folder.write(name, std::string("somebody's"));
  }
  folder.write(".xtape-1-0.tmp", std::string("left"));
  folder.write(".xtape-4194305-123.tmp", std::string("left"));
  fs::create_symlink("xtape-1-2.tmp", folder / ".xtape-1-1.tmp");
  fs::create_directory(folder / ".xtape-1-5.tmp");
  const fs::path living = folder.write(".xtape-1-3.tmp", std::string("being written"));
  const int writer = ::open(living.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::flock(writer, LOCK_EX) == 0);

  std::set<std::string> expected = others;
  expected.insert({"file", ".xtape-1-1.tmp", ".xtape-1-3.tmp", ".xtape-1-5.tmp"});
  nn::write_file(folder / "file", "content");
  CHECK(names_in(folder.path()) == expected);
  ::close(writer);
  nn::write_file(folder / "file", "content");
  expected.erase(".xtape-1-3.tmp");
  CHECK(names_in(folder.path()) == expected);
}

TEST_CASE("write_file by many threads leaves the bytes of one", "[threads]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([=, &failures] {
      for (int i = 0; i < 50; ++i) {
        try {
          nn::write_file(path, std::string(10'000, letter));
        } catch (const xtape::DataError&) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(failures == 0);
  const std::string found = nn::read_file(path, any);
  CHECK(found.size() == 10'000);
  CHECK((found == std::string(10'000, found[0])));
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("read_file refuses what is no file and what is too large") {
  const TemporaryFolder folder;
  const std::string name = folder.path().string();
  CHECK_THROWS_WITH(nn::read_file(folder.path(), any), name + ": is a folder, expected a file");
  CHECK_THROWS_WITH(nn::read_file(folder / "none", any),
                    name + "/none: cannot open: No such file or directory");
  CHECK_THROWS_WITH(nn::read_file("/dev/zero", any),
                    "/dev/zero: is no regular file, expected a file");
  folder.write("four", std::string("1234"));
  CHECK(nn::read_file(folder / "four", 4) == "1234");
  CHECK_THROWS_WITH(nn::read_file(folder / "four", 3),
                    name + "/four: is 4 bytes, expected at most 3");
  CHECK_THROWS_AS(nn::read_file(folder / "four", 0), xtape::DataError);
}
