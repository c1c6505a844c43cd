/// What check_safetensors.py and pytorch.py need of xtape:
///
///     exchange write FOLDER                   weight files of known numbers
///     exchange read FOLDER                    reads the files that check_safetensors.py wrote
///     exchange random WEIGHTS                 random weights of 784-128-10 in PyTorch's layout
///     exchange logits WEIGHTS INPUT OUTPUT    what 784-128-10 with these weights makes of an input
///     exchange resnet TYPE FOLDER             what a ResNet-20 of float or double makes of
///     FOLDER's
///                                             weights, images and labels; and weights of its own

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/resnet.hpp"
#include "xtape.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Array;

namespace {

template <class T>
nn::Sequential<T> make_network(std::size_t in, std::size_t hidden, std::size_t out) {
  xtape::Rng rng{7};
  return nn::Sequential<T>{nn::Linear<T>(in, hidden, rng), nn::Sigmoid{},
                           nn::Linear<T>(hidden, out, rng)};
}

/// Number i of parameter k, counted from 0, is (i + 1) / (k + 3); check_safetensors.py says the
/// same.
template <class T>
nn::Sequential<T> make_known() {
  auto model = make_network<T>(5, 4, 3);
  int k = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, Array<T>& array) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      array.data()[i] = static_cast<T>(static_cast<double>(i + 1) / (k + 3));
    }
    ++k;
  });
  return model;
}

template <class T>
bool reads_known(const fs::path& path, bool pytorch) {
  auto model = make_network<T>(5, 4, 3);
  nn::load_weights(path, model, {.pytorch = pytorch});
  std::vector<Array<T>> found, wanted;
  const auto collect_in = [](std::vector<Array<T>>& list) {
    return [&](const nn::ParameterName&, const Array<T>& array) { list.push_back(array); };
  };
  nn::for_each_parameter(std::as_const(model), collect_in(found));
  const auto known = make_known<T>();
  nn::for_each_parameter(known, collect_in(wanted));
  const bool same = found == wanted;
  if (!same) {
    fmt::print(stderr, "{}: other numbers than expected\n", path.string());
  }
  return same;
}

void write(const fs::path& folder) {
  nn::save_weights(folder / "float.safetensors", make_known<float>());
  nn::save_weights(folder / "double.safetensors", make_known<double>(),
                   {.metadata = {{"activation", "sigmoid"}}});
  nn::save_weights(folder / "pytorch.safetensors", make_known<float>(), {.pytorch = true});
}

bool read(const fs::path& folder) {
  bool good = reads_known<float>(folder / "from_float.safetensors", false);
  good &= reads_known<double>(folder / "from_double.safetensors", false);
  good &= reads_known<float>(folder / "from_double.safetensors", false);
  return reads_known<float>(folder / "from_pytorch.safetensors", true) && good;
}

/// Returns an array of T, or labels of std::int64_t, from a file.
template <class T>
std::pair<std::vector<T>, xtape::Shape> read_tensor(const fs::path& path, const char* name) {
  const nn::SafetensorsFile file(path);
  const nn::StoredTensor& stored = file.tensors().at(name);
  std::vector<T> elements(xtape::element_count(stored.shape));
  file.read(stored, std::as_writable_bytes(std::span(elements)));
  return {elements, stored.shape};
}

/// Reads `pytorch` (weights) and `batch` (images and labels) in the folder. Writes `logits` of
/// evaluation and of training, `gradients`, the weights with the statistics of the batch in
/// `after`, and in `xtape` the same weights once more.
template <class T>
void resnet(const fs::path& folder) {
  auto model = make_resnet20<T>();
  nn::load_weights(folder / "pytorch", model, {.pytorch = true});
  nn::save_weights(folder / "xtape", model, {.pytorch = true});
  const auto [pixels, shape] = read_tensor<T>(folder / "batch", "images");
  const auto labels = read_tensor<std::int64_t>(folder / "batch", "labels").first;
  const Array<T> images = xtape::array(pixels, shape);
  const Array<T> evaluated = nn::predict(model, images);
  xtape::Tape<T> tape;
  const auto trained = model(tape.constant(images));
  tape.backward(nn::SoftmaxCrossEntropy{}(trained, labels));
  const auto view = [](const char* name, const Array<T>& array) {
    return nn::TensorView{name, nn::dtype_of<T>, array.shape(),
                          std::as_bytes(std::span(array.storage()))};
  };
  nn::write_safetensors(folder / "logits",
                        {view("evaluated", evaluated), view("trained", trained.value())}, {});
  nn::save_weights(folder / "gradients", model_of_gradients(model, tape), {.pytorch = true});
  nn::update_statistics(model, tape);
  nn::save_weights(folder / "after", model, {.pytorch = true});
}

void logits(const fs::path& weights, const fs::path& input, const fs::path& output) {
  auto model = make_network<float>(784, 128, 10);
  nn::load_weights(weights, model, {.pytorch = true});
  const nn::SafetensorsFile file(input);
  const nn::StoredTensor& stored = file.tensors().at("input");
  Array<float> images(stored.shape);
  file.read(stored, std::as_writable_bytes(std::span(images.storage())));
  xtape::Tape<float> tape;
  const Array<float> result = model(tape.constant(images)).value();
  nn::write_safetensors(
      output, {{"logits", "F32", result.shape(), std::as_bytes(std::span(result.storage()))}}, {});
}

bool run(const std::vector<std::string>& words) {
  const std::string& command = words.at(0);
  if (command == "write") {
    write(words.at(1));
  } else if (command == "random") {
    nn::save_weights(words.at(1), make_network<float>(784, 128, 10), {.pytorch = true});
  } else if (command == "logits") {
    logits(words.at(1), words.at(2), words.at(3));
  } else if (command == "resnet") {
    words.at(1) == "float" ? resnet<float>(words.at(2)) : resnet<double>(words.at(2));
  } else {
    return command == "read" && read(words.at(1));
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run({words + 1, words + count}) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "exchange: {}\n", error.what());
    return 1;
  }
}
