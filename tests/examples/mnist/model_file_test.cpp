#include "examples/mnist/model_file.hpp"

#include "autograd/no_grad.hpp"
#include "examples/mnist/network.hpp"
#include "nn/io/weights.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using images::Model;
using mnist::load_model;

namespace {

xtape::Array<float> outputs(const nn::Sequential<float>& network) {
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  return network(tape.constant(xtape::Array<float>(xtape::Shape{1, 3}, 0.7f))).value();
}

nn::Sequential<float> network(xtape::Rng& rng) {
  return nn::Sequential{nn::Linear(3, 5, rng), nn::ReLU{}, nn::Linear(5, 2, rng)};
}

}  // namespace

TEST_CASE("A model read back is the one that was saved") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const bool standardized = GENERATE(false, true);
  nn::Sequential<float> layers;
  if (standardized) {
    layers.push_back(nn::Standardize(0.1307, 0.3081));
  }
  layers.push_back(nn::Linear(3, 5, rng)), layers.push_back(nn::ReLU{});
  layers.push_back(nn::Dropout(0.5)), layers.push_back(nn::Linear(5, 2, rng));
  const Model model{.network = layers,
                    .facts = {{"activation", "relu"}},
                    .class_names = {"cat \"Tom\"", "Maus"},
                    .image = {3}};
  save_model(folder / "m.safetensors", model);
  const Model again = load_model(folder / "m.safetensors");
  CHECK((outputs(again.network) == outputs(model.network)));
  CHECK(again.facts == model.facts);
  CHECK(again.network.size() == model.network.size());
  CHECK(again.class_names == model.class_names);
  CHECK(again.features() == 3);
}

TEST_CASE("A file without metadata of ours is a network of sigmoids whose classes are numbers") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const nn::Sequential<float> network{nn::Linear(3, 5, rng), nn::Sigmoid{}, nn::Linear(5, 2, rng)};
  save_weights(folder / "m.safetensors", network);
  const Model model = load_model(folder / "m.safetensors");
  CHECK((outputs(model.network) == outputs(network)));
  CHECK(model.class_names == std::vector<std::string>{"0", "1"});
}

TEST_CASE("A file of xtape 0.2, with the scale of pixels as metadata, means what it meant") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const nn::Sequential<float> layers = network(rng);
  const auto metadata = [](const char* mean, const char* deviation) {
    return nn::SaveOptions{.metadata = {{"activation", "relu"},
                                        {"classes", R"(["0","1"])"},
                                        {"pixel_mean", mean},
                                        {"pixel_deviation", deviation}}};
  };
  save_weights(folder / "plain", layers, metadata("0", "1"));
  const Model plain = load_model(folder / "plain");
  CHECK(plain.network.size() == 3);
  CHECK((outputs(plain.network) == outputs(layers)));

  save_weights(folder / "scaled", layers, metadata("0.1307", "0.3081"));
  const Model scaled = load_model(folder / "scaled");
  REQUIRE(scaled.network.size() == 4);
  CHECK(scaled.network[0].describe() == "Standardize 0.1307, 0.3081");
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  const float pixel = (0.7F - 0.1307F) / 0.3081F;
  const auto wanted = layers(tape.constant(xtape::Array<float>(xtape::Shape{1, 3}, pixel)));
  const auto found = outputs(scaled.network);
  CHECK(found(0, 0) == Approx(wanted.value()(0, 0)));
  CHECK(found(0, 1) == Approx(wanted.value()(0, 1)));
  save_model(folder / "again", scaled);
  CHECK((outputs(load_model(folder / "again").network) == found));
}

