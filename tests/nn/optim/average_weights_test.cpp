#include "nn/optim/average_weights.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/no_grad.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/losses.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/predict.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "nn/table.hpp"
#include "nn/train/epochs.hpp"
#include "tests/nn/train/runs.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ValueError;

namespace {

using Net = nn::AverageWeights<nn::Sequential<float>>;

Net make_net(std::uint64_t seed, double decay = 0.75) {
  xtape::Rng rng{seed};
  return Net(nn::Sequential<float>{nn::Linear(3, 4, rng), nn::BatchNorm(4), nn::Tanh{},
                                   nn::Linear(4, 2, rng)},
             {.decay = decay});
}

/// A run that averages its weights.
struct Averaged {
  explicit Averaged(std::uint64_t seed) : net(make_net(seed)), rng(seed), batches(data, 4, rng) {}

  std::vector<double> train(std::size_t epochs, const std::filesystem::path& folder) {
    nn::Epochs range(quiet(epochs, folder), net, sgd, tape, batches);
    for (nn::Epoch& epoch : range) {
      for (const nn::Batch& batch : epoch) {
        epoch.step([&] {
          return nn::SoftmaxCrossEntropy{}(net(tape.constant(batch.inputs)), batch.targets);
        });
        net.update();
      }
      epoch.end(nn::evaluate(net, data, tape));
    }
    std::vector<double> scores;
    for (const nn::EpochRecord& epoch : range.history().epochs()) {
      scores.push_back(epoch.metric("accuracy"));
    }
    return scores;
  }

  nn::Dataset data = some_points(18);
  Net net;
  xtape::Rng rng;
  nn::SGD<float> sgd{{.learning_rate = 0.5, .momentum = 0.9}};
  xtape::Tape<float> tape;
  nn::Batches batches;
};

}  // namespace

TEST_CASE("AverageWeights copies first, and then averages weights and buffers alike", "[nn]") {
  nn::AverageWeights net(Centred<double>(3), {.decay = 0.75});
  static_assert(std::is_same_v<decltype(net), nn::AverageWeights<Centred<double>, double>>);
  CHECK(net.updates() == 0);
  net.model.gain = {4, 8, -4};
  net.model.running_mean = {1, 2, 3};
  net.update();
  CHECK((net.average.gain == net.model.gain));
  CHECK((net.average.running_mean == net.model.running_mean));
  net.model.gain = {0, 8, 4};
  net.model.running_mean = {5, 2, -1};
  net.update();
  CHECK((net.average.gain == Array<double>{3, 8, -2}));
  CHECK((net.average.running_mean == Array<double>{2, 2, 2}));
  CHECK((net.model.gain == Array<double>{0, 8, 4}));
  CHECK(net.updates() == 2);
}

TEST_CASE("AverageWeights trains the model, and evaluates by the average once there is one",
          "[nn]") {
  nn::AverageWeights net(Centred<double>(1), {.decay = 0.5});
  const Array<double> one(Shape{1, 1}, 1.0);
  const auto trained = [&] {
    xtape::Tape<double> tape;
    return net(tape.constant(one)).item();
  };
  const auto evaluated = [&] { return nn::predict(net, one)(0, 0); };
  net.model.gain = {2};
  CHECK(trained() == 2);
  CHECK(evaluated() == 2);  // no average yet
  net.update();
  net.model.gain = {4};
  net.update();
  CHECK(trained() == 4);
  CHECK(evaluated() == 3);
}

TEST_CASE("The average is made of buffers, so that nothing trains it", "[nn]") {
  const Net net = make_net(1);
  CHECK(parameter_names_of(net) == parameter_names_of(net.model));
  CHECK(nn::parameter_count(net) == nn::parameter_count(net.model));
  CHECK(nn::table(net) == nn::table(net.model));
  std::vector<std::string> buffers;
  nn::for_each_buffer(
      net, [&](const nn::ParameterName& name, const auto&) { buffers.push_back(name.str()); });
  CHECK(buffers.size() == 3 + 9 + 1);
  CHECK(buffers[3] == "average.0.weight");
  CHECK(buffers.back() == "updates");
}

TEST_CASE("A run with averaged weights resumes bit for bit, and evaluates the average", "[nn]") {
  const TemporaryFolder folder;
  Averaged whole(1), stopped(1), resumed(9);
  const auto scores = whole.train(4, {});
  stopped.train(2, folder.path());
  CHECK(resumed.train(4, folder.path()) == scores);
  CHECK(all_numbers_of(resumed.net) == all_numbers_of(whole.net));
  CHECK(all_numbers_of(whole.net.average) != all_numbers_of(whole.net.model));
  CHECK(whole.net.updates() == 4 * 5);
  CHECK(scores.back() == nn::evaluate(whole.net.average, whole.data, whole.tape).accuracy());

  const auto file = folder / "average.safetensors";
  nn::save_weights(file, whole.net.average);
  auto alone = make_net(5).model;
  nn::load_weights(file, alone);
  CHECK(all_numbers_of(alone) == all_numbers_of(whole.net.average));
}

TEST_CASE("An average copies counts", "[nn]") {
  Averaged run(1);
  run.train(2, {});
  const auto counted = [](const nn::Sequential<float>& model) {
    return model.get<nn::BatchNorm<float>>(1).batches();
  };
  CHECK(counted(run.net.model) > 2);
  CHECK(counted(run.net.average) == counted(run.net.model));
}

