#include <cmath>
#include <functional>
#include <iostream>
#include <sstream>
#include <string_view>
#include <vector>
#include <xtape.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

// The code of docs/guides/parts-of-a-model.md.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Variable;

namespace {

struct Classifier {
  nn::Sequential<float> body;
  nn::Linear<float> head;

  Variable<float> operator()(Variable<float> x) const { return head(body(x)); }
  static void visit(auto& self, auto&& f) { f("body", self.body), f("head", self.head); }
};

Classifier make_model(std::uint64_t seed = 1) {
  xtape::Rng rng{seed};
  return {nn::Sequential{nn::Linear(4, 8, rng), nn::Tanh{}}, nn::Linear(8, 3, rng)};
}

/// What the examples of the guide have before they begin.
struct Setting {
  Classifier model = make_model();
  const Classifier before = model;
  xtape::Rng rng{7};
  const Array<float> x = random_normal<float>({12, 4}, rng);
  const std::vector<int> labels{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
  nn::SoftmaxCrossEntropy criterion;
  xtape::Tape<float> tape;

  bool body_changed() const {
    return !(model.body.get<nn::Linear<float>>(0).weight ==
             before.body.get<nn::Linear<float>>(0).weight);
  }
  bool head_changed() const { return !(model.head.weight == before.head.weight); }
};

}  // namespace

TEST_CASE("Guide: freeze the rest of a model, and a layer of a Sequential", "[nn]") {
  Setting setting;
  auto& [model, before, rng, x, labels, criterion, tape] = setting;
  const auto is_head = [](std::string_view name) { return name.starts_with("head."); };
  const auto head = nn::select(model, is_head);
  const auto body = nn::select(model, std::not_fn(is_head));

  nn::SGD sgd({.learning_rate = 0.1});
  for (int step = 0; step < 20; ++step) {
    tape.rewind();
    nn::freeze(body, tape);
    tape.backward(criterion(model(tape.constant(x)), labels));
    sgd.step(head, tape);
  }
  CHECK(setting.head_changed());
  CHECK_FALSE(setting.body_changed());
}

TEST_CASE("Guide: a part of a Sequential is trained", "[nn]") {
  Setting setting;
  auto& [model, before, rng, x, labels, criterion, tape] = setting;
  nn::Sequential network{nn::Linear(4, 8, rng), nn::Tanh{}, nn::Linear(8, 3, rng)};
  const nn::Sequential first = network;
  tape.backward(criterion(network(tape.constant(x)), labels));
  nn::SGD sgd;
  const auto last = nn::select(network, [](auto name) { return name.starts_with("2."); });
  sgd.step(last, tape);
  CHECK((network.get<nn::Linear<float>>(0).weight == first.get<nn::Linear<float>>(0).weight));
  CHECK_FALSE((network.get<nn::Linear<float>>(2).weight == first.get<nn::Linear<float>>(2).weight));

  network[1] = nn::ReLU{};
  network.get<nn::Linear<float>>(2).bias.fill(0.1f);
  CHECK(network[1].describe() == "ReLU");
}

TEST_CASE("Guide: another learning rate for a part", "[nn]") {
  Setting setting;
  auto& [model, before, rng, x, labels, criterion, tape] = setting;
  const auto is_head = [](std::string_view name) { return name.starts_with("head."); };
  const auto head = nn::select(model, is_head);
  const auto body = nn::select(model, std::not_fn(is_head));

  nn::SGD slow({.learning_rate = 0.001, .momentum = 0.9}), fast({.learning_rate = 0.1});
  for (int step = 0; step < 20; ++step) {
    tape.rewind();
    tape.backward(criterion(model(tape.constant(x)), labels));
    nn::clip_grad_norm(model, tape, 1.0);
    slow.step(body, tape);
    fast.step(head, tape);
  }
  CHECK(setting.head_changed());
  CHECK(setting.body_changed());
  CHECK_THROWS_AS(slow.step(head, tape), xtape::TapeError);
}

TEST_CASE("Guide: other rates by name", "[nn]") {
  Setting setting;
  auto& [model, before, rng, x, labels, criterion, tape] = setting;
  tape.backward(criterion(model(tape.constant(x)), labels));
  nn::AdamW adam({.learning_rate = 0.01,
                  .weight_decay = 0.1,
                  .factors = {{"head.weight", {.rate = 10}}, {"bias", {.decay = 0}}}});
  adam.step(model, tape);
  CHECK(setting.head_changed());
  CHECK(setting.body_changed());

  const auto matrices =
      nn::select(model, [](auto, const auto& array) { return array.dimension() == 2; });
  CHECK(nn::parameter_count(matrices) == 4 * 8 + 8 * 3);
}

TEST_CASE("Guide: weights and tables of a part", "[nn]") {
  const TemporaryFolder folder;
  const auto path = folder / "body.safetensors";
  const Classifier trained = make_model(1);
  Classifier fresh = make_model(2);
  const auto is_head = [](std::string_view name) { return name.starts_with("head."); };
  const auto is_body = std::not_fn(is_head);
  nn::save_weights(path, nn::select(trained, is_body));
  nn::load_weights(path, nn::select(fresh, is_body));
  CHECK((fresh.body.get<nn::Linear<float>>(0).weight ==
         trained.body.get<nn::Linear<float>>(0).weight));
  CHECK_FALSE((fresh.head.weight == trained.head.weight));

  const Classifier& model = trained;
  std::ostringstream shown;
  std::streambuf* before = std::cout.rdbuf(shown.rdbuf());
  std::cout << nn::table(model) << nn::table(nn::select(model, is_head));
  std::cout.rdbuf(before);
  CHECK(shown.str().find("body.0  Linear 4 -> 8") != std::string::npos);
}
