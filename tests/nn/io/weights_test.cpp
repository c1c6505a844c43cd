#include "nn/io/weights.hpp"

#include <array>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;
using xtape::Shape;

namespace {

template <class T>
nn::Sequential<T> make_model(std::uint64_t seed, std::size_t hidden = 4) {
  xtape::Rng rng{seed};
  nn::Sequential<T> model{nn::Linear<T>(3, hidden, rng), nn::Sigmoid{},
                          nn::Linear<T>(hidden, 2, rng)};
  nn::for_each_parameter(model, [&](const nn::ParameterName&, Array<T>& array) {
    rng.fill_normal(std::span<T>(array.storage()), 0, 1);
  });
  return model;
}

/// Returns the bytes of all parameters.
template <class Model>
std::string bits(const Model& model) {
  std::string bytes;
  for (const auto& each : nn::detail::array_bytes<const std::byte>(model)) {
    bytes.append(reinterpret_cast<const char*>(each.bytes.data()), each.bytes.size());
  }
  return bytes;
}

/// A model with parameters that a test chooses.
struct Plain {
  Array<float> a, b;
  static void visit(auto& self, auto&& f) { f("a", self.a), f("b", self.b); }
};

/// A model with a matrix that PyTorch stores transposed.
template <class T>
struct Dense {
  Array<T> matrix, other;
  static void visit(auto& self, auto&& f) { f("matrix", self.matrix), f("other", self.other); }
  static constexpr std::string_view transposed_in_pytorch = "matrix";
};

struct Twins {
  Array<float> a, b;
  static void visit(auto& self, auto&& f) { f("a", self.a), f("a", self.b); }
};

/// A parameter and a buffer of one name.
struct Namesakes {
  Array<float> a, b;
  static void visit(auto& self, auto&& f) { f("a", self.a), f.buffer("a", self.b); }
};

/// A model with a buffer behind type erasure, and what it is without.
nn::Sequential<float> make_buffered(float mean) {
  xtape::Rng rng{1};
  Centred<float> centred(2);
  centred.running_mean.fill(mean);
  return nn::Sequential{nn::Linear(3, 2, rng), centred};
}

}  // namespace

TEMPLATE_TEST_CASE("Weights come back bit by bit", "", float, double) {
  const TemporaryFolder folder;
  auto model = make_model<TestType>(1), other = make_model<TestType>(2);
  for (const bool pytorch : {false, true}) {
    nn::save_weights(folder / "w", model, {.pytorch = pytorch});
    nn::load_weights(folder / "w", other, {.pytorch = pytorch});
    CHECK((bits(other) == bits(model)));
    other = make_model<TestType>(2);
  }
  std::vector<std::string> names;
  const nn::SafetensorsFile file(folder / "w");
  for (const auto& [name, tensor] : file.tensors()) {
    names.push_back(name);
    CHECK(tensor.dtype == (std::is_same_v<TestType, float> ? "F32" : "F64"));
  }
  CHECK(names == std::vector<std::string>{"0.bias", "0.weight", "2.bias", "2.weight"});
}

TEST_CASE("Weights that are NaN, infinite, denormal or negative zero come back as they are") {
  const TemporaryFolder folder;
  using Limits = std::numeric_limits<float>;
  const Plain model{{Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()},
                    {Limits::denorm_min(), -0.f}};
  nn::save_weights(folder / "w", model);
  Plain other{{0, 0, 0}, {0, 0}};
  nn::load_weights(folder / "w", other);
  CHECK((bits(other) == bits(model)));

  Dense<double> wide{{{1, 2}}, {0, 0}};
  nn::save_weights(folder / "w", Dense<float>{{{1, 2}}, {Limits::infinity(), -0.f}});
  nn::load_weights(folder / "w", wide);
  CHECK((wide.other == Array<double>{std::numeric_limits<double>::infinity(), 0}));
}

TEST_CASE("Weights of scalars and of empty arrays travel too") {
  const TemporaryFolder folder;
  const Plain model{Array<float>(Shape{}, 3.f), Array<float>(Shape{0, 4})};
  nn::save_weights(folder / "w", model);
  Plain other{Array<float>(Shape{}, 0.f), Array<float>(Shape{0, 4})};
  nn::load_weights(folder / "w", other);
  CHECK(other.a() == 3.f);
}

