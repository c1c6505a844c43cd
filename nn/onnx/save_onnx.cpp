#include "nn/onnx/save_onnx.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "nn/io/files.hpp"
#include "nn/io/replaceable.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/onnx/exporter.hpp"

namespace xtape::nn {
namespace {

/// Returns whether a text is UTF-8, as strings of a file must be.
bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

/// Throws ValueError unless the names of the input, the output and the arrays differ and are texts.
void require_names(const onnx::Names& names, const OnnxOptions& options) {
  std::set<std::string> all;
  const auto add = [&](const std::string& name) {
    require<ValueError>(!name.empty(), "save_onnx: a name of the input or the output is empty");
    require<ValueError>(is_utf8(name), "save_onnx: the name {} is not UTF-8", in_quotes(name));
    require<ValueError>(all.insert(name).second, "save_onnx: {} names two tensors",
                        in_quotes(name));
  };
  add(options.input);
  add(options.output);
  for (const auto& [address, name] : names) {
    if (!name.empty()) {
      add(name);
    }
  }
  for (const auto& [key, text] : options.metadata) {
    require<ValueError>(is_utf8(key) && is_utf8(text), "save_onnx: the metadata {} are not UTF-8",
                        in_quotes(key));
  }
}

}  // namespace

template <class T>
void detail::write_onnx(const std::filesystem::path& path, const onnx::ModelCall<T>& call,
                        const onnx::Names& names, const Shape& sample, const OnnxOptions& options) {
  require_names(names, options);
  const onnx::Recording<T> recording(call, sample, names);
  const onnx::Type type = std::is_same_v<T, float> ? onnx::Type::float32 : onnx::Type::float64;
  onnx::Exporter exporter(recording.steps(), type, options.input);
  onnx::Model model = exporter.run(options.output);
  model.metadata = options.metadata;
  write_file(path, onnx::serialize(model));
}

template void detail::write_onnx(const std::filesystem::path&, const onnx::ModelCall<float>&,
                                 const onnx::Names&, const Shape&, const OnnxOptions&);
template void detail::write_onnx(const std::filesystem::path&, const onnx::ModelCall<double>&,
                                 const onnx::Names&, const Shape&, const OnnxOptions&);

void require_onnx_writable(const std::filesystem::path& path) {
  require_replaceable(path, "ONNX model", onnx::holds_model);
  require_writable(path);
}

}  // namespace xtape::nn
