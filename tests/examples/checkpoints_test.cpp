#include "examples/mnist/checkpoints.hpp"

#include <limits>

#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace nn = xtape::nn;

TEST_CASE("A checkpoint whose counts are none is refused, and named") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  nn::Sequential<float> network{nn::Linear<float>(2, 1, rng)};
  nn::SGD<float> sgd;
  nn::TrainingState state{.numbers = {{"epoch", 3}, {"samples", 0}, {"last", 2}, {"loss", -0.5}}};
  const auto path = nn::checkpoint_path(folder.path(), 7);
  nn::save_checkpoint(path, network, sgd, state, {});
  const mnist::Checkpoints checkpoints({.folder = folder.path().string(), .resume = true}, {});
  checkpoints.load(network, sgd, state);
  CHECK(state.numbers.at("epoch") == 3);

  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad :
       {-1.0, 1.5, 1e16, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    for (const char* count : {"epoch", "samples", "last"}) {
      nn::TrainingState broken = state;
      broken.numbers.at(count) = bad;
      nn::save_checkpoint(path, network, sgd, broken, {});
      const std::string message = message_of([&] { checkpoints.load(network, sgd, broken); });
      CAPTURE(message);
      CHECK(message.starts_with(path.string() + ": its number." + count + " is "));
    }
  }
}
