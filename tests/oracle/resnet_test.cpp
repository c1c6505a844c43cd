#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "autograd/no_grad.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/losses.hpp"
#include "nn/predict.hpp"
#include "nn/statistics.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/resnet.hpp"
#include "tests/support/temporary_folder.hpp"

// Networks in files of PyTorch's layout compute what PyTorch computes: tests/oracle/resnet.json.

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using nlohmann::json;
using xtape::Array;
using xtape::Shape;

namespace {

/// The numbers of tests/oracle/resnet.py.
template <class T>
std::vector<T> draw(std::uint64_t k, std::size_t count, double scale = 1, double offset = 0) {
  std::vector<T> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t h = (i * 2654435761u + k * 40503u + 1) & 0xFFFFFFFFu;
    for (int round = 0; round < 2; ++round) {
      h = ((h ^ (h >> 16)) * 0x45D9F3Bu) & 0xFFFFFFFFu;
    }
    h ^= h >> 16;
    const double unit = static_cast<double>(h >> 10) / 4194304;
    numbers[i] = static_cast<T>((unit - 0.5) * scale + offset);
  }
  return numbers;
}

/// Tensors by name, in PyTorch's layout.
template <class T>
struct Tensor {
  Shape shape;
  std::vector<T> elements;
};
template <class T>
using Tensors = std::map<std::string, Tensor<T>>;

template <class T>
Tensors<T> read_tensors(const fs::path& path) {
  const nn::SafetensorsFile file(path);
  Tensors<T> tensors;
  for (const auto& [name, stored] : file.tensors()) {
    Tensor<T>& tensor = tensors[name];
    tensor = {stored.shape, std::vector<T>(xtape::element_count(stored.shape))};
    file.read(stored, std::as_writable_bytes(std::span(tensor.elements)));
  }
  return tensors;
}

/// Returns the state that resnet.py gives a model with these tensors.
template <class T>
Tensors<T> drawn(Tensors<T> tensors) {
  std::uint64_t k = 0;
  for (auto& [name, tensor] : tensors) {
    const std::size_t count = tensor.elements.size();
    if (name.ends_with("num_batches_tracked")) {
      tensor.elements = {3};
    } else if (tensor.shape.size() == 1) {
      const bool positive = name.ends_with("weight") || name.ends_with("running_var");
      tensor.elements = draw<T>(k, count, 0.5, positive ? 1 : 0);
    } else {
      const double fan = static_cast<double>(count / tensor.shape[0]);
      tensor.elements = draw<T>(k, count, std::exp2(std::nearbyint(std::log2(24 / fan) / 2)));
    }
    ++k;
  }
  return tensors;
}

/// Writes tensors as PyTorch does, with the counts of batches as integers.
template <class T>
void write_as_pytorch(const fs::path& path, const Tensors<T>& tensors) {
  static const std::int64_t batches = 3;
  std::vector<nn::TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with("num_batches_tracked")) {
      views.push_back({name, "I64", Shape{}, std::as_bytes(std::span(&batches, 1))});
    } else {
      views.push_back(
          {name, nn::dtype_of<T>, tensor.shape, std::as_bytes(std::span(tensor.elements))});
    }
  }
  nn::write_safetensors(path, std::move(views), {});
}

/// Returns images (4, height, width, 3) whose numbers PyTorch has in the order (4, 3, height,
/// width).
template <class T>
Array<T> draw_images(std::uint64_t k, std::size_t height, std::size_t width) {
  const std::vector<T> planes = draw<T>(k, 4 * 3 * height * width, 4);
  Array<T> images(Shape{4, height, width, 3});
  for (std::size_t n = 0; n < 4; ++n) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < height * width; ++i) {
        images.data()[(n * height * width + i) * 3 + c] = planes[(n * 3 + c) * height * width + i];
      }
    }
  }
  return images;
}