TEST_CASE("A file that holds no network is refused, and named") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const auto path = folder / "m.safetensors";
  const auto refuses = [&](const nn::Sequential<float>& layers, const nn::SaveOptions& options,
                           const std::string& reason) {
    save_weights(path, layers, options);
    const std::string message = message_of([&] { load_model(path); });
    CHECK(message.rfind(path.string() + ": ", 0) == 0);
    CAPTURE(message);
    CHECK(message.find(reason) != std::string::npos);
  };
  refuses(nn::Sequential{nn::Sigmoid{}, nn::Linear(3, 5, rng)}, {}, "holds no network");
  refuses(nn::Sequential{nn::Linear(3, 5, rng), nn::Linear(4, 2, rng)}, {},
          "1.weight is (4, 2), but the layer before it has 5 outputs");
  refuses(network(rng), {.metadata = {{"activation", "swish"}}}, "unknown activation 'swish'");
  refuses(nn::Sequential{nn::Standardize(0, 1), nn::ReLU{}, nn::Linear(4, 2, rng)}, {},
          "holds no network");
  refuses(nn::Sequential{nn::Standardize({0, 0}, {1, 1}), nn::Linear(2, 2, rng)}, {},
          "'0.mean' is F32 (2), expected F32 ()");
  const auto refuses_deviation = [&](float bad, const std::string& reason) {
    nn::Standardize standardize(0, 1);
    standardize.deviation.data()[0] = bad;
    refuses(nn::Sequential{standardize, nn::Linear(2, 2, rng)}, {}, reason);
  };
  refuses_deviation(0, "0.deviation is 0, expected a mean and a deviation above 0");
  refuses_deviation(-1, "0.deviation is -1, expected a mean and a deviation above 0");
  refuses_deviation(std::numeric_limits<float>::quiet_NaN(), "'0.deviation' is nan at element 0");
  refuses(network(rng), {.metadata = {{"pixel_mean", "dark"}}}, "expected a number");
  for (const char* mean : {"nan", "inf", "-inf", "1e999", "0.1x", ""}) {
    refuses(network(rng), {.metadata = {{"pixel_mean", mean}}}, "expected a number");
  }
  for (const char* deviation : {"nan", "inf", "0", "-1", "-0"}) {
    refuses(network(rng), {.metadata = {{"pixel_deviation", deviation}}}, "expected a number");
  }
  refuses(network(rng), {.metadata = {{"pixel_deviation", "1e-300"}}},  // 0 as a float
          "expected a finite mean and a deviation above 0, got 0 and 1e-300");
}

TEST_CASE("A model whose weights are no numbers is refused") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const auto path = folder / "m.safetensors";
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    nn::Linear layer(3, 2, rng);
    layer.weight.data()[4] = bad;
    save_weights(path, nn::Sequential{layer});
    CHECK(message_of([&] { load_model(path); }) == path.string() + ": parameter '0.weight' is " +
                                                       (bad < 0 ? "-inf" : "nan") +
                                                       " at element 4");
  }
}

TEST_CASE("What is no list of names names no classes, at no cost") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const auto path = folder / "m.safetensors";
  const Cost sound = cost_of_sound_header();
  const std::size_t most = (2 << 20) - 1000;
  const std::string deep = std::string(most / 2, '[') + std::string(most / 2, ']');
  const std::string less_deep = std::string(1 << 15, '[') + std::string(1 << 15, ']');
  for (const std::string& classes :
       {std::string("{}"), std::string("[1"), std::string(R"(["a"])"), "[1," + less_deep + "]",
        "[1," + deep + "]", "[" + repeat("1,", most / 2) + "1]"}) {
    CAPTURE(classes.substr(0, 10));
    save_weights(path, network(rng), {.metadata = {{"classes", classes}}});
    CHECK(load_model(path).class_names == std::vector<std::string>{"0", "1"});
    check_cheap(cost_of([&] { load_model(path); }), sound);
  }
}

TEST_CASE("The names in a model of a stranger are no commands to the terminal") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const auto path = folder / "m.safetensors";
  const nn::Sequential<float> network{nn::Linear(3, 2, rng)};
  save_weights(path, network,
               {.metadata = {{"classes", R"(["\u001b]0;x\u0007", "\u009b2J\u007f"])"}}});
  CHECK(load_model(path).class_names == std::vector<std::string>{"?]0;x?", "?2J?"});
  save_weights(path, nn::Sequential{nn::Linear(3, 5, rng), nn::ReLU{}, nn::Linear(5, 2, rng)},
               {.metadata = {{"activation", "\x1b[2J\n"}}});
  CHECK(message_of([&] { load_model(path); }) == path.string() + ": unknown activation '?[2J?'");
}

