#include "nn/train/progress.hpp"

#include "tests/support/catch.hpp"

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

TEST_CASE("a progress bar shows the epoch, what is done, the time left, the loss and the speed") {
  CHECK(progress_bar(standing, {.width = 80}) ==
        "epoch  3/15 [=============>           ]  52 %  0:07 left  loss 0.0853  612345/s");
}

TEST_CASE("a progress bar is at most as wide as the terminal, less one column") {
  for (std::size_t width = 0; width < 200; ++width) {
    INFO(width);
    const std::string line = progress_bar(standing, {.width = width});
    CHECK(line.size() <= (width > 0 ? width - 1 : 0));
    CHECK(line.size() <= 100);
  }
  CHECK(progress_bar(standing, {.width = 75}).size() == 74);
}

TEST_CASE("where it gets narrow a progress bar loses its last parts first") {
  CHECK(progress_bar(standing, {.width = 50}) ==
        "epoch  3/15 [==>  ]  52 %  0:07 left  loss 0.0853");
  CHECK(progress_bar(standing, {.width = 40}) == "epoch  3/15 [====>   ]  52 %  0:07 left");
  CHECK(progress_bar(standing, {.width = 36}) == "epoch  3/15  52 %  0:07 left");
  CHECK(progress_bar(standing, {.width = 20}) == "epoch  3/15  52 %");
  CHECK(progress_bar(standing, {.width = 8}) == "epoch  ");
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

TEST_CASE("a progress line says the same in words") {
  CHECK(nn::progress_line(standing) ==
        "epoch 3/15: 52 %, 612345 samples/s, loss 0.0853, 0:07 left");
}

TEST_CASE("durations are rounded up to seconds") {
  CHECK(nn::format_duration(0) == "0:00");
  CHECK(nn::format_duration(0.01) == "0:01");
  CHECK(nn::format_duration(59.5) == "1:00");
  CHECK(nn::format_duration(3599) == "59:59");
  CHECK(nn::format_duration(3723) == "1:02:03");
  CHECK(nn::format_duration(-1) == "0:00");
  CHECK(nn::format_duration(1e300) == "99:59:59");
}