/// Compares elements, in PyTorch's order, with what the script kept of them.
template <class T>
void check(const std::string& what, std::span<const T> got, const json& wanted) {
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-10;
  const auto expected = wanted.at("elements").get<std::vector<double>>();
  const double most = wanted.at("most").get<double>();
  const std::size_t step = std::max<std::size_t>(1, got.size() / 16);
  double greatest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    greatest = std::max(greatest, std::abs(static_cast<double>(got[i * step]) - expected[i]));
  }
  INFO(what << ": differs by " << greatest / most << " of the largest element");
  CHECK(greatest <= tolerance * most);
  const std::vector<double> probe = draw<double>(999, got.size());
  double sum = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    sum += static_cast<double>(got[i]) * probe[i];
    size += std::abs(static_cast<double>(got[i]) * probe[i]);
  }
  CHECK(std::abs(sum - wanted.at("sum").get<double>()) <= tolerance * size);
}

/// Loads the drawn weights into `model`, saves them again, and compares all that PyTorch computed.
template <class T>
void check_network(nn::Sequential<T> model, const Array<T>& images, const std::vector<int>& labels,
                   const json& answer) {
  const TemporaryFolder folder;
  nn::save_weights(folder / "names", model, {.pytorch = true});
  const Tensors<T> state = drawn(read_tensors<T>(folder / "names"));
  write_as_pytorch(folder / "pytorch", state);
  nn::load_weights(folder / "pytorch", model, {.pytorch = true});
  nn::save_weights(folder / "xtape", model, {.pytorch = true});
  for (const auto& [name, tensor] : read_tensors<T>(folder / "xtape")) {
    INFO(name);
    CHECK(tensor.elements == state.at(name).elements);
  }

  const auto elements = [](const Array<T>& array) { return std::span<const T>(array.storage()); };
  check("evaluated", elements(nn::predict(model, images)), answer.at("evaluated"));
  xtape::Tape<T> tape;
  const auto logits = model(tape.constant(images));
  check("trained", elements(logits.value()), answer.at("trained"));
  const auto loss = nn::SoftmaxCrossEntropy{}(logits, labels);
  CHECK(static_cast<double>(loss.item()) ==
        Approx(answer.at("loss").get<double>()).epsilon(std::is_same_v<T, float> ? 1e-5 : 1e-10));
  tape.backward(loss);

  nn::save_weights(folder / "gradients", model_of_gradients(model, tape), {.pytorch = true});
  const auto saved = read_tensors<T>(folder / "gradients");
  std::size_t parameters = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<T>&) { ++parameters; });
  CHECK(answer.at("gradients").size() == parameters);
  for (const auto& [name, wanted] : answer.at("gradients").items()) {
    check<T>("gradient of " + name, saved.at(name).elements, wanted);
  }
  nn::update_statistics(model, tape);
  nn::save_weights(folder / "after", model, {.pytorch = true});
  const auto after = read_tensors<T>(folder / "after");
  for (const auto& [name, wanted] : answer.at("statistics").items()) {
    check<T>(name, after.at(name).elements, wanted);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("oracle: a ResNet-20 in a file of PyTorch computes what PyTorch computes", "",
                   float, double) {
  check_network<TestType>(make_resnet20<TestType>(), draw_images<TestType>(1034, 16, 16),
                          {3, 1, 4, 1}, xtape::oracle::read("resnet.json").at("resnet20"));
}

TEMPLATE_TEST_CASE("oracle: a Linear behind flattened images has its weight in PyTorch's order", "",
                   float, double) {
  using T = TestType;
  xtape::Rng rng{1};
  const nn::Sequential<T> model{nn::Conv2d<T>(3, 4, 3, rng, {.stride = 2, .bias = false}),
                                nn::ReLU{}, nn::Flatten{}, nn::Linear<T>({7, 5, 4}, 3, rng)};
  check_network<T>(model, draw_images<T>(1001, 15, 11), {2, 0, 1, 2},
                   xtape::oracle::read("resnet.json").at("flattened"));
}
