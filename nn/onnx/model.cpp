#include "nn/onnx/model.hpp"

#include <limits>
#include <protozero/pbf_writer.hpp>

#include "tensor/error.hpp"
#include "tensor/version.hpp"

namespace xtape::nn::onnx {
namespace {

using protozero::pbf_writer;

constexpr std::int64_t ir_version = 8, opset = 17;

/// The kinds of attributes, by their numbers in a file.
enum Kind : std::int32_t { a_float = 1, an_int = 2, a_string = 3, ints = 7 };

void write_value(pbf_writer& out, std::int64_t number) {
  out.add_int64(3, number);
  out.add_enum(20, an_int);
}
void write_value(pbf_writer& out, float number) {
  out.add_float(2, number);
  out.add_enum(20, a_float);
}
void write_value(pbf_writer& out, const std::string& text) {
  out.add_bytes(4, text);
  out.add_enum(20, a_string);
}
void write_value(pbf_writer& out, const std::vector<std::int64_t>& numbers) {
  for (const std::int64_t number : numbers) {
    out.add_int64(8, number);
  }
  out.add_enum(20, ints);
}

void write(pbf_writer out, const Call& call) {
  for (const std::string& input : call.inputs) {
    out.add_string(1, input);
  }
  out.add_string(2, call.output);
  out.add_string(3, call.name);
  out.add_string(4, call.type);
  for (const Argument& argument : call.arguments) {
    pbf_writer each(out, 5);
    each.add_string(1, argument.name);
    std::visit([&](const auto& value) { write_value(each, value); }, argument.value);
  }
}

void write(pbf_writer out, const Tensor& tensor) {
  for (const std::int64_t extent : tensor.shape) {
    out.add_int64(1, extent);
  }
  out.add_int32(2, static_cast<std::int32_t>(tensor.type));
  out.add_string(8, tensor.name);
  out.add_bytes(9, reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
}

void write(pbf_writer out, const Port& port) {
  out.add_string(1, port.name);
  pbf_writer type(out, 2);
  pbf_writer tensor(type, 1);
  tensor.add_int32(1, static_cast<std::int32_t>(port.type));
  std::string bytes;  // by itself, because a shape without axes is there, too
  pbf_writer shape(bytes);
  for (const auto& extent : port.shape) {
    pbf_writer dimension(shape, 1);
    if (const auto* number = std::get_if<std::int64_t>(&extent)) {
      dimension.add_int64(1, *number);
    } else {
      dimension.add_string(2, std::get<std::string>(extent));
    }
  }
  tensor.add_message(2, bytes);
}

void write_graph(pbf_writer out, const Model& model) {
  for (const Call& call : model.calls) {
    write(pbf_writer(out, 1), call);
  }
  out.add_string(2, "model");
  for (const Tensor& tensor : model.tensors) {
    write(pbf_writer(out, 5), tensor);
  }
  write(pbf_writer(out, 11), model.input);
  write(pbf_writer(out, 12), model.output);
}

/// Throws ValueError if the tensors alone are too large. A megabyte is left for all else.
void require_room(const Model& model) {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max() - (std::size_t{1} << 20);
  std::size_t bytes = 0;
  for (const Tensor& tensor : model.tensors) {
    bytes += tensor.bytes.size();
  }
  require<ValueError>(bytes <= most,
                      "save_onnx: the weights have {} bytes, and a file of ONNX holds at most {}",
                      bytes, most);
}

}  // namespace

std::string serialize(const Model& model) {
  require_room(model);
  std::string bytes;
  pbf_writer out(bytes);
  out.add_int64(1, ir_version);
  out.add_string(2, "xtape");
  out.add_string(3, version());
  write_graph(pbf_writer(out, 7), model);
  pbf_writer(out, 8).add_int64(2, opset);
  for (const auto& [key, text] : model.metadata) {
    pbf_writer entry(out, 14);
    entry.add_string(1, key);
    entry.add_string(2, text);
  }
  return bytes;
}

}  // namespace xtape::nn::onnx
