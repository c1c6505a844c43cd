#include "nn/io/safetensors.hpp"

#include <map>
#include <utility>

#include "nn/io/weights.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;

namespace {

/// All that a file holds, with the bytes of each tensor.
struct Content {
  std::map<std::string, std::pair<nn::StoredTensor, std::string>> tensors;
  std::map<std::string, std::string> metadata;
};

Content read(const fs::path& path) {
  const nn::SafetensorsFile file(path);
  Content content{{}, file.metadata()};
  for (const auto& [key, tensor] : file.tensors()) {
    expect(tensor.size <= fs::file_size(path), "a tensor is no larger than its file");
    std::string bytes(tensor.size, '\0');
    file.read(tensor, std::as_writable_bytes(std::span(bytes)));
    content.tensors.emplace(key, std::pair(tensor, std::move(bytes)));
  }
  return content;
}

/// What was read and is written reads the same.
void expect_round_trip(const Content& content) {
  std::vector<nn::TensorView> views;
  for (const auto& [key, tensor] : content.tensors) {
    const auto& [stored, bytes] = tensor;
    views.push_back({key, stored.dtype, stored.shape, std::as_bytes(std::span(bytes))});
  }
  const fs::path path = fuzz::folder() / "again";
  nn::write_safetensors(path, std::move(views), content.metadata);
  const Content again = read(path);
  expect(again.metadata == content.metadata, "metadata come back");
  expect(again.tensors.size() == content.tensors.size(), "all tensors come back");
  for (const auto& [key, tensor] : content.tensors) {
    const auto& [stored, bytes] = again.tensors.at(key);
    expect(stored.dtype == tensor.first.dtype && bytes == tensor.second &&
               xtape::same_shape(stored.shape, tensor.first.shape),
           "a tensor comes back as it was");
  }
}

template <class T>
nn::Sequential<T> make_model() {
  xtape::Rng rng(1);
  return nn::Sequential<T>{nn::Linear<T>(3, 2, rng)};
}

template <class T>
std::string weights_of(const nn::Sequential<T>& model) {
  std::string all;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const xtape::Array<T>& array) {
    all += fuzz::bits(array.storage());
  });
  return all;
}

/// A model takes all of a file's weights or none.
template <class T>
void load(const fs::path& path, bool pytorch) {
  auto model = make_model<T>();
  if (!fuzz::accepts(path, [&] { nn::load_weights(path, model, {.pytorch = pytorch}); })) {
    expect(weights_of(model) == weights_of(make_model<T>()), "a failed load changes nothing");
    return;
  }
  auto again = make_model<T>();
  nn::save_weights(fuzz::folder() / "again", model, {.pytorch = pytorch});
  nn::load_weights(fuzz::folder() / "again", again, {.pytorch = pytorch});
  expect(weights_of(again) == weights_of(model), "weights come back bit by bit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  Content content;
  if (fuzz::accepts(path, [&] { content = read(path); })) {
    expect_round_trip(content);
  }
  for (const bool pytorch : {false, true}) {
    load<float>(path, pytorch);
    load<double>(path, pytorch);
  }
  return 0;
}
