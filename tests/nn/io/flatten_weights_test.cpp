#include <string>
#include <utility>
#include <vector>

#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/reshape.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

// The weight of a Linear that reads flattened images is in another order in PyTorch.

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::ValueError;

namespace {

xtape::Rng rng{1};

/// Returns the complaint about the model, the same for saving and loading. Empty: none.
std::string complaint(const nn::Sequential<float>& model) {
  const TemporaryFolder folder;
  nn::save_weights(folder / "ours", model);
  nn::Sequential<float> other = model;
  nn::load_weights(folder / "ours", other);  // xtape's own order is always clear
  std::string saving, loading;
  try {
    nn::save_weights(folder / "w", model, {.pytorch = true});
    nn::load_weights(folder / "w", other, {.pytorch = true});
  } catch (const ValueError& error) {
    saving = error.what();
    loading = message_of([&] { nn::load_weights(folder / "ours", other, {.pytorch = true}); });
    CHECK(saving.substr(saving.find(':')) == loading.substr(loading.find(':')));
  }
  return saving;
}

bool is_clear(const nn::Sequential<float>& model) { return complaint(model).empty(); }

/// A module of one's own that reads images as rows.
struct Head {
  Array<float> matrix{{1, 2}, {3, 4}, {5, 6}, {7, 8}};
  Shape images;

  xtape::Variable<float> operator()(xtape::Variable<float> x) const { return x; }
  const Shape& flattened() const { return images; }
  static void visit(auto& self, auto&& f) { f("matrix", self.matrix); }
  static constexpr std::string_view transposed_in_pytorch = "matrix";
};

}  // namespace

TEST_CASE("The weight of flattened images goes to PyTorch's order and back", "[nn]") {
  const TemporaryFolder folder;
  nn::Linear layer(Shape{2, 1, 2}, 2, rng);  // height, width, channels
  CHECK(layer.describe() == "Linear 4 -> 2");
  // Row 2 y + c reads channel c of pixel y.
  layer.weight = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
  nn::save_weights(folder / "w", layer, {.pytorch = true});
  const nn::SafetensorsFile file(folder / "w");
  const nn::StoredTensor& stored = file.tensors().at("weight");
  CHECK(xtape::same_shape(stored.shape, {2, 4}));
  std::vector<float> numbers(8);
  file.read(stored, std::as_writable_bytes(std::span(numbers)));
  CHECK(numbers == std::vector<float>{0, 20, 10, 30, 1, 21, 11, 31});  // (out, channels x height)
  nn::Linear other(Shape{2, 1, 2}, 2, rng);
  nn::load_weights(folder / "w", other, {.pytorch = true});
  CHECK((other.weight == layer.weight));
  nn::save_weights(folder / "ours", layer);
  nn::load_weights(folder / "ours", other);
  CHECK((other.weight == layer.weight));
}

TEST_CASE("A weight that reads flattened images of unknown shape is neither saved nor loaded",
          "[nn]") {
  const auto conv = [] { return nn::Conv2d(3, 4, 3, rng); };
  const nn::Sequential<float> behind_conv{conv(), nn::ReLU{}, nn::Linear(16, 5, rng)};
  CHECK(complaint(behind_conv) ==
        "save_weights: '2.weight' (16, 5) reads samples that PyTorch flattens in another order, "
        "channels first: give its Linear their shape, nn::Linear({height, width, channels}, 5, "
        "rng)");
  CHECK_FALSE(is_clear(nn::Sequential<float>{nn::Flatten{}, nn::Linear(12, 5, rng)}));
  CHECK_FALSE(is_clear(nn::Sequential<float>{nn::Reshape({12}), nn::Linear(12, 5, rng)}));
  CHECK(is_clear(nn::Sequential<float>{nn::Reshape({3, 4}), nn::Linear(12, 5, rng)}));
  CHECK_FALSE(is_clear(nn::Sequential<float>{
      nn::Flatten{}, nn::Dropout(0.5), nn::Sequential<float>{nn::ReLU{}, nn::Linear(12, 5, rng)}}));

  CHECK(is_clear(nn::Sequential<float>{conv(), nn::Linear({2, 2, 4}, 5, rng)}));
  CHECK(is_clear(
      nn::Sequential<float>{nn::Flatten{}, nn::Linear({2, 2, 3}, 5, rng), nn::Linear(5, 7, rng)}));
  CHECK(is_clear(nn::Sequential<float>{nn::Linear(12, 5, rng), nn::Linear(5, 6, rng)}));
  CHECK(is_clear(nn::Sequential<float>{conv(), nn::GlobalAvgPool2d{}, nn::Flatten{},
                                       nn::Linear(4, 5, rng), nn::Linear(5, 6, rng)}));
  CHECK(is_clear(nn::Sequential<float>{nn::Flatten{}, nn::Linear(Shape{12}, 5, rng)}));
}

TEST_CASE("A transposed convolution says how many channels it makes", "[nn]") {
  const auto conv = [](std::size_t in) { return nn::ConvTranspose2d(in, 4, 2, rng); };
  CHECK_FALSE(is_clear(nn::Sequential<float>{conv(16), nn::Flatten{}, nn::Linear(16, 5, rng)}));
  CHECK(is_clear(nn::Sequential<float>{conv(16), nn::Flatten{}, nn::Linear({2, 2, 4}, 5, rng)}));
  CHECK(is_clear(nn::Sequential<float>{conv(8), nn::GlobalAvgPool2d{}, nn::Linear(4, 10, rng)}));
}

TEST_CASE("Numbers for each flattened pixel are neither saved nor loaded in another order",
          "[nn]") {
  const auto model = [](const Shape& images) {
    return nn::Sequential<float>{nn::Flatten{}, nn::BatchNorm<float>(16), nn::ReLU{},
                                 nn::Linear(images, 5, rng), nn::BatchNorm<float>(5)};
  };
  CHECK(complaint(model({2, 2, 4})) ==
        "save_weights: '1.running_var' (16) has a number for each flattened pixel, and PyTorch "
        "flattens in another order, channels first: put its layer before the Flatten");
  CHECK(is_clear(model({4, 4, 1})));
  CHECK(is_clear(model({16})));
  CHECK(is_clear(model({1, 1, 16})));
  CHECK_FALSE(is_clear(nn::Sequential<float>{nn::Flatten{}, nn::BatchNorm<float>(16)}));
  CHECK(is_clear(nn::Sequential<float>{nn::Conv2d(3, 4, 3, rng), nn::GlobalAvgPool2d{},
                                       nn::Flatten{}, nn::BatchNorm<float>(4)}));
}

TEST_CASE("A module of one's own says what its matrix flattens", "[nn]") {
  const TemporaryFolder folder;
  const nn::Sequential<float> silent{nn::Conv2d(1, 2, 1, rng), Head{}};
  CHECK_THROWS_AS(nn::save_weights(folder / "w", silent, {.pytorch = true}), ValueError);
  nn::save_weights(folder / "w", Head{.images = {2, 1, 2}}, {.pytorch = true});
  Head head{.images = {2, 1, 2}};
  head.matrix.fill(0);
  nn::load_weights(folder / "w", head, {.pytorch = true});
  CHECK((head.matrix == Head{}.matrix));
  CHECK_FAILS(nn::save_weights(folder / "w", Head{.images = {3, 1, 2}}, {.pytorch = true}),
              xtape::ShapeError, "'matrix' is (4, 2), but its module flattens (3, 1, 2)");
}
