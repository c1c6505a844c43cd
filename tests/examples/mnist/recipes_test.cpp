#include "examples/mnist/recipes.hpp"

#include <set>

#include "examples/mnist/network.hpp"
#include "examples/mnist/optimizer.hpp"
#include "tests/support/catch.hpp"

namespace nn = xtape::nn;
using mnist::Recipe;

namespace {

/// The learning rates of each step of a recipe with `epochs` epochs of 10 steps.
std::vector<double> rates(const Recipe& recipe) {
  const auto optimizer = mnist::make_optimizer(recipe, 10);
  std::vector<double> all;
  for (std::size_t step = 0; step < 10 * recipe.epochs; ++step) {
    optimizer->restore({}, step);
    all.push_back(optimizer->learning_rate());
  }
  return all;
}

Recipe with_schedule(const std::string& schedule, double warm_up = 0) {
  Recipe recipe;
  recipe.schedule = schedule;
  recipe.epochs = 6;
  recipe.learning_rate = 1;
  recipe.warm_up = warm_up;
  return recipe;
}

/// The weight of a model with one weight after a step along the gradient 1, from weight 2.
float stepped(const Recipe& recipe, std::size_t step = 0) {
  xtape::Rng rng;
  nn::Sequential<float> model{nn::Linear(1, 1, rng)};
  xtape::Tape<float> tape;
  float result = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName& name, xtape::Array<float>& array) {
    array.data()[0] = name.str() == "0.weight" ? 2.f : 0.f;
  });
  tape.backward(sum(model(tape.constant(xtape::Array<float>(xtape::Shape{1, 1}, 1.f)))));
  const auto optimizer = mnist::make_optimizer(recipe, 10);
  optimizer->restore({}, step);
  optimizer->step(model, tape);
  nn::for_each_parameter(model, [&](const nn::ParameterName& name, xtape::Array<float>& array) {
    result = name.str() == "0.weight" ? array.data()[0] : result;
  });
  return result;
}

}  // namespace

TEST_CASE("recipes are found by their names, which differ, and can be set up") {
  std::set<std::string> names;
  for (const Recipe& recipe : mnist::recipes()) {
    names.insert(recipe.name);
    CHECK(mnist::find_recipe(recipe.name).about == recipe.about);
    CHECK((recipe.expected > 80 && recipe.expected < 100));
    CHECK_NOTHROW(mnist::make_optimizer(recipe, 10));
    CHECK_NOTHROW(nn::Augment(recipe.augment));
    xtape::Rng rng;
    const std::size_t standardize = recipe.standardize ? 1 : 0, filters = recipe.filters.size();
    const std::size_t each_hidden = recipe.dropout > 0 ? 3 : 2;
    CHECK(mnist::make_network<float>(recipe, {28, 28}, rng).size() ==
          standardize + each_hidden * recipe.hidden.size() + 1 +
              (filters > 0 ? 2 + 4 * filters : 0));
  }
  CHECK((names == std::set<std::string>{"default", "post", "fast", "cnn", "best"}));
  CHECK_THROWS_WITH(mnist::find_recipe("worst"), "there is no recipe 'worst'");
}

TEST_CASE("the recipe of the post is the tutorial's") {
  const Recipe& post = mnist::find_recipe("post");
  CHECK((post.hidden == std::vector<std::size_t>{128}));
  CHECK(post.activation == "sigmoid");
  CHECK(post.initial_deviation == 0.01);
  CHECK(post.batch_size == 64);
  CHECK(post.epochs == 10);
  CHECK(post.learning_rate == 0.01);
  CHECK(post.momentum == 0);
  CHECK_FALSE(post.augment.any());
}

TEST_CASE("pixels are standardised where the recipe says so") {
  Recipe recipe;
  xtape::Rng rng;
  CHECK(mnist::make_network<float>(recipe, {28, 28}, rng)[0].describe() == "Linear 784 -> 128");
  recipe.standardize = true;
  const auto network = mnist::make_network<float>(recipe, {28, 28}, rng);
  CHECK(network[0].describe() == "Standardize 0.1307, 0.3081");
  CHECK(network[1].describe() == "Linear 784 -> 128");
}

