#include "nn/onnx/save_onnx.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "autograd/define.hpp"
#include "autograd/ops/convolution.hpp"
#include "autograd/ops/reductions.hpp"
#include "nn/io/files.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/standardize.hpp"
#include "nn/sequential.hpp"
#include "tests/nn/onnx/reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/resnet.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace xtape;
using V = Variable<float>;

namespace {

template <class T = void, class Model>
OnnxFile exported(const Model& model, const Shape& sample, const nn::OnnxOptions& options = {}) {
  const TemporaryFolder folder;
  nn::save_onnx<T>(folder / "model.onnx", model, sample, options);
  return read_onnx(folder / "model.onnx");
}

template <class T>
std::vector<T> numbers_in(const OnnxTensor& tensor) {
  std::vector<T> numbers(tensor.bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

template <class T>
void give_statistics(nn::Sequential<T>& model) {
  nn::for_each_buffer(model, [](const nn::ParameterName& name, Array<T>& array) {
    if (name.ends_with("num_batches_tracked")) {
      array.fill(T(1));
    }
  });
}

}  // namespace

TEST_CASE("An ONNX file has the layers' names, the weights, and a free batch axis") {
  Rng rng{1};
  const nn::Sequential<float> model{nn::Linear(3, 4, rng), nn::ReLU{}, nn::Dropout(0.5),
                                    nn::Linear(4, 2, rng)};
  const OnnxFile file =
      exported(model, {3}, {.output = "logits", .metadata = {{"classes", "a b"}}});
  CHECK(file.ir_version == 8);
  CHECK(file.opset == 17);
  CHECK(file.producer == "xtape");
  CHECK(file.metadata == std::map<std::string, std::string>{{"classes", "a b"}});
  CHECK(file.ports.at("input") == std::vector<std::string>{"batch", "3"});
  CHECK(file.ports.at("logits") == std::vector<std::string>{"batch", "2"});
  CHECK(file.types() == "Gemm Relu Gemm");
  CHECK(file.calls[0].name == "layer 0 (Linear 3 -> 4)/Gemm");
  CHECK(file.calls[0].inputs == std::vector<std::string>{"input", "0.weight", "0.bias"});
  CHECK(file.calls[1].name == "layer 1 (ReLU)/Relu");
  CHECK(file.calls[1].inputs == std::vector<std::string>{file.calls[0].output});
  CHECK(file.calls[2].output == "logits");
  CHECK(file.tensors.size() == 4);
  const auto& weight = model.get<nn::Linear<float>>(0).weight;
  const OnnxTensor& stored = file.tensors.at("0.weight");
  CHECK(stored.shape == std::vector<std::int64_t>{3, 4});
  CHECK(stored.type == 1);
  CHECK(numbers_in<float>(stored) == std::vector<float>(weight.begin(), weight.end()));
}

TEST_CASE("A model of double is exported in double") {
  Rng rng{1};
  const nn::Sequential<double> model{nn::Linear<double>(3, 4, rng)};
  CHECK(exported(model, {3}).tensors.at("0.weight").type == 11);
  const nn::BatchNorm<double> layer(3, {.weight = false});
  nn::Sequential<double> normed{layer};
  give_statistics(normed);
  CHECK(exported(normed, {3}).tensors.at("0.running_mean").type == 11);
  const auto either = [](auto x) { return x * 2; };
  CHECK(exported<double>(either, {3}).tensors.at("number 2").type == 11);
  CHECK(exported(either, {3}).tensors.at("number 2").type == 1);
}

TEST_CASE("Weights of convolutions are written as ONNX has them: (out, in, height, width)") {
  Rng rng{1};
  const nn::Sequential<float> model{nn::Conv2d(2, 3, {1, 2}, rng)};
  const auto& weight = model.get<nn::Conv2d<float>>(0).weight;
  const OnnxFile file = exported(model, {4, 4, 2});
  const OnnxTensor& stored = file.tensors.at("0.weight");
  CHECK(stored.shape == std::vector<std::int64_t>{3, 2, 1, 2});
  const std::vector<float> numbers = numbers_in<float>(stored);
  REQUIRE(numbers.size() == 12);
  CHECK(numbers[1] == weight(0, 1, 0, 0));
  CHECK(numbers[2] == weight(0, 0, 1, 0));
  CHECK(numbers[4] == weight(0, 0, 0, 1));
  CHECK(file.types() == "Transpose Conv Transpose");
}

TEST_CASE("Images are transposed where their part of a model begins and where it ends") {
  Rng rng{1};
  nn::Sequential<float> model{
      nn::Standardize<float>({0, 1}, {1, 2}),
      nn::Conv2d(2, 4, 3, rng, {.bias = false}),
      nn::BatchNorm<float>(4),
      nn::ReLU{},
      nn::MaxPool2d(2),
      nn::Residual<float>{nn::Conv2d(4, 4, 3, rng, {.padding = 1}), nn::GELU{}},
      nn::Flatten{},
      nn::Linear({3, 3, 4}, 2, rng)};
  give_statistics(model);
  const OnnxFile file = exported(model, {8, 8, 2});
  CHECK(file.types() ==
        "Sub Div Transpose Conv BatchNormalization Relu MaxPool Conv Div Erf Add Mul Mul Add "
        "Transpose Reshape Gemm");
  CHECK(file.tensors.at("0.deviation").bytes.size() == 8);
  CHECK(file.tensors.count("2.running_var") == 1);
  // Without pixels beside each other, there is nothing to transpose at the end.
  nn::Sequential<float> resnet = make_resnet20<float>();
  give_statistics(resnet);
  CHECK(exported(resnet, {32, 32, 3}).count("Transpose") == 1);
  const nn::Sequential<float> pooled{nn::Conv2d(2, 4, 3, rng), nn::MaxPool2d(6),
                                     nn::Linear(4, 2, rng)};
  CHECK(exported(pooled, {8, 8, 2}).types() == "Transpose Conv MaxPool Flatten Gemm");
}

namespace {

struct Tied {
  Array<float> weight = Array<float>(Shape{3, 3, 2, 2}, 1.F);
  V operator()(V x) const {
    const V w = x.tape().parameter(weight);
    return conv2d(conv2d(x, w), w) + sum(w);
  }
  static void visit(auto& self, auto&& f) { f("weight", self.weight); }
};

}  // namespace

TEST_CASE("A parameter that is used twice is written once, and twice in two orders") {
  const OnnxFile file = exported(Tied{}, {6, 6, 2});
  CHECK(file.tensors.count("weight") == 1);
  CHECK(file.tensors.count("weight 2") == 1);
  CHECK(file.tensors.count("weight 3") == 0);
}

TEST_CASE("A model that returns its input is exported as a copy") {
  const OnnxFile file = exported(nn::Sequential<float>{}, {3});
  CHECK(file.types() == "Identity");
  CHECK(file.calls[0].inputs == std::vector<std::string>{"input"});
  CHECK(file.calls[0].output == "output");
  CHECK(exported(nn::Sigmoid{}, {}).ports.at("input") == std::vector<std::string>{"batch"});
}

TEST_CASE("An extent that grows with the batch is written as such") {
  const auto twice = [](V x) { return concatenate(x, x, 0); };
  CHECK(exported(twice, {3}).ports.at("output") == std::vector<std::string>{"2 batch", "3"});
}

namespace {

/// The message of the ValueError of save_onnx(). Checks that no file is there afterwards.
template <class Model>
std::string refusal(const Model& model, const Shape& sample, const nn::OnnxOptions& options = {}) {
  const TemporaryFolder folder;
  std::string message = "(no ValueError)";
  try {
    nn::save_onnx<float>(folder / "model.onnx", model, sample, options);
  } catch (const ValueError& error) {
    message = error.what();
  }
  CHECK(folder.names().empty());
  return message;
}

V swish(V x) {
  return define(
      "swish", {x}, x.value() / (1.F + xt::exp(-x.value())),
      [](auto y) -> const auto& { return y.grad(); });
}

}  // namespace

TEST_CASE("An op without a counterpart is refused by its name and its layer") {
  Rng rng{1};
  const nn::Sequential<float> model{nn::Linear(3, 4, rng), nn::Residual<float>{nn::ReLU{}, swish}};
  CHECK(
      refusal(model, {3}) ==
      "save_onnx: 'swish' in layer 1 (Residual of 2), layer 1 (Function) has no ONNX counterpart");
  CHECK(refusal(&swish, {3}) == "save_onnx: 'swish' has no ONNX counterpart");
}

TEST_CASE(
    "What depends on the size of the batch, or on the input behind the tape's back, is refused") {
  CHECK(refusal([](V x) { return x + x.tape().constant(Array<float>(x.shape(), 1.F)); }, {3}) ==
        "save_onnx: 'constant' (2, 3) depends on the input in a way that the tape does not know");
  CHECK(refusal([](V x) { return x + x.tape().constant(Array<float>(Shape{3}, x.value()(0, 0))); },
                {3}) ==
        "save_onnx: 'constant' (3) depends on the input in a way that the tape does not know");
  CHECK(refusal([](V x) { return x / static_cast<float>(x.shape()[0]); }, {3}) ==
        "save_onnx: 'divide' takes right 2 for one batch and right 3 for a larger one");
  CHECK(refusal([](V x) { return x.shape()[0] == 2 ? relu(x) : tanh(x); }, {3}) ==
        "save_onnx: 'relu' is computed otherwise for a larger batch");
  CHECK(refusal([](V x) { return x.shape()[0] == 2 ? relu(x) : relu(relu(x)); }, {3}) ==
        "save_onnx: 'relu' is the result for one batch, and not for a larger one");
  CHECK(refusal([](V x) { return slice(x, 0, x.shape()[0] == 2 ? 1 : 3); }, {3}) !=
        "(no ValueError)");
  CHECK(refusal([](V x) { return reshape(matmul(x, transpose(x)), {-1}); }, {3}) ==
        "save_onnx: 'reshape' makes (4) of a batch of 2, and (9) of one of 3");
  CHECK(refusal(
            [](V x) {
              return reshape(matmul(x, transpose(x)), Shape{x.shape()[0], 1, x.shape()[0]});
            },
            {3}) ==
        "save_onnx: 'reshape' has no ONNX counterpart where two of its axes grow with the batch");
  CHECK(refusal([](V x) { return relu(x.tape().constant(1.F)); }, {3}) ==
        "save_onnx: the result 'relu' does not depend on the input");
}

TEST_CASE("Names and texts that a file cannot have are refused") {
  Rng rng{1};
  const nn::Sequential<float> model{nn::Linear(3, 4, rng)};
  CHECK(refusal(model, {3}, {.input = ""}) ==
        "save_onnx: a name of the input or the output is empty");
  CHECK(refusal(model, {3}, {.input = "x", .output = "x"}) == "save_onnx: 'x' names two tensors");
  CHECK(refusal(model, {3}, {.input = "0.bias"}) == "save_onnx: '0.bias' names two tensors");
  CHECK(contains(refusal(model, {3}, {.input = "\xff"}), "is not UTF-8"));
  CHECK(contains(refusal(model, {3}, {.metadata = {{"key", "\xff"}}}), "'key' are not UTF-8"));
  CHECK(refusal(model, {0}) == "save_onnx: a sample (0) has no elements");
}

TEST_CASE("Errors of the model, of its arrays and of the file come through, and leave no file") {
  Rng rng{1};
  const TemporaryFolder folder;
  nn::Sequential<float> model{nn::Linear(3, 4, rng), nn::BatchNorm<float>(4)};
  const auto path = folder / "model.onnx";
  CHECK_THROWS_WITH(nn::save_onnx(path, model, {5}),
                    "layer 0 (Linear 3 -> 4): expected (batch, 3), got (2, 5)");
  CHECK(contains(message_of([&] { nn::save_onnx(path, model, {3}); }), "no statistics yet"));
  give_statistics(model);
  CHECK_THROWS_AS(nn::save_onnx(folder / "nowhere" / "model.onnx", model, {3}), DataError);
  CHECK(folder.names().empty());
  nn::save_onnx(path, model, {3});
  const std::string before = nn::read_file(path, 1 << 20);
  Array<float> taken;
  taken = std::move(model.get<nn::Linear<float>>(0).bias);
  CHECK_THROWS_AS(nn::save_onnx(path, model, {3}), ShapeError);
  CHECK(nn::read_file(path, 1 << 20) == before);
}

TEST_CASE("More weights than an ONNX file holds are refused before they are read") {
  const std::byte* const nowhere = nullptr;
  nn::onnx::Model model;
  model.tensors.push_back(
      {"large", nn::onnx::Type::float32, {1 << 29}, {nowhere, std::size_t{1} << 31}});
  CHECK_THROWS_WITH(
      nn::onnx::serialize(model),
      "save_onnx: the weights have 2147483648 bytes, and a file of ONNX holds at most "
      "2146435071");
}

TEST_CASE("An ONNX file replaces an earlier model, and no other file") {
  const TemporaryFolder folder;
  Rng rng{1};
  const auto path = folder / "model.onnx";
  nn::save_onnx(path, nn::Linear<float>(2, 3, rng), {2});
  const std::string model = nn::read_file(path, 1 << 20);
  const auto refused = [&](const std::string& content) {
    folder.write("model.onnx", content);
    const std::string message = message_of([&] { nn::require_onnx_writable(path); });
    CHECK(nn::read_file(path, 1 << 20) == content);
    const bool accepted = message == "(nothing thrown)";
    CHECK((accepted || message == path.string() + " exists and holds no ONNX model: remove it, or "
                                                  "name another file"));
    return !accepted;
  };
  CHECK_FALSE(refused(model));
  CHECK_FALSE(refused(""));
  CHECK_FALSE(refused({"\x08\x08\x3a\x00", 4}));  // a version and an empty graph
  CHECK(refused("size,colour\n1,2\n"));
  CHECK(refused("{\"epochs\": 3}"));
  CHECK(refused({"\x08\x08", 2}));                       // no graph
  CHECK(refused({"\x3a\x00", 2}));                       // no version
  CHECK(refused({"\x0a\x00\x3a\x00", 4}));               // the version is a message
  CHECK(refused({"\x08\x08\x38\x00", 4}));               // the graph is a number
  CHECK(refused({"\x08\x08\x3a\x01", 4}));               // the graph is longer than the file
  CHECK(refused({"\x08\x08\x3a\x00\x00\x00", 6}));       // no field has the number 0
  CHECK(refused({"\x08\x08\x3a\x00\x82\x02\x00", 7}));   // nor the number 32
  CHECK(refused("\x08\x08" + std::string(12, '\xff')));  // no number is that long
  CHECK(refused(model.substr(0, model.size() - 1)));
  CHECK(refused(model + "x"));
  std::string many = {"\x08\x08\x3a\x00", 4};
  for (int i = 0; i < 10000; ++i) {
    many += many.substr(2, 2);
  }
  CHECK(refused(many));
  CHECK_THROWS_AS(nn::require_onnx_writable(folder / "none/model.onnx"), DataError);
}
