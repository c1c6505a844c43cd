#include "nn/io/checksum.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "tensor/buffer.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

class Checksum {
 public:
  explicit Checksum(const std::map<std::string, std::string>& metadata) {
    for (const auto& [key, text] : metadata) {
      if (key != checksum_key) {
        add(key);
        add(text);
      }
    }
  }

  void add_tensor(std::string_view key, std::string_view dtype, const Shape& shape,
                  std::span<const std::byte> bytes) {
    add(key);
    add(dtype);
    add(to_string(shape));
    add(bytes);
  }

  std::string text() const { return fmt::format("{:08x}", crc_); }

 private:
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  void add(std::span<const std::byte> bytes) {
    if (!bytes.empty()) {
      crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    }
  }

  uLong crc_ = crc32_z(0, nullptr, 0);
};

}  // namespace

std::string checksum(const std::vector<TensorView>& tensors,
                     const std::map<std::string, std::string>& metadata) {
  std::map<std::string_view, const TensorView*> by_key;
  for (const TensorView& tensor : tensors) {
    by_key.emplace(tensor.key, &tensor);
  }
  Checksum sum(metadata);
  for (const auto& [key, tensor] : by_key) {
    sum.add_tensor(key, tensor->dtype, tensor->shape, tensor->bytes);
  }
  return sum.text();
}

std::string checksum(const SafetensorsFile& file) {
  Checksum sum(file.metadata());
  Buffer<std::byte> bytes;
  for (const auto& [key, tensor] : file.tensors()) {
    bytes.resize(tensor.size);
    file.read(tensor, bytes);
    sum.add_tensor(key, tensor.dtype, tensor.shape, bytes);
  }
  return sum.text();
}

std::string checksum(const Dataset& data) {
  Checksum sum({});
  for (const Samples* samples : {&data.features, &data.targets}) {
    samples->visit([&](auto elements) {
      const std::string type = fmt::format(
          "{} of {} bytes", samples->are_integers() ? "integers" : "floats", sizeof(elements[0]));
      sum.add_tensor(fmt::format("{}", samples->size()), type, samples->shape(),
                     std::as_bytes(elements));
    });
  }
  return sum.text();
}

void require_checksum(const SafetensorsFile& file) {
  const auto stated = file.metadata().find(checksum_key);
  const std::string right = checksum(file);
  if (stated == file.metadata().end() || stated->second != right) {
    fail<DataError>("{}: is damaged: its CRC-32 is {}, and its metadata say {}", file.name(), right,
                    stated == file.metadata().end() ? "nothing" : in_quotes(stated->second));
  }
}

}  // namespace xtape::nn