TEST_CASE("filters are convolutions with batch norm, activation and pool before the dense layers") {
  Recipe recipe = mnist::find_recipe("cnn");
  recipe.filters = {3, 4};
  recipe.hidden = {8};
  xtape::Rng rng;
  const auto network = mnist::make_network<float>(recipe, {28, 28}, rng);
  std::vector<std::string> layers;
  for (std::size_t i = 0; i < network.size(); ++i) {
    layers.push_back(network[i].describe());
  }
  CHECK((layers == std::vector<std::string>{"Standardize 0.1307, 0.3081", "Reshape to (28, 28, 1)",
                                            "Conv2d 1 -> 3, 5 x 5", "BatchNorm 3", "ReLU",
                                            "MaxPool2d 2x2", "Conv2d 3 -> 4, 5 x 5", "BatchNorm 4",
                                            "ReLU", "MaxPool2d 2x2", "Flatten", "Linear 64 -> 8",
                                            "ReLU", "Linear 8 -> 10"}));
  // Images come as rows, too.
  xtape::Tape tape;
  CHECK((network(tape.constant(xtape::Array<float>(xtape::Shape{2, 784}, 0.5f))).shape() ==
         xtape::Shape{2, 10}));
}

TEST_CASE("filters that do not fit into the image are refused") {
  Recipe recipe = mnist::find_recipe("cnn");
  xtape::Rng rng;
  recipe.filters = {4, 4, 4};
  CHECK_THROWS_WITH(mnist::make_network<float>(recipe, {28, 28}, rng),
                    "--filters: 4 of 5 x 5 and a pool do not fit into 4 x 4 pixels");
  recipe.filters = {4};
  CHECK_THROWS_WITH(mnist::make_network<float>(recipe, {28, 5}, rng),
                    "--filters: 4 of 5 x 5 and a pool do not fit into 28 x 5 pixels");
  CHECK_NOTHROW(mnist::make_network<float>(recipe, {28, 6}, rng));
}

TEST_CASE("dropout follows each hidden activation") {
  Recipe recipe;
  recipe.hidden = {3, 2};
  recipe.dropout = 0.25;
  xtape::Rng rng;
  const auto network = mnist::make_network<float>(recipe, {28, 28}, rng);
  REQUIRE(network.size() == 7);
  CHECK(network[2].describe() == "Dropout 0.25");
  CHECK(network[5].describe() == "Dropout 0.25");
}

TEST_CASE("schedules begin at the learning rate and fall as they are called") {
  CHECK((rates(with_schedule("constant")) == std::vector<double>(60, 1.)));
  const auto linear = rates(with_schedule("linear")), cosine = rates(with_schedule("cosine"));
  CHECK(linear[0] == 1);
  CHECK(linear[30] == Approx(0.5));
  CHECK(linear[59] == Approx(1. / 60));
  CHECK(cosine[0] == 1);
  CHECK(cosine[15] == Approx((1 + std::sqrt(0.5)) / 2));
  CHECK(cosine[59] < 0.001);
  const auto steps = rates(with_schedule("step"));
  CHECK(steps[19] == Approx(1));
  CHECK(steps[20] == Approx(0.1));
  CHECK(steps[59] == Approx(0.01));
}

TEST_CASE("a warm-up rises for its epochs, and the schedule falls in what is left") {
  const auto warm = rates(with_schedule("linear", 1));
  CHECK(warm[0] == Approx(1. / 11));
  CHECK(warm[9] == Approx(10. / 11));
  CHECK(warm[10] == 1);
  CHECK(warm[35] == Approx(0.5));
  CHECK_THROWS_WITH(rates(with_schedule("linear", 6)),
                    "a warm-up of 6 epochs leaves nothing of 6: try a smaller --warm-up");
}

TEST_CASE("a step is as long as the schedule says") {
  CHECK(stepped(with_schedule("linear")) == Approx(1));
  CHECK(stepped(with_schedule("linear"), 30) == Approx(1.5));
}

TEST_CASE("the optimizer is the one that the recipe names") {
  Recipe recipe = with_schedule("constant");
  recipe.learning_rate = 0.5;
  CHECK(stepped(recipe) == Approx(1.5));  // 2 - 0.5 * 1
  recipe.weight_decay = 0.1;
  CHECK(stepped(recipe) == Approx(1.4));  // the gradient is 1 + 0.1 * 2
  recipe.optimizer = "nesterov";
  CHECK(stepped(recipe) == Approx(2 - 0.5 * 1.2 * 1.9));  // that gradient and 0.9 of it
  recipe.optimizer = "adam";
  CHECK(stepped(recipe) == Approx(1.5));  // the first step is the learning rate
  recipe.optimizer = "adamw";
  CHECK(stepped(recipe) == Approx(1.4));  // and the weight shrinks by 0.5 * 0.1 * 2
  recipe.optimizer = "newton";
  CHECK_THROWS_WITH(stepped(recipe), "unknown optimizer 'newton'");
}