TEST_CASE("Weights of PyTorch's layout are transposed, where the module says so") {
  const TemporaryFolder folder;
  const Dense<float> model{{{1, 2, 3}, {4, 5, 6}}, {{1, 2, 3}, {4, 5, 6}}};
  nn::save_weights(folder / "w", model, {.pytorch = true});
  const nn::SafetensorsFile file(folder / "w");
  CHECK(xtape::same_shape(file.tensors().at("matrix").shape, {3, 2}));
  CHECK(xtape::same_shape(file.tensors().at("other").shape, {2, 3}));
  std::array<float, 6> numbers{};
  file.read(file.tensors().at("matrix"), std::as_writable_bytes(std::span(numbers)));
  CHECK(numbers == std::array<float, 6>{1, 4, 2, 5, 3, 6});

  Dense<double> other{Array<double>(Shape{2, 3}, 0.), Array<double>(Shape{2, 3}, 0.)};
  nn::load_weights(folder / "w", other, {.pytorch = true});
  CHECK((other.matrix == Array<double>{{1, 2, 3}, {4, 5, 6}}));
  CHECK((other.other == Array<double>{{1, 2, 3}, {4, 5, 6}}));
}

TEST_CASE("Weights are converted between float and double as they are read") {
  const TemporaryFolder folder;
  const auto narrow = make_model<float>(1);
  nn::save_weights(folder / "narrow", narrow);
  auto wide = make_model<double>(2);
  nn::load_weights(folder / "narrow", wide);
  nn::save_weights(folder / "wide", wide);
  auto back = make_model<float>(3);
  nn::load_weights(folder / "wide", back);
  CHECK((bits(back) == bits(narrow)));

  const Shape one{1, 1};
  const Dense<double> third{Array<double>(one, 1. / 3), Array<double>(one, 1)},
      huge{Array<double>(one, 1), Array<double>(one, 1e39)};
  Dense<float> rounded{Array<float>(one, 0), Array<float>(one, 0)};
  nn::save_weights(folder / "third", third);
  nn::load_weights(folder / "third", rounded);
  CHECK(rounded.matrix(0, 0) == 1.f / 3);
  nn::save_weights(folder / "huge", huge);
  CHECK_THROWS_WITH(nn::load_weights(folder / "huge", rounded),
                    (folder / "huge").string() + ": tensor 'other': 1e+39 is too large for float");
  CHECK(rounded.matrix(0, 0) == 1.f / 3);
}

TEST_CASE("A weight file says what it holds") {
  const TemporaryFolder folder;
  const auto model = make_model<float>(1);
  nn::save_weights(folder / "w", model, {.metadata = {{"activation", "sigmoid"}}});
  CHECK(nn::SafetensorsFile(folder / "w").metadata() ==
        std::map<std::string, std::string>{
            {"xtape", xtape::version()},
            {"model", "0.weight (3, 4), 0.bias (4), 2.weight (4, 2), 2.bias (2)"},
            {"layout", "in, out"},
            {"activation", "sigmoid"}});
  CHECK_THROWS_AS(nn::save_weights(folder / "w", model, {.metadata = {{"model", ""}}}),
                  xtape::ValueError);
  CHECK_THROWS_WITH(nn::save_weights(folder / "w", model, {.metadata = {{"model", ""}}}),
                    (folder / "w").string() + ": the metadata have their own 'model' already");
}

TEST_CASE("Weights that do not fit are refused with all that differs, and nothing changes") {
  const TemporaryFolder folder;
  const std::string name = (folder / "w").string();
  auto model = make_model<float>(1);
  const std::string before = bits(model);

  xtape::Rng rng;
  nn::save_weights(folder / "w", nn::Sequential<float>{nn::Linear<float>(3, 5, rng),
                                                       nn::Linear<float>(5, 2, rng)});
  CHECK_THROWS_AS(nn::load_weights(folder / "w", model), xtape::DataError);
  CHECK_THROWS_WITH(nn::load_weights(folder / "w", model),
                    name +
                        ": does not fit: '0.weight' is F32 (3, 5), expected F32 (3, 4); "
                        "'0.bias' is F32 (5), expected F32 (4); '2.weight' F32 (4, 2) is "
                        "missing; '2.bias' F32 (2) is missing; '1.bias' F32 (2) is unexpected; "
                        "'1.weight' F32 (5, 2) is unexpected");
  CHECK((bits(model) == before));

  folder.write("w", safetensors_bytes(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},)"
                                      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                      "01234567"));
  Plain plain{{0, 1}, {2}};
  CHECK_THROWS_WITH(nn::load_weights(folder / "w", plain),
                    name + ": does not fit: 'a' is BF16 (2), expected F32 (2)");
  CHECK(plain.b(0) == 2.f);
}

TEST_CASE("A very long list of differences is cut") {
  const TemporaryFolder folder;
  std::string header = "{";
  for (int i = 100; i < 200; ++i) {
    header += '"' + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  }
  header.back() = '}';
  const fs::path path = write_unsound(folder, header);
  Plain plain{{0, 1}, {2}};
  const std::string message = message_of([&] { nn::load_weights(path, plain); });
  CHECK(message.find("'147' F32 (0) is unexpected; and 52 more") != std::string::npos);
}