TEST_CASE("A network with convolutions comes back, running statistics included") {
  const TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  mnist::Recipe recipe = mnist::find_recipe("cnn");
  recipe.filters = {2, 3};
  recipe.kernel = 3;
  recipe.hidden = {5, 4};
  for (const double dropout : {0., 0.25}) {
    for (const bool standardize : {true, false}) {
      recipe.dropout = dropout;
      recipe.standardize = standardize;
      recipe.activation = "gelu";
      xtape::Rng rng{1};
      Model model;
      model.network = mnist::make_network<float>(recipe, {12, 14}, rng);
      model.facts = {{"activation", "gelu"}, {"image", "12,14"}};
      model.class_names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
      xtape::Tape tape;
      model.network(tape.constant(random_normal<float>({6, 12, 14}, rng)));
      nn::update_statistics(model.network, tape, 1);
      save_model(path, model);
      const Model again = load_model(path);
      CHECK(again.facts == model.facts);
      CHECK(again.class_names == model.class_names);
      CHECK(again.features() == 168);
      const auto image = random_normal<float>({1, 12, 14}, rng);
      CHECK((nn::predict(again.network, image) == nn::predict(model.network, image)));
    }
  }
}

TEST_CASE("A file whose convolutions do not follow from each other is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  xtape::Rng rng{1};
  const auto refuses = [&](const nn::Sequential<float>& layers, const std::string& image,
                           const std::string& reason) {
    save_weights(path, layers, {.metadata = {{"image", image}, {"activation", "relu"}}});
    CHECK(message_of([&] { load_model(path); }) == path.string() + ": " + reason);
  };
  const auto conv = [&](std::size_t in, std::size_t out, xtape::Pair kernel) {
    return nn::Conv2d(in, out, kernel, rng, {.bias = false});
  };
  const nn::Linear last(128, 10, rng);
  for (const char* image : {"", "12", "12,", "0,12", "12,1001", "12,12,1", "-1,12"}) {
    refuses(nn::Sequential{conv(1, 8, 5), last}, image,
            std::string("its metadata give '") + image +
                "' for image, expected rows and columns such as 28,28");
  }
  const char* follows = ", which does not follow the layers before it";
  refuses(nn::Sequential{conv(3, 8, 5), last}, "12,12",
          "0.weight is (5, 5, 3, 8)" + std::string(follows));
  refuses(nn::Sequential{conv(1, 8, {5, 3}), last}, "12,12",
          "0.weight is (5, 3, 1, 8)" + std::string(follows));
  refuses(nn::Sequential{conv(1, 8, 5), conv(8, 8, 3), last}, "12,12",
          "1.weight is (3, 3, 8, 8)" + std::string(follows));
  refuses(nn::Sequential{conv(1, 8, 5), last}, "14,12",
          "1.weight is (128, 10)" + std::string(follows));
  refuses(nn::Sequential{conv(1, 8, 5), last, conv(10, 1, 5)}, "12,12",
          "2.weight is (5, 5, 10, 1)" + std::string(follows));
  refuses(nn::Sequential{conv(1, 8, 5)}, "12,12", "holds no network: there is no Linear layer");
  refuses(nn::Sequential{conv(1, 8, 5), last}, "5,5",
          "--filters: 8 of 5 x 5 and a pool do not fit into 5 x 5 pixels");
  CHECK_THROWS_AS(
      [&] {
        save_weights(path, nn::Sequential{conv(1, 8, 5), last}, {.metadata = {{"image", "12,12"}}});
        load_model(path);
      }(),
      xtape::DataError);  // its numbers are not those of make_network()
}

TEST_CASE("A network with impossible running statistics is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  mnist::Recipe recipe = mnist::find_recipe("cnn");
  recipe.filters = {2};
  recipe.hidden = {3};
  xtape::Rng rng{1};
  Model model;
  model.network = mnist::make_network<float>(recipe, {12, 12}, rng);
  model.facts = {{"activation", "relu"}, {"image", "12,12"}};
  model.network.get<nn::BatchNorm<float>>(3).running_variance.data()[1] = -1;
  save_model(path, model);
  CHECK(message_of([&] { load_model(path); }) ==
        path.string() + ": 3.running_var is -1, expected a variance of at least 0");
  model.network.get<nn::BatchNorm<float>>(3).running_variance.data()[1] = 0;
  save_model(path, model);
  CHECK(message_of([&] { load_model(path); }) ==
        path.string() + ": 3.num_batches_tracked is 0, expected statistics of at least one batch");
}
