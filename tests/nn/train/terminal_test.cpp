#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>

#include "nn/train/progress.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;

namespace {

/// A variable of the environment that has another value, or none, until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* before = ::getenv(name);
    was_set_ = before != nullptr;
    before_ = was_set_ ? before : "";
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(was_set_ ? before_.c_str() : nullptr); }

 private:
  void set(const char* value) const {
    value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1);
  }

  const char* name_;
  bool was_set_ = false;
  std::string before_;
};

/// Standard error goes to a file descriptor until the end of the scope.
class Redirected {
 public:
  explicit Redirected(int to) : before_(::dup(STDERR_FILENO)) { ::dup2(to, STDERR_FILENO); }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }

 private:
  int before_;
};

/// Two ends of a pseudo-terminal or a pipe: what is written to one is read from the other.
struct Ends {
  int written = -1, read = -1;

  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    ::close(written);
    ::close(read);
  }

  std::string all() const {
    ::fcntl(read, F_SETFL, O_NONBLOCK);
    std::string text(1 << 16, '\0');
    const ssize_t size = ::read(read, text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }
};

/// Returns false where there are no pseudo-terminals.
bool open_terminal(Ends& ends, unsigned short columns) {
  ends.read = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (ends.read < 0 || ::grantpt(ends.read) != 0 || ::unlockpt(ends.read) != 0) {
    return false;
  }
  ends.written = ::open(::ptsname(ends.read), O_RDWR | O_NOCTTY);
  winsize size{};
  size.ws_col = columns;
  return ends.written >= 0 && ::ioctl(ends.written, TIOCSWINSZ, &size) == 0;
}

/// What a short run shows on `ends`.
std::string shown(const Ends& ends, nn::ProgressStyle style = nn::ProgressStyle::automatic) {
  {
    const Redirected redirected(ends.written);
    nn::Progress progress(style);
    progress.begin(3, 100);
    progress.begin_epoch(2, 10);
    progress.advance(10, 0.5);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.advance(30, 0.5);
    progress.print("a line");
    progress.end_epoch();
  }
  return ends.all();
}

}  // namespace

TEST_CASE("A terminal gets a bar that is redrawn and wiped", "[nn]") {
  Ends ends;
  if (!open_terminal(ends, 60)) {
    XTAPE_SKIP("SKIPPED: there are no pseudo-terminals here");
  }
  const Variable term("TERM", "xterm");
  {
    const Variable colours("NO_COLOR", nullptr);
    const std::string text = shown(ends);
    CHECK(text.starts_with("\repoch 2/3 [\x1b[32m====="));
    CHECK(text.find("50 %") != std::string::npos);
    CHECK(text.ends_with("\x1b[K\r\x1b[Ka line\r\n"));
  }
  const Variable colours("NO_COLOR", "1");
  const std::string plain = shown(ends);
  CHECK(plain.starts_with("\repoch 2/3 [====="));
  CHECK(plain.find("\x1b[3") == std::string::npos);
  CHECK(plain.find("\x1b[K") <= 60);
  const Variable dumb("TERM", "dumb");
  CHECK(shown(ends) == "a line\r\n");
}

TEST_CASE("A pipe gets lines, and nothing is shown to nobody", "[nn]") {
  Ends ends;
  int both[2];
  REQUIRE(::pipe(both) == 0);
  ends.read = both[0];
  ends.written = both[1];
  CHECK(shown(ends) == "a line\n");
  CHECK(shown(ends, nn::ProgressStyle::none).empty());
  CHECK(shown(ends, nn::ProgressStyle::bar).find("epoch 2/3 [") != std::string::npos);
}
