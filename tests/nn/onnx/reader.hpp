#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "nn/io/files.hpp"

/// Reads ONNX files, by the numbers of the fields in onnx.proto3.

struct OnnxTensor {
  std::vector<std::int64_t> shape;
  std::int32_t type = 0;
  std::string bytes;
};

struct OnnxCall {
  std::string type, name, output;
  std::vector<std::string> inputs;
};

struct OnnxFile {
  std::int64_t ir_version = 0, opset = 0;
  std::string producer;
  std::vector<OnnxCall> calls;
  std::map<std::string, OnnxTensor> tensors;
  std::map<std::string, std::vector<std::string>> ports;  ///< The shapes of the input and output.
  std::map<std::string, std::string> metadata;

  /// Returns how many calls are of a type.
  std::size_t count(const std::string& type) const {
    std::size_t number = 0;
    for (const OnnxCall& call : calls) {
      number += call.type == type ? 1 : 0;
    }
    return number;
  }

  /// Returns the types of the calls: "Gemm Relu".
  std::string types() const {
    std::string all;
    for (const OnnxCall& call : calls) {
      all += (all.empty() ? "" : " ") + call.type;
    }
    return all;
  }
};

namespace onnx_reader {

using protozero::pbf_reader;

inline OnnxCall read_call(pbf_reader in) {
  OnnxCall call;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        call.inputs.push_back(in.get_string());
        break;
      case 2:
        call.output = in.get_string();
        break;
      case 3:
        call.name = in.get_string();
        break;
      case 4:
        call.type = in.get_string();
        break;
      default:
        in.skip();
    }
  }
  return call;
}

inline void read_tensor(pbf_reader in, OnnxFile& file) {
  OnnxTensor tensor;
  std::string name;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        tensor.shape.push_back(in.get_int64());
        break;
      case 2:
        tensor.type = in.get_int32();
        break;
      case 8:
        name = in.get_string();
        break;
      case 9:
        tensor.bytes = in.get_bytes();
        break;
      default:
        in.skip();
    }
  }
  file.tensors[name] = tensor;
}

inline std::vector<std::string> read_shape(pbf_reader in) {
  std::vector<std::string> shape;
  while (in.next(1)) {
    pbf_reader dimension = in.get_message();
    while (dimension.next()) {
      shape.push_back(dimension.tag() == 1 ? std::to_string(dimension.get_int64())
                                           : dimension.get_string());
    }
  }
  return shape;
}

inline void read_port(pbf_reader in, OnnxFile& file) {
  std::string name;
  while (in.next()) {
    if (in.tag() == 1) {
      name = in.get_string();
      continue;
    }
    pbf_reader type = in.get_message();
    type.next(1);
    pbf_reader tensor = type.get_message();
    while (tensor.next(2)) {
      file.ports[name] = read_shape(tensor.get_message());
    }
  }
}

inline void read_graph(pbf_reader in, OnnxFile& file) {
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        file.calls.push_back(read_call(in.get_message()));
        break;
      case 5:
        read_tensor(in.get_message(), file);
        break;
      case 11:
      case 12:
        read_port(in.get_message(), file);
        break;
      default:
        in.skip();
    }
  }
}

}  // namespace onnx_reader

inline OnnxFile read_onnx(const std::filesystem::path& path) {
  const std::string bytes = xtape::nn::read_file(path, 1 << 24);
  OnnxFile file;
  protozero::pbf_reader in(bytes);
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        file.ir_version = in.get_int64();
        break;
      case 2:
        file.producer = in.get_string();
        break;
      case 7:
        onnx_reader::read_graph(in.get_message(), file);
        break;
      case 8: {
        protozero::pbf_reader opset = in.get_message();
        opset.next(2);
        file.opset = opset.get_int64();
        break;
      }
      case 14: {
        protozero::pbf_reader entry = in.get_message();
        entry.next(1);
        const std::string key = entry.get_string();
        entry.next(2);
        file.metadata[key] = entry.get_string();
        break;
      }
      default:
        in.skip();
    }
  }
  return file;
}
