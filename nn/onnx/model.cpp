#include "nn/onnx/model.hpp"

#include <array>
#include <limits>
#include <optional>
#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include "nn/io/files.hpp"
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

/// A field of a message in a file.
struct FileField {
  std::uint64_t number;
  bool is_message;    // or bytes, in contrast to a number
  std::uint64_t end;  // its offset in the file
};

/// Reads the field at an offset of a file. Returns nothing if there is none of these two kinds.
std::optional<FileField> field_at(const InputFile& file, std::uint64_t at) {
  std::array<char, 20> bytes{};  // a key and a number take at most 10 bytes each
  const std::size_t count = file.read_at(at, std::as_writable_bytes(std::span(bytes)));
  const char* next = bytes.data();
  const char* const end = next + count;
  try {
    const std::uint64_t key = protozero::decode_varint(&next, end);
    const std::uint64_t value = protozero::decode_varint(&next, end);
    const std::uint64_t kind = key & 7, from = at + static_cast<std::uint64_t>(next - bytes.data());
    if ((kind != 0 && kind != 2) || (kind == 2 && value > file.size() - from)) {
      return {};
    }
    return FileField{key >> 3, kind == 2, kind == 2 ? from + value : from};
  } catch (const protozero::exception&) {
    return {};
  }
}

}  // namespace

bool holds_model(const std::filesystem::path& path) {
  constexpr std::uint64_t version_field = 1, graph_field = 7, last_field = 31;
  constexpr std::size_t most_fields = 10000;  // most models have less than 100
  const InputFile file(path);
  bool has_version = false, has_graph = false;
  std::uint64_t at = 0;
  for (std::size_t i = 0; at < file.size(); ++i) {
    const auto field = field_at(file, at);
    if (!field || field->number == 0 || field->number > last_field || i == most_fields) {
      return false;
    }
    has_version |= field->number == version_field && !field->is_message;
    has_graph |= field->number == graph_field && field->is_message;
    at = field->end;
  }
  return has_version && has_graph;
}

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
