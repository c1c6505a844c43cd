#include "nn/io/weights.hpp"

#include <array>
#include <limits>

#include "nn/io/checksum.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tensor/version.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;
using xtape::Shape;
using Limits = std::numeric_limits<float>;
using Plain = TwoParameters<float>;

namespace {

template <class T>
nn::Sequential<T> make_model(std::uint64_t seed) {
  xtape::Rng rng{seed};
  nn::Sequential<T> model{nn::Linear<T>(3, 4, rng), nn::Sigmoid{}, nn::Linear<T>(4, 2, rng)};
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

/// Saves a model, and loads its weights into the other, which then is the same to the bit.
template <class Model>
void check_round_trip(const Model& model, Model other, bool pytorch = false) {
  const TemporaryFolder folder;
  nn::save_weights(folder / "w", model, {.pytorch = pytorch});
  nn::load_weights(folder / "w", other, {.pytorch = pytorch});
  CHECK((bits(other) == bits(model)));
}

/// Returns the complaint about a file of weights, which changes nothing in the model.
template <class Model>
std::string complaint(const fs::path& path, Model& model, const nn::LoadOptions& options = {}) {
  const std::string before = bits(model);
  const std::string message =
      complaint_about(path, [&](auto from) { nn::load_weights(from, model, options); });
  CHECK((bits(model) == before));
  return message;
}

/// A model with a matrix that PyTorch stores transposed.
template <class T>
struct Dense {
  Array<T> matrix, other;
  static void visit(auto& self, auto&& f) { f("matrix", self.matrix), f("other", self.other); }
  static constexpr std::string_view transposed_in_pytorch = "matrix";
};

/// Two parameters of one name.
struct Twins {
  Array<float> a{1.f}, b{2.f};
  static void visit(auto& self, auto&& f) { f("a", self.a), f("a", self.b); }
};

/// A model with a buffer behind type erasure.
nn::Sequential<float> make_buffered(float mean) {
  xtape::Rng rng{1};
  Centred<float> centred(2);
  centred.running_mean.fill(mean);
  return nn::Sequential{nn::Linear(3, 2, rng), centred};
}

}  // namespace

TEMPLATE_TEST_CASE("Weights come back bit by bit", "", float, double) {
  for (const bool pytorch : {false, true}) {
    check_round_trip(make_model<TestType>(1), make_model<TestType>(2), pytorch);
  }
  const TemporaryFolder folder;
  nn::save_weights(folder / "w", make_model<TestType>(1));
  std::string names;
  const nn::SafetensorsFile file(folder / "w");
  for (const auto& [name, tensor] : file.tensors()) {
    names += name + " " + tensor.dtype + ", ";
  }
  CHECK(names ==
        (std::is_same_v<TestType, float> ? "0.bias F32, 0.weight F32, 2.bias F32, 2.weight F32, "
                                         : "0.bias F64, 0.weight F64, 2.bias F64, 2.weight F64, "));
}

TEST_CASE("Weights come back as they are: buffers, odd numbers, scalars and empty arrays") {
  check_round_trip(make_buffered(3), make_buffered(0));
  check_round_trip(Plain{{Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()},
                         {Limits::denorm_min(), -0.f}},
                   Plain{{0, 0, 0}, {0, 0}});
  check_round_trip(Plain{Array<float>(Shape{}, 3.f), Array<float>(Shape{0, 4})},
                   Plain{Array<float>(Shape{}, 0.f), Array<float>(Shape{0, 4})});
}

TEST_CASE("Weights of PyTorch's layout are transposed, where the module says so") {
  const TemporaryFolder folder;
  const Array<float> array{{1, 2, 3}, {4, 5, 6}};
  nn::save_weights(folder / "w", Dense<float>{array, array}, {.pytorch = true});
  const nn::SafetensorsFile file(folder / "w");
  const auto& matrix = file.tensors().at("matrix");
  CHECK(xtape::same_shape(matrix.shape, {3, 2}));
  CHECK(xtape::same_shape(file.tensors().at("other").shape, {2, 3}));
  std::array<float, 6> numbers{};
  file.read(matrix, std::as_writable_bytes(std::span(numbers)));
  CHECK(numbers == std::array<float, 6>{1, 4, 2, 5, 3, 6});

  Dense<double> other{Array<double>(Shape{2, 3}, 0.), Array<double>(Shape{2, 3}, 0.)};
  nn::load_weights(folder / "w", other, {.pytorch = true});
  CHECK((other.matrix == Array<double>(array)));
  CHECK((other.other == Array<double>(array)));
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

  TwoParameters<double> numbers{{0}, {0, 0}};
  nn::save_weights(folder / "w", Plain{{1}, {Limits::infinity(), -0.f}});
  nn::load_weights(folder / "w", numbers);
  CHECK((numbers.second == Array<double>{std::numeric_limits<double>::infinity(), 0}));
  Plain rounded{{0}, {0, 0}};
  nn::save_weights(folder / "w", TwoParameters<double>{{1. / 3}, {1, 1}});
  nn::load_weights(folder / "w", rounded);
  CHECK(rounded.first(0) == 1.f / 3);
  nn::save_weights(folder / "w", TwoParameters<double>{{1}, {1, 1e39}});
  CHECK(complaint(folder / "w", rounded) == "tensor 'second': 1e+39 is too large for float");
}

TEST_CASE("A weight file says what it holds") {
  const TemporaryFolder folder;
  nn::save_weights(folder / "w", make_buffered(3), {.metadata = {{"activation", "none"}}});
  const nn::SafetensorsFile file(folder / "w");
  CHECK(file.tensors().count("1.running_mean") == 1);
  CHECK(file.metadata() ==
        std::map<std::string, std::string>{
            {"xtape", xtape::version()},
            {"model", "0.weight (3, 2), 0.bias (2), 1.gain (2), 1.running_mean (2)"},
            {"layout", "in, out"},
            {"activation", "none"},
            {"crc32", nn::checksum(file)}});
  CHECK_FAILS(nn::save_weights(folder / "w", Plain{{1}, {2}}, {.metadata = {{"model", ""}}}),
              xtape::ValueError,
              (folder / "w").string() + ": the metadata have their own 'model' already");
}

TEST_CASE("A weight file with a flipped bit is refused, and one without a checksum is read") {
  const TemporaryFolder folder;
  const Plain saved{{1}, {0.5F, -2}};
  Plain model{{7}, {8, 9}};
  nn::save_weights(folder / "w", saved);
  const std::string good = nn::read_file(folder / "w", 1 << 20);
  const std::size_t data = header_end(good), name = good.find("crc32");
  for (std::size_t i = 8; i < good.size(); ++i) {
    if (i < name || i >= name + 5) {
      CAPTURE(i);
      const std::string message = complaint(folder.write("flipped", flipped(good, i)), model);
      CHECK((i < data || message.starts_with("is damaged: its CRC-32 is ")));
    }
  }
  std::string unchecked = good;
  unchecked.replace(name, 5, "other");
  nn::load_weights(folder.write("unchecked", unchecked), model);
  CHECK((bits(model) == bits(saved)));
}

TEST_CASE("Weights that do not fit are refused with all that differs, and nothing changes") {
  const TemporaryFolder folder;
  const fs::path path = folder / "w";
  xtape::Rng rng;
  auto model = make_model<float>(1);
  nn::save_weights(path, nn::Sequential<float>{nn::Linear(3, 5, rng), nn::Linear(5, 2, rng)});
  CHECK(complaint(path, model) ==
        "does not fit: '0.weight' is F32 (3, 5), expected F32 (3, 4); '0.bias' is F32 (5), "
        "expected F32 (4); '2.weight' F32 (4, 2) is missing; '2.bias' F32 (2) is missing; '1.bias' "
        "F32 (2) is unexpected; '1.weight' F32 (5, 2) is unexpected");
  nn::save_weights(path, Plain{{1}, {2}});
  Centred<float> centred;
  CHECK(complaint(path, centred) ==
        "does not fit: 'gain' F32 (3) is missing; 'running_mean' F32 (3) is missing; 'first' F32 "
        "(1) is unexpected; 'second' F32 (1) is unexpected");
  nn::save_weights(path, make_buffered(3));
  nn::Sequential without{nn::Linear(3, 2, rng), nn::Sequential<float>{}};
  CHECK(complaint(path, without) ==
        "does not fit: '1.gain' F32 (2) is unexpected; '1.running_mean' F32 (2) is unexpected");

  folder.write("w",
               safetensors_bytes(R"({"first":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},)"
                                 R"("second":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                 "01234567"));
  Plain plain{{0, 1}, {2}};
  CHECK(complaint(path, plain) == "does not fit: 'first' is BF16 (2), expected F32 (2)");

  std::string header = "{";
  for (int i = 100; i < 200; ++i) {
    header += '"' + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  }
  header.back() = '}';
  CHECK(complaint(write_unsound(folder, header), plain)
            .ends_with("'147' F32 (0) is unexpected; and 52 more"));
}

TEST_CASE("Weights of the other layout are refused even where the shapes fit") {
  const TemporaryFolder folder;
  const fs::path path = folder / "w";
  xtape::Rng rng;
  nn::Linear<float> square(3, 3, rng);
  nn::save_weights(path, square, {.pytorch = true});
  CHECK(complaint(path, square) ==
        "its layout is 'out, in', expected 'in, out': load it with .pytorch = true");
  nn::save_weights(path, square);
  CHECK(complaint(path, square, {.pytorch = true}) ==
        "its layout is 'in, out', expected 'out, in': load it with .pytorch = false");

  // Other programs may use the key "layout" for something else.
  folder.write("w",
               safetensors_bytes(R"({"__metadata__":{"layout":"x"},)"
                                 R"("first":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                 R"("second":{"dtype":"F32","shape":[],"data_offsets":[4,8]}})",
                                 std::string(8, '\0')));
  Plain plain{{1}, Array<float>(Shape{}, 1.f)};
  nn::load_weights(path, plain);
  CHECK(plain.first(0) == 0.f);
}

TEST_CASE("Weights cut short, or among very many others, are refused at once") {
  const TemporaryFolder folder;
  auto model = make_model<double>(1);
  nn::save_weights(folder / "w", make_model<double>(2));
  const std::string whole = nn::read_file(folder / "w", 1 << 20);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    complaint(folder.write("cut", whole.substr(0, size)), model);
  }
  const std::string list = many_tensors((2 << 20) - 10);
  const fs::path path = write_unsound(folder, "{" + list.substr(0, list.size() - 1) + "}");
  CHECK(nn::SafetensorsFile(path).tensors().size() > 20000);
  check_refused_at_once([&] { nn::load_weights(path, model); }, cost_of_sound_header());
}

TEST_CASE("Two arrays of one name, and one that was moved from, are not saved") {
  const TemporaryFolder folder;
  const std::string wanted = (folder / "w").string() + ": a second tensor with the key 'a'";
  CHECK_FAILS(nn::save_weights(folder / "w", Namesakes{}), xtape::ValueError, wanted);
  CHECK_FAILS(nn::save_weights(folder / "w", Twins{}), xtape::ValueError, wanted);
  Centred<float> model;
  const Array<float> taken = std::move(model.running_mean);
  CHECK(message_of([&] {
          nn::save_weights(folder / "w", model);
        }).starts_with("save_weights: buffer 'running_mean': "));
  CHECK(folder.names().empty());
}

TEST_CASE("Weights replace earlier weights, and no other file") {
  const TemporaryFolder folder;
  const fs::path path = folder / "w";
  const auto refused = [&] {
    const std::string before = nn::read_file(path, 1 << 20);
    const std::string message = message_of([&] { nn::require_weights_writable(path); });
    CHECK(nn::read_file(path, 1 << 20) == before);
    const bool accepted = message == "(nothing thrown)";
    CHECK((accepted || message == path.string() + " exists and holds no weights: remove it, or "
                                                  "name another file"));
    return !accepted;
  };
  nn::save_weights(path, make_model<float>(1));
  CHECK_FALSE(refused());
  folder.write("w", "");
  CHECK_FALSE(refused());
  folder.write("w", "epochs = 1\n");
  CHECK(refused());
  nn::write_safetensors(path, {}, {{"checkpoint", "1"}});
  CHECK(refused());
  CHECK_NOTHROW(nn::require_weights_writable(folder / "new"));
  CHECK_THROWS_AS(nn::require_weights_writable(folder / "none/w"), xtape::DataError);
  CHECK_THROWS_AS(nn::require_weights_writable(folder.path()), xtape::DataError);
}
