#include "examples/cli/epoch_lines.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

namespace nn = xtape::nn;

namespace {

nn::EpochRecord an_epoch() {
  return {.epoch = 2,
          .loss = 0.1072,
          .seconds = 0.5,
          .samples = 60000,
          .learning_rate = 0.25,
          .metrics = {{cli::test_accuracy, 0.9695}}};
}

}  // namespace

TEST_CASE("an epoch as JSON is one object on one line") {
  nn::EpochRecord epoch = an_epoch();
  CHECK(cli::to_json(epoch, true) ==
        R"({"epoch":2,"loss":0.1072,"validation_accuracy":null,"test_accuracy":0.9695,)"
        R"("learning_rate":0.25,"seconds":0.5,"samples_per_second":120000.0})");
  epoch.metrics.push_back({cli::validation_accuracy, 0.75});
  const auto parsed = nlohmann::json::parse(cli::to_json(epoch, true));
  CHECK(parsed["validation_accuracy"] == 0.75);
}

TEST_CASE("an epoch as JSON without times has nothing that differs from run to run") {
  const auto parsed = nlohmann::json::parse(cli::to_json(an_epoch(), false));
  CHECK_FALSE(parsed.contains("seconds"));
  CHECK_FALSE(parsed.contains("samples_per_second"));
  CHECK(parsed["loss"] == 0.1072);
}