TEST_CASE("Weights of the other layout are refused even where the shapes fit") {
  const TemporaryFolder folder;
  xtape::Rng rng;
  nn::Linear<float> square(3, 3, rng);
  const std::string before = bits(square), name = (folder / "w").string();
  nn::save_weights(folder / "w", square, {.pytorch = true});
  CHECK_THROWS_WITH(
      nn::load_weights(folder / "w", square),
      name + ": its layout is 'out, in', expected 'in, out': load it with .pytorch = true");
  nn::save_weights(folder / "w", square);
  CHECK_THROWS_WITH(
      nn::load_weights(folder / "w", square, {.pytorch = true}),
      name + ": its layout is 'in, out', expected 'out, in': load it with .pytorch = false");
  CHECK((bits(square) == before));

  // Other programs may use the key "layout" for something else.
  folder.write("w", safetensors_bytes(R"({"__metadata__":{"layout":"x"},)"
                                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                      R"("b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}})",
                                      std::string(8, '\0')));
  Plain plain{{1}, Array<float>(Shape{}, 1.f)};
  nn::load_weights(folder / "w", plain);
  CHECK(plain.a(0) == 0.f);
}

TEST_CASE("Weights cut short change nothing in the model") {
  const TemporaryFolder folder;
  auto model = make_model<double>(1);
  nn::save_weights(folder / "w", make_model<double>(2));
  const std::string whole = nn::read_file(folder / "w", 1 << 20), before = bits(model);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    folder.write("w", whole.substr(0, size));
    CHECK_THROWS_AS(nn::load_weights(folder / "w", model), xtape::DataError);
  }
  CHECK((bits(model) == before));
}

TEST_CASE("Weights among very many others are refused at once") {
  const TemporaryFolder folder;
  const std::string list = many_tensors((2 << 20) - 10);
  const fs::path path = write_unsound(folder, "{" + list.substr(0, list.size() - 1) + "}");
  CHECK(nn::SafetensorsFile(path).tensors().size() > 20000);
  auto model = make_model<float>(1);
  check_refused_at_once([&] { nn::load_weights(path, model); }, cost_of_sound_header());
}

TEST_CASE("Buffers are saved and loaded with the parameters") {
  const TemporaryFolder folder;
  const auto model = make_buffered(3);
  nn::save_weights(folder / "w", model);
  const nn::SafetensorsFile file(folder / "w");
  CHECK(file.tensors().count("1.running_mean") == 1);
  CHECK(file.metadata().at("model") ==
        "0.weight (3, 2), 0.bias (2), 1.gain (2), 1.running_mean (2)");
  auto other = make_buffered(0);
  nn::load_weights(folder / "w", other);
  CHECK((bits(other) == bits(model)));
}

TEST_CASE("A file without the buffers of a model, or with too many, is refused by name") {
  const TemporaryFolder folder;
  nn::save_weights(folder / "w", Plain{{1}, {2}});
  Centred<float> model;
  CHECK_THROWS_WITH(nn::load_weights(folder / "w", model),
                    (folder / "w").string() +
                        ": does not fit: 'gain' F32 (3) is missing; 'running_mean' F32 (3) is "
                        "missing; 'a' F32 (1) is unexpected; 'b' F32 (1) is unexpected");
  nn::save_weights(folder / "w", make_buffered(3));
  xtape::Rng rng{1};
  nn::Sequential without{nn::Linear(3, 2, rng), nn::Sequential<float>{}};
  CHECK_THROWS_WITH(nn::load_weights(folder / "w", without),
                    (folder / "w").string() +
                        ": does not fit: '1.gain' F32 (2) is unexpected; "
                        "'1.running_mean' F32 (2) is unexpected");
}

TEST_CASE("A buffer that was moved from is named") {
  const TemporaryFolder folder;
  Centred<float> model;
  const Array<float> taken = std::move(model.running_mean);
  CHECK(message_of([&] {
          nn::save_weights(folder / "w", model);
        }).starts_with("save_weights: buffer 'running_mean': "));
}

TEST_CASE("Two arrays of one name are not saved") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(nn::save_weights(folder / "w", Namesakes{{1}, {2}}),
                    (folder / "w").string() + ": a second tensor with the key 'a'");
  CHECK_THROWS_WITH(nn::save_weights(folder / "w", Twins{{1}, {2}}),
                    (folder / "w").string() + ": a second tensor with the key 'a'");
  CHECK(!fs::exists(folder / "w"));
}
