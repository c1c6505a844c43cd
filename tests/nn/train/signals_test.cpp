#include "nn/train/signals.hpp"

#include <csignal>
#include <optional>

#include "tests/support/catch.hpp"

namespace nn = xtape::nn;

TEST_CASE("The first signal is noted, and afterwards signals do what they did before", "[nn]") {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, SIG_DFL);
    {
      const nn::CatchSignals guard;
      CHECK(nn::interrupted() == 0);
      std::raise(signal);
      CHECK(nn::interrupted() == signal);
      CHECK(std::signal(signal, SIG_DFL) == SIG_DFL);  // a second one would end the program
    }
    CHECK(std::signal(signal, SIG_DFL) == SIG_DFL);
  }
}

TEST_CASE("A signal that the program was started to ignore stays ignored", "[nn]") {
  std::signal(SIGINT, SIG_IGN);
  {
    const nn::CatchSignals guard;
    std::raise(SIGINT);
    CHECK(nn::interrupted() == 0);
  }
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
}

extern "C" void do_nothing(int) {}

TEST_CASE("A program's own handler comes back after the last of several guards", "[nn]") {
  std::signal(SIGTERM, do_nothing);
  std::optional<nn::CatchSignals> first(std::in_place), second(std::in_place);
  std::raise(SIGTERM);
  CHECK(nn::interrupted() == SIGTERM);
  first.reset();
  CHECK(nn::interrupted() == SIGTERM);
  {
    const nn::CatchSignals third;
    CHECK(nn::interrupted() == SIGTERM);
  }
  second.reset();
  CHECK(std::signal(SIGTERM, SIG_DFL) == do_nothing);
}

TEST_CASE("Of two signals the first is noted", "[nn]") {
  const nn::CatchSignals guard;
  std::raise(SIGINT);
  std::raise(SIGTERM);
  CHECK(nn::interrupted() == SIGINT);
}
