/// What check_safetensors.py and pytorch.py need of xtape:
///
///     exchange write FOLDER                   weight files of known numbers
///     exchange read FOLDER                    reads the files that check_safetensors.py wrote
///     exchange random WEIGHTS                 random weights of 784-128-10 in PyTorch's layout
///     exchange logits WEIGHTS INPUT OUTPUT    what 784-128-10 with these weights makes of an input

#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

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
