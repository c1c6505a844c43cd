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
/// Functions that save and load weights in safetensors files.

namespace xtape::nn {

/// The name of the scalar type in safetensors files: "F32" or "F64".
template <class T>
inline constexpr const char* dtype_of = std::is_same_v<T, float> ? "F32" : "F64";

/// Options of save_weights().
struct SaveOptions {
  /// Writes the weights of Linear, of convolutions, and of modules that ask for it (nn/module.hpp)
  /// in PyTorch's order: (..., in, out) becomes (out, in, ...).
  bool pytorch = false;
  /// Texts to save with the weights, in UTF-8. Use them for facts that no shape shows, such as the
  /// activation.
  std::map<std::string, std::string> metadata{};
};

/// Options of load_weights().
struct LoadOptions {
  /// Reads weights that are (out, in, ...), as PyTorch or SaveOptions::pytorch writes them.
  bool pytorch = false;
};

namespace detail {

/// The bytes of a parameter or a buffer. `Byte` is const for a const model.
template <class Byte>
struct ArrayBytes {
  std::string name;
  const char* dtype;
  Shape shape;
  std::span<Byte> bytes;
  bool transposed_in_pytorch;
  bool follows_flatten;
  Shape flattened;      ///< The shape of the images that the weight reads flattened, or empty.
  std::size_t results;  ///< The number of results of the weight, if its last axis does not say it.
  bool is_count;        ///< The numbers count something.
};

/// Returns the bytes of the parameters and buffers of a model, in the order of its visit lines.
template <class Byte, class Model>
std::vector<ArrayBytes<Byte>> array_bytes(Model& model) {
  std::vector<ArrayBytes<Byte>> list;
  for_each_array(model, [&]<class A>(const ParameterName& name, A& array) -> void {
    static_assert(std::is_const_v<Byte> || !std::is_const_v<A>, "load_weights changes the model");
    using T = typename A::value_type;
    list.push_back({name.str(),
                    dtype_of<T>,
                    array.shape(),
                    {reinterpret_cast<Byte*>(array.data()), array.size() * sizeof(T)},
                    name.transposed_in_pytorch(),
                    name.follows_flatten(),
                    name.flattened() == nullptr ? Shape{} : *name.flattened(),
                    name.results(),
                    name.is_count()});
  });
  return list;
}

void write_weights(const std::filesystem::path& path,
                   const std::vector<ArrayBytes<const std::byte>>& arrays,
                   const SaveOptions& options);
void read_weights(const std::filesystem::path& path,
                  const std::vector<ArrayBytes<std::byte>>& arrays, const LoadOptions& options);

}  // namespace detail

/// Writes the parameters and buffers of `model` to a safetensors file, under their dotted names
/// ("0.weight") and in the model's type: float (F32) or double (F64). The file's metadata hold:
/// - `xtape`: the version of xtape.
/// - `model`: the shapes, as "0.weight (784, 128), 0.bias (128)".
/// - `layout`: the order of the axes of Linear's weights, "in, out" or "out, in".
/// - `crc32`: the checksum of the content. See checksum().
/// - The texts of the options.
///
/// The file is replaced atomically, as by write_file(). Throws DataError if the file cannot be
/// written. Throws ValueError if two arrays of the model have the same name. Throws ValueError if a
/// text of the options is not UTF-8, or uses a name from the list above. Throws ShapeError, with
/// the name of the array, if one was moved from.
template <class Model>
void save_weights(const std::filesystem::path& path, const Model& model,
                  const SaveOptions& options = {}) {
  detail::require_whole_arrays("save_weights", model);
  detail::write_weights(path, detail::array_bytes<const std::byte>(model), options);
}

/// Reads the parameters and buffers of `model` from a safetensors file with exactly their names and
/// shapes. A double model accepts F32, and a float model accepts F64, which is rounded, as in
/// PyTorch. No other type is accepted.
///
/// Strong exception guarantee. Throws DataError if the file is not a valid safetensors file, or
/// does not have the checksum in its metadata. Throws DataError if tensors are missing, unexpected,
/// or of another shape or type. The same error reports a finite number that is too large for float,
/// and a layout that differs from the options. It also reports a buffer of counts that holds no
/// count (nn/module.hpp). The message names the file and each such tensor, with the found and the
/// expected shape or type. Throws ShapeError, with the name of the array, if one was moved from.
template <class Model>
void load_weights(const std::filesystem::path& path, Model&& model,
                  const LoadOptions& options = {}) {
  detail::require_whole_arrays("load_weights", model);
  detail::read_weights(path, detail::array_bytes<std::byte>(model), options);
}

/// Checks before a long training that save_weights() can write to `path`, and replaces nothing but
/// weights. Throws ValueError if the file exists and holds something else, such as a checkpoint or
/// a data set. Throws DataError if the file cannot be written.
void require_weights_writable(const std::filesystem::path& path);

}  // namespace xtape::nn
