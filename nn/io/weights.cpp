#include "nn/io/weights.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nn/io/safetensors.hpp"
#include "nn/io/tensor_targets.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

using detail::ArrayBytes;

constexpr const char* layout_key = "layout";

const char* layout(bool pytorch) { return pytorch ? "out, in" : "in, out"; }

template <class Byte>
bool is_transposed(const ArrayBytes<Byte>& array, bool pytorch) {
  return pytorch && array.transposed_in_pytorch && array.shape.size() >= 2;
}

std::map<std::string, std::string> describe(const std::string& file,
                                            const std::vector<ArrayBytes<const std::byte>>& arrays,
                                            const SaveOptions& options) {
  std::string model;
  for (const auto& each : arrays) {
    model += fmt::format("{}{} {}", model.empty() ? "" : ", ", each.name, each.shape);
  }
  std::map<std::string, std::string> metadata{
      {"xtape", version()}, {"model", model}, {layout_key, layout(options.pytorch)}};
  for (const auto& [key, text] : options.metadata) {
    require<ValueError>(metadata.emplace(key, text).second,
                        "{}: the metadata have their own {} already", file, in_quotes(key));
  }
  return metadata;
}

}  // namespace

void detail::write_weights(const fs::path& path,
                           const std::vector<ArrayBytes<const std::byte>>& arrays,
                           const SaveOptions& options) {
  std::vector<TensorView> tensors;
  std::vector<Buffer<std::byte>> copies;
  for (const auto& each : arrays) {
    TensorView& tensor =
        tensors.emplace_back(TensorView{each.name, each.dtype, each.shape, each.bytes});
    if (is_transposed(each, options.pytorch)) {
      tensor.shape = shape_in_pytorch(each.shape);
      tensor.bytes = copies.emplace_back(to_pytorch(each.bytes, each.shape));
    }
  }
  write_safetensors(path, std::move(tensors), describe(path.string(), arrays, options));
}

void detail::read_weights(const fs::path& path, const std::vector<ArrayBytes<std::byte>>& arrays,
                          const LoadOptions& options) {
  const SafetensorsFile file(path);
  const auto stated = file.metadata().find(layout_key);
  const bool ours = file.metadata().count("xtape") > 0;
  if (ours && stated != file.metadata().end() && stated->second != layout(options.pytorch)) {
    fail<DataError>("{}: its layout is {}, expected '{}': load it with .pytorch = {}", file.name(),
                    in_quotes(stated->second), layout(options.pytorch), !options.pytorch);
  }
  std::vector<TensorTarget> targets;
  targets.reserve(arrays.size());
  for (const auto& each : arrays) {
    targets.push_back({.key = each.name,
                       .dtype = each.dtype,
                       .shape = each.shape,
                       .bytes = {},
                       .converts = true,
                       .transposes = is_transposed(each, options.pytorch)});
  }
  require_same_tensors(file, targets);
  std::vector<Buffer<std::byte>> values;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i].bytes = values.emplace_back(arrays[i].bytes.size());
    read_tensor(file, targets[i]);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {  // cannot fail from here on
    std::copy(values[i].begin(), values[i].end(), arrays[i].bytes.begin());
  }
}

}  // namespace xtape::nn
