#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/io/files.hpp"
#include "tensor/shape.hpp"

/// @file
/// The safetensors format (https://github.com/huggingface/safetensors): eight bytes, little-endian,
/// with the length of the header; the header, a JSON object that says of each tensor its dtype, its
/// shape and where it lies in the bytes that follow, and may map strings to strings under
/// `__metadata__`; the tensors, row-major, without holes.

namespace xtape::nn {

/// A tensor of a safetensors file.
struct StoredTensor {
  std::string dtype;        ///< As the format spells it: "F32".
  Shape shape;              ///< () for a scalar; an extent may be 0.
  std::uint64_t begin = 0;  ///< Where its bytes begin, counted from the end of the header.
  std::uint64_t size = 0;   ///< How many bytes it has.
};

/// A safetensors file opened for reading, its header read and checked in full: the tensors fill the
/// file without hole or overlap, each with as many bytes as its shape wants, and no key comes
/// twice.
///
/// The format allows headers of up to 100,000,000 bytes. Of these only headers of up to 2 MiB,
/// enough for some 20,000 tensors, are read here, so that no header can take much memory or time.
class SafetensorsFile {
 public:
  /// Throws DataError, which names the file and the tensor.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// The path it was opened with.
  const std::string& name() const { return file_.name(); }

  /// All tensors by their keys.
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }

  /// The texts under `__metadata__`; none when the file has no such entry.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Reads the bytes of a tensor of this file; `out` must be of its size. Throws DataError.
  void read(const StoredTensor& tensor, std::span<std::byte> out) const;

 private:
  InputFile file_;
  std::uint64_t data_begin_ = 0;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor to be written.
struct TensorView {
  std::string key;                   ///< Its name in the file.
  std::string dtype;                 ///< As the format spells it: "F32".
  Shape shape;                       ///< Row-major.
  std::span<const std::byte> bytes;  ///< Little-endian, as many as shape and dtype want.
};

/// Writes a safetensors file as write_file() does. Wide dtypes come first and the header is padded,
/// so that every tensor is aligned. Throws DataError when the file cannot be written, and
/// ValueError, before anything is, when a key comes twice or is no UTF-8, when the bytes are not
/// those of the shape, or when the header is longer than SafetensorsFile reads.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                       const std::map<std::string, std::string>& metadata);

/// A text from a file with '?' for each control character, so that it may be printed: to a terminal
/// those are commands.
std::string printable(std::string text);

/// A text from a file as messages show it: in quotes, without control characters, cut when long.
std::string in_quotes(std::string_view text);

}  // namespace xtape::nn
