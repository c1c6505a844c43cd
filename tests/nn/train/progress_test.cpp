#include "nn/train/progress.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/numbers.hpp"

namespace nn = xtape::nn;
using nn::progress_bar;

namespace {

constexpr nn::Standing standing{.epoch = 3,
                                .epochs = 15,
                                .done = 0.525,
                                .samples_per_second = 612345,
                                .loss = 0.08527,
                                .seconds_left = 6.2};

}  // namespace

TEST_CASE("a progress bar is narrower than the terminal, and loses its last parts first") {
  const std::vector<std::pair<std::size_t, std::string>> bars{
      {80, "epoch  3/15 [=============>           ]  52 %  0:07 left  loss 0.0853  612345/s"},
      {50, "epoch  3/15 [==>  ]  52 %  0:07 left  loss 0.0853"},
      {40, "epoch  3/15 [====>   ]  52 %  0:07 left"},
      {36, "epoch  3/15  52 %  0:07 left"},
      {20, "epoch  3/15  52 %"},
      {8, "epoch  "}};
  for (const auto& [width, bar] : bars) {
    CHECK(progress_bar(standing, {.width = width}) == bar);
  }
  for (std::size_t width = 0; width < 200; ++width) {
    INFO(width);
    const std::string line = progress_bar(standing, {.width = width});
    CHECK(line.size() <= (width > 0 ? width - 1 : 0));
    CHECK(line.size() <= 100);
  }
  CHECK(progress_bar(standing, {.width = 75}).size() == 74);
}

TEST_CASE("a progress bar is empty at the start and full at the end") {
  nn::Standing at = standing;
  at.done = 0;
  CHECK(progress_bar(at, {.width = 80}).find("[>  ") != std::string::npos);
  at.done = 1;
  CHECK(progress_bar(at, {.width = 80}).find("==] 100 %") != std::string::npos);
}

TEST_CASE("colour adds nothing but escape sequences") {
  std::string line = progress_bar(standing, {.width = 80, .colour = true});
  for (const std::string code : {"\x1b[32m", "\x1b[0m"}) {
    const std::size_t at = line.find(code);
    REQUIRE(at != std::string::npos);
    line.erase(at, code.size());
  }
  CHECK(line == progress_bar(standing, {.width = 80}));
}

TEST_CASE("a progress line says the same in words, and without losses shows none") {
  nn::Standing at = standing;
  CHECK(nn::progress_line(at) == "epoch 3/15: 52 %, 612345 samples/s, loss 0.0853, 0:07 left");
  at.loss = not_a_number;
  CHECK(nn::progress_line(at) == "epoch 3/15: 52 %, 612345 samples/s, 0:07 left");
  CHECK(progress_bar(at, {.width = 50}) == "epoch  3/15 [====>   ]  52 %  0:07 left  612345/s");
}

TEST_CASE("durations are rounded up to seconds") {
  const std::vector<std::pair<double, std::string>> durations{
      {0, "0:00"},       {0.01, "0:01"}, {59.5, "1:00"},      {3599, "59:59"},
      {3723, "1:02:03"}, {-1, "0:00"},   {1e300, "99:59:59"}, {not_a_number, "0:00"}};
  for (const auto& [seconds, text] : durations) {
    CHECK(nn::format_duration(seconds) == text);
  }
}

namespace {

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

/// The two ends of a pseudo-terminal or a pipe.
struct Ends {
  int written = -1, read = -1;

  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    ::close(written);
    ::close(read);
  }

  /// Returns all that has been written: a terminal passes it on a moment later.
  std::string all() const {
    std::string text;
    for (pollfd ready{read, POLLIN, 0}; ::poll(&ready, 1, 100) > 0;) {
      char piece[4096];
      const ssize_t size = ::read(read, piece, sizeof(piece));
      text.append(piece, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
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

/// Returns the output of a short run on `ends`.
std::string shown(const Ends& ends, nn::ProgressStyle style = nn::ProgressStyle::automatic) {
  {
    const Redirected redirected(ends.written);
    nn::Progress progress(style);
    progress.begin(3, 100);
    progress.begin_epoch(2, 10);
    progress.advance(10, 0.5);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.advance(30, not_a_number);  // a batch without a loss
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
  const EnvironmentVariable term("TERM", "xterm"), colours("NO_COLOR", std::nullopt);
  for (const bool empty : {false, true}) {
    if (empty) colours.set("");
    const std::string text = shown(ends);
    CHECK(text.starts_with("\repoch 2/3 [\x1b[32m====="));
    CHECK(text.find("50 %") != std::string::npos);
    CHECK(text.find("loss 0.5000") != std::string::npos);
    CHECK(text.ends_with("\x1b[K\r\x1b[Ka line\r\n"));
  }
  colours.set("1");
  const std::string plain = shown(ends);
  CHECK(plain.starts_with("\repoch 2/3 [====="));
  CHECK(plain.find("\x1b[3") == std::string::npos);
  CHECK(plain.find("\x1b[K") <= 60);
  term.set("dumb");
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
