#include "examples/mnist/printing.hpp"

#include <csignal>
#include <nlohmann/json.hpp>

#include "examples/mnist/signals.hpp"
#include "tests/support/catch.hpp"

namespace {

mnist::Epoch an_epoch() {
  mnist::Epoch epoch;
  epoch.number = 2;
  epoch.loss_sum = 6432;
  epoch.test = 0.9695;
  epoch.learning_rate = 0.25;
  epoch.seconds = 0.5;
  epoch.samples = 60000;
  return epoch;
}

}  // namespace

TEST_CASE("an epoch as JSON is one object on one line") {
  mnist::Epoch epoch = an_epoch();
  CHECK(mnist::to_json(epoch, true) ==
        R"({"epoch":2,"loss":0.1072,"validation_accuracy":null,"test_accuracy":0.9695,)"
        R"("learning_rate":0.25,"seconds":0.5,"samples_per_second":120000.0})");
  epoch.validation = 0.75;
  const auto parsed = nlohmann::json::parse(mnist::to_json(epoch, true));
  CHECK(parsed["validation_accuracy"] == 0.75);
}

TEST_CASE("an epoch as JSON without times has nothing that differs from run to run") {
  const auto parsed = nlohmann::json::parse(mnist::to_json(an_epoch(), false));
  CHECK_FALSE(parsed.contains("seconds"));
  CHECK_FALSE(parsed.contains("samples_per_second"));
  CHECK(parsed["loss"] == 0.1072);
}

TEST_CASE("the first signal is noted, and afterwards signals do what they did before") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const mnist::CatchSignals guard;
    CHECK(mnist::interrupted() == 0);
    std::raise(signal);
    CHECK(mnist::interrupted() == signal);
    CHECK(std::signal(signal, SIG_DFL) == SIG_DFL);  // a second one would end the program
  }
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_DFL);
}

TEST_CASE("a signal that the program was started to ignore stays ignored") {
  std::signal(SIGINT, SIG_IGN);
  {
    const mnist::CatchSignals guard;
    std::raise(SIGINT);
    CHECK(mnist::interrupted() == 0);
  }
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
}
