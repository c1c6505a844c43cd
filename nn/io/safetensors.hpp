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
/// The safetensors format (https://github.com/huggingface/safetensors). A file begins with the
/// length of its header: eight bytes, little-endian. The header is a JSON object with the dtype,
/// the shape and the byte offsets of each tensor. It may map strings to strings under
/// `__metadata__`. The tensors follow, row-major and without gaps.

namespace xtape::nn {

/// The description of a tensor in a safetensors file.
struct StoredTensor {
  std::string dtype;        ///< The type, in the format's spelling: "F32".
  Shape shape;              ///< () for a scalar. An extent may be 0.
  std::uint64_t begin = 0;  ///< The offset of its first byte after the header.
  std::uint64_t size = 0;   ///< The number of bytes.
};

/// A safetensors file, opened for reading. The constructor reads and checks the whole header. The
/// tensors must fill the file without gaps or overlaps. Each tensor must have the number of bytes
/// of its shape, and no key may be repeated.
///
/// The format allows headers of up to 100,000,000 bytes. This class reads headers of up to 2 MiB,
/// enough for about 20,000 tensors. So no header can use much memory or time.
class SafetensorsFile {
 public:
  /// Opens the file. Throws DataError, with the names of the file and the tensor, if the file is
  /// not valid.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// Returns the path that the file was opened with.
  const std::string& name() const { return file_.name(); }

  /// Returns all tensors by key.
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }

  /// Returns the texts under `__metadata__`. If the file has no such entry, the map is empty.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Reads the bytes of a tensor of this file. `out` must have the size of the tensor. Throws
  /// DataError if the bytes cannot be read.
  void read(const StoredTensor& tensor, std::span<std::byte> out) const;

 private:
  InputFile file_;
  std::uint64_t data_begin_ = 0;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor to write.
struct TensorView {
  std::string key;                   ///< Its name in the file.
  std::string dtype;                 ///< The type, in the format's spelling: "F32".
  Shape shape;                       ///< Row-major.
  std::span<const std::byte> bytes;  ///< Little-endian. The size must fit shape and dtype.
};

/// Writes a safetensors file atomically, as write_file() does. Wide dtypes come first and the
/// header is padded, so every tensor is aligned. Throws DataError if the file cannot be written.
/// Throws ValueError, before anything is written, if a key is repeated or is not UTF-8. The same
/// error reports bytes that do not fit the shape, and a header that is too long for
/// SafetensorsFile.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                       const std::map<std::string, std::string>& metadata);

/// Returns `text` with '?' for each control character, because terminals interpret control
/// characters.
std::string printable(std::string text);

/// Returns a text from a file for messages: in quotes, without control characters, and truncated if
/// long.
std::string in_quotes(std::string_view text);

}  // namespace xtape::nn
