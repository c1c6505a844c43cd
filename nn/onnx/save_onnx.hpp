#pragma once

#include "tensor/hide_macros.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <type_traits>

#include "nn/module.hpp"
#include "nn/onnx/recording.hpp"

/// @file
/// Models as ONNX files, which other programs run without xtape: the library xtape::onnx.

namespace xtape::nn {

/// Options of save_onnx().
struct OnnxOptions {
  std::string input = "input";    ///< The name of what goes in.
  std::string output = "output";  ///< The name of what comes out.
  /// Texts to save with the model, in UTF-8, such as the names of classes.
  std::map<std::string, std::string> metadata{};
};

namespace detail {

/// The scalar type of a model: float if it takes Variable<float>.
template <class Model>
using onnx_scalar =
    std::conditional_t<std::is_invocable_v<const Model&, Variable<float>>, float, double>;

template <class T>
void write_onnx(const std::filesystem::path& path, const onnx::ModelCall<T>& call,
                const onnx::Names& names, const Shape& sample, const OnnxOptions& options);

}  // namespace detail

/// Writes a model to an ONNX file of opset 17 and IR version 8. `sample` is the shape of one
/// sample, such as (28, 28). The batch is the first axis of the input, and may have any size.
///
/// save_onnx() calls the model under NoGrad and writes what the tape records. So any module can be
/// exported, yours included, if its ops have counterparts: docs/ops.md lists them. Dropout is left
/// out, and BatchNorm normalises by its running statistics. Images go in as (batch, height, width,
/// channels). Within the file, they have their channels first, as ONNX wants them.
///
/// Nodes are named after the layers: "layer 2 (ReLU)/Relu". Weights have their dotted names and the
/// model's type, float or double. The type is float if the model can be called with
/// Variable<float>. For a module of double with a call for both, write `save_onnx<double>(...)`.
///
/// The file is replaced atomically, as by write_file(). Everything is checked before anything is
/// written. Throws ValueError, with the op and its place in the model, if an op has no counterpart.
/// The same error reports a model that treats batches of different sizes differently, for example
/// by a constant with a row for each sample. Throws ValueError if names are empty or equal, if a
/// text is not UTF-8, or if the weights take more than 2 GiB. Throws DataError if the file cannot
/// be written, and what the model throws for such a sample.
template <class T = void, class Model>
void save_onnx(const std::filesystem::path& path, const Model& model, const Shape& sample,
               const OnnxOptions& options = {}) {
  using Scalar = std::conditional_t<std::is_void_v<T>, detail::onnx_scalar<Model>, T>;
  detail::require_whole_arrays("save_onnx", model);
  onnx::Names names;
  for_each_array(model, [&](const ParameterName& name, const auto& array) {
    names.emplace(&array, name.str());
  });
  detail::write_onnx<Scalar>(
      path, [&](Variable<Scalar> x) -> Variable<Scalar> { return model(x); }, names, sample,
      options);
}

/// Checks before a long training that save_onnx() can write to `path`, and replaces nothing but an
/// ONNX model. Throws ValueError if the file exists and holds something else. Throws DataError if
/// the file cannot be written.
void require_onnx_writable(const std::filesystem::path& path);

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
