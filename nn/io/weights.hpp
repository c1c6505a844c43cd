#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nn/module.hpp"
#include "tensor/shape.hpp"

/// @file
/// Weights that travel, in safetensors files.

namespace xtape::nn {

/// "F32" or "F64", as safetensors files call the scalar type.
template <class T>
inline constexpr const char* dtype_of = std::is_same_v<T, float> ? "F32" : "F64";

/// How save_weights() writes.
struct SaveOptions {
  /// The weights of Linear, and of modules that say so (nn/module.hpp), as (out, in), which is how
  /// PyTorch keeps them.
  bool pytorch = false;
  /// Texts to keep with the weights, in UTF-8, such as the activation, which no shape tells.
  std::map<std::string, std::string> metadata{};
};

/// How load_weights() reads.
struct LoadOptions {
  /// The file's weights are (out, in), as PyTorch and SaveOptions::pytorch write them.
  bool pytorch = false;
};

namespace detail {

/// The bytes of a model's parameter. `Byte` is const for a const model.
template <class Byte>
struct ParameterBytes {
  std::string name;
  const char* dtype;
  Shape shape;
  std::span<Byte> bytes;
  bool transposed_in_pytorch;
};

/// The parameters of a model under their dotted names, in the order of its visit lines.
template <class Model>
std::vector<ParameterBytes<std::byte>> parameter_bytes(Model& model) {
  std::vector<ParameterBytes<std::byte>> list;
  for_each_parameter(model, [&]<class T>(const ParameterName& name, Array<T>& array) {
    list.push_back({name.str(), dtype_of<T>, array.shape(),
                    std::as_writable_bytes(std::span(array.storage())),
                    name.transposed_in_pytorch()});
  });
  return list;
}
template <class Model>
std::vector<ParameterBytes<const std::byte>> parameter_bytes(const Model& model) {
  std::vector<ParameterBytes<const std::byte>> list;
  for_each_parameter(model, [&]<class T>(const ParameterName& name, const Array<T>& array) {
    list.push_back({name.str(), dtype_of<T>, array.shape(),
                    std::as_bytes(std::span(array.storage())), name.transposed_in_pytorch()});
  });
  return list;
}

void write_weights(const std::filesystem::path& path,
                   const std::vector<ParameterBytes<const std::byte>>& parameters,
                   const SaveOptions& options);
void read_weights(const std::filesystem::path& path,
                  const std::vector<ParameterBytes<std::byte>>& parameters,
                  const LoadOptions& options);

}  // namespace detail

/// Writes the parameters of `model` under their dotted names ("0.weight") to a safetensors file, in
/// the model's type, float (F32) or double (F64). The file's metadata hold the version of xtape
/// (`xtape`), the shapes (`model`: "0.weight (784, 128), 0.bias (128)"), the order of the axes of
/// Linear's weights (`layout`: "in, out" or "out, in") and the texts of the options. An earlier
/// file is replaced as write_file() does it.
///
/// Throws DataError when the file cannot be written, ValueError when two parameters have one name
/// or a text of the options takes the name of one above or is no UTF-8, ShapeError naming a
/// parameter that was moved from.
template <class Model>
void save_weights(const std::filesystem::path& path, const Model& model,
                  const SaveOptions& options = {}) {
  detail::require_whole_parameters("save_weights", model);
  detail::write_weights(path, detail::parameter_bytes(model), options);
}

/// Reads the parameters of `model` from a safetensors file with exactly their names and shapes. F32
/// is read into a model of double and F64, rounded, into one of float, as PyTorch does; no other
/// type is taken.
///
/// Throws DataError, which names the file and each tensor that is missing, too many, or of another
/// shape or type, with what was found and expected; when it is no sound safetensors file; when a
/// finite number is too large for float; and when the file says that its layout is not that of the
/// options. Throws ShapeError naming a parameter that was moved from. Then nothing in the model has
/// changed.
template <class Model>
void load_weights(const std::filesystem::path& path, Model& model,
                  const LoadOptions& options = {}) {
  static_assert(!std::is_const_v<Model>, "load_weights changes the model");
  detail::require_whole_parameters("load_weights", model);
  detail::read_weights(path, detail::parameter_bytes(model), options);
}

}  // namespace xtape::nn
