#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// @file
/// A model of ONNX, as its file has it (onnx.proto3 of IR version 8).

namespace xtape::nn::onnx {

/// The types of the elements of a tensor, by their numbers in a file.
enum class Type : std::int32_t { float32 = 1, int64 = 7, boolean = 9, float64 = 11 };

/// An array with a name: a weight or another constant.
struct Tensor {
  std::string name;                  ///< Its name.
  Type type;                         ///< The type of its elements.
  std::vector<std::int64_t> shape;   ///< Its extents.
  std::span<const std::byte> bytes;  ///< The elements in row-major order.
};

/// An attribute of a node.
struct Argument {
  std::string name;                                                                 ///< Its name.
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;  ///< Its value.
};

/// A call of an operator.
struct Call {
  std::string type;                 ///< The name of the operator: "Conv".
  std::string name;                 ///< The name of the node.
  std::vector<std::string> inputs;  ///< The names of its operands. An empty one is left out.
  std::string output;               ///< The name of its result.
  std::vector<Argument> arguments;  ///< Its attributes.
};

/// An input or output of the model. An extent is a number, or a text if it is free.
struct Port {
  std::string name;                                            ///< Its name.
  Type type;                                                   ///< The type of its elements.
  std::vector<std::variant<std::int64_t, std::string>> shape;  ///< Its extents.
};

/// A model of one input and one output.
struct Model {
  std::vector<Call> calls;                        ///< In an order in which they can be computed.
  std::vector<Tensor> tensors;                    ///< The weights and other constants.
  Port input;                                     ///< The input.
  Port output;                                    ///< The output.
  std::map<std::string, std::string> metadata{};  ///< Texts beside it.
};

/// Returns the bytes of the file of a model, of IR version 8 and opset 17. Throws ValueError if
/// they are more than the 2 GiB that such a file can hold.
std::string serialize(const Model& model);

/// Returns true if a file has the outer form of a model: fields of onnx.proto3's ModelProto up to
/// its end. The version of the format and a graph must be among them. Throws DataError if the file
/// cannot be read.
bool holds_model(const std::filesystem::path& path);

}  // namespace xtape::nn::onnx
