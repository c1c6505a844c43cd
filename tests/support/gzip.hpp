#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Returns `content` as a gzip file.
inline std::vector<std::uint8_t> gzip(std::span<const std::uint8_t> content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::vector<std::uint8_t> packed(deflateBound(&stream, static_cast<uLong>(content.size())) + 64);
  stream.next_in = const_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// Returns a text as a gzip file.
inline std::vector<std::uint8_t> gzip(std::string_view content) {
  return gzip(std::span(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
}

/// Returns `content` as a gzip file of two members. The first has `first` bytes of it.
inline std::vector<std::uint8_t> gzip_in_two(std::span<const std::uint8_t> content,
                                             std::size_t first) {
  std::vector<std::uint8_t> packed = gzip(content.first(first));
  const std::vector<std::uint8_t> rest = gzip(content.subspan(first));
  packed.insert(packed.end(), rest.begin(), rest.end());
  return packed;
}

/// Returns the content of a gzip file, up to `most` bytes or up to where it is damaged.
inline std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> packed, std::size_t most) {
  z_stream stream{};
  inflateInit2(&stream, 16 + MAX_WBITS);
  std::vector<std::uint8_t> content(most);
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = content.data();
  stream.avail_out = static_cast<uInt>(content.size());
  inflate(&stream, Z_FINISH);
  content.resize(stream.total_out);
  inflateEnd(&stream);
  return content;
}