TEST_CASE("The statistics of an average can be measured", "[nn]") {
  Averaged run(1);
  run.train(1, {});
  const std::vector<float> before = all_numbers_of(run.net.model);
  const Array<float> mean = run.net.average.get<nn::BatchNorm<float>>(1).running_mean;
  nn::measure_statistics(run.net.average, run.data, run.tape);
  CHECK_FALSE((run.net.average.get<nn::BatchNorm<float>>(1).running_mean == mean));
  CHECK(all_numbers_of(run.net.model) == before);
}

TEST_CASE("An update of averaged weights allocates nothing", "[nn]") {
  COUNTING_OR_SKIP();
  Net net = make_net(1);
  net.update();
  const std::size_t before = allocation_count();
  net.update();
  CHECK(allocation_count() == before);
}

TEST_CASE("AverageWeights says what does not fit", "[nn]") {
  for (const double decay : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_FAILS(make_net(1, decay), ValueError,
                fmt::format("AverageWeights: expected a decay in [0, 1), got {}", decay));
  }
  const std::string changed =
      "AverageWeights: the model has gained or lost arrays since it was taken";
  xtape::Rng rng{1};
  Net more = make_net(1), fewer = make_net(1), other = make_net(1), moved = make_net(1);
  more.model.push_back(nn::Linear(2, 2, rng));
  CHECK_FAILS(more.update(), ValueError, changed);
  fewer.model = nn::Sequential<float>{nn::Linear(3, 4, rng)};
  CHECK_FAILS(fewer.update(), ValueError, changed);
  other.model[0] = nn::Linear(3, 5, rng);
  CHECK_FAILS(other.update(), xtape::ShapeError,
              "AverageWeights: '0.weight' is (3, 5) in the model and (3, 4) in the average");
  const std::string no_elements =
      ": an array of shape (3, 4) holds 0 elements instead of 12: was it moved from?";
  Net moved_average = make_net(1);
  move_away(moved.model.get<nn::Linear<float>>(0).weight);
  CHECK_FAILS(moved.update(), xtape::ShapeError,
              "AverageWeights: parameter '0.weight'" + no_elements);
  move_away(moved_average.average.get<nn::Linear<float>>(0).weight);
  CHECK_FAILS(moved_average.update(), xtape::ShapeError,
              "AverageWeights: the average of '0.weight'" + no_elements);
}

TEST_CASE("AverageWeights that were moved from throw", "[nn]") {
  Net assigned = make_net(1), constructed = make_net(1), taker = make_net(2);
  assigned.update();
  constructed.update();
  taker = std::move(assigned);
  const Net other = std::move(constructed);
  CHECK(taker.updates() == 1);
  CHECK(other.updates() == 1);
  xtape::Tape<float> tape;
  const auto x = tape.constant(Array<float>(Shape{2, 3}, 1.f));
  const std::string lost =
      "AverageWeights: buffer 'updates': an array of shape () holds 0 elements instead of 1: was "
      "it moved from?";
  for (Net* net : {&assigned, &constructed}) {
    CHECK_FAILS(net->updates(), xtape::ShapeError, lost);
    CHECK_FAILS(net->update(), ValueError, "Sequential: it was moved from");
    const xtape::NoGrad guard(tape);
    CHECK_FAILS((*net)(x), xtape::ShapeError, lost);
  }
}

TEST_CASE("AverageWeights refuse a number of updates that is no count", "[nn]") {
  const float infinity = std::numeric_limits<float>::infinity();
  Net net = make_net(1);
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, -1.f, 0.5f, 0x1p100f}) {
    nn::for_each_buffer(net, [&](const nn::ParameterName& name, Array<float>& buffer) {
      if (name.str() == "updates") buffer.fill(wrong);
    });
    CAPTURE(wrong);
    CHECK_FAILS(net.update(), ValueError,
                fmt::format("AverageWeights: buffer 'updates' holds {}, expected a count",
                            static_cast<double>(wrong)));
  }
}

TEST_CASE("A file whose counts are none is refused, and changes nothing", "[nn]") {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> wrong{
      std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, -1.f, 0.5f, 0x1p100f};
  for (const std::string key : {"updates", "1.num_batches_tracked"}) {
    for (const float number : wrong) {
      CAPTURE(key, number);
      Net saved = make_net(1), net = make_net(2);
      nn::for_each_buffer(saved, [&](const nn::ParameterName& name, Array<float>& buffer) {
        if (name.str() == key) buffer.fill(number);
      });
      const std::vector<float> before = all_numbers_of(net);
      const auto refusal = [&](const std::string& tensor) {
        return fmt::format("tensor '{}' holds {} at element 0, expected counts", tensor, number);
      };
      nn::save_weights(folder / "w", saved);
      CHECK(complaint_about(folder / "w", [&](const auto& path) { nn::load_weights(path, net); }) ==
            refusal(key));
      nn::SGD<float> sgd;
      nn::TrainingState state;
      nn::save_checkpoint(folder / "c", saved, sgd, state, {});
      CHECK(complaint_about(folder / "c", [&](const auto& path) {
              nn::load_checkpoint(path, net, sgd, state, {});
            }) == refusal("model." + key));
      CHECK(all_numbers_of(net) == before);
    }
  }
}
