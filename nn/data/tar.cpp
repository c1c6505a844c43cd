#include "nn/data/tar.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "nn/io/safetensors.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::detail {
namespace {

constexpr std::size_t block = 512;
using Block = std::array<std::uint8_t, block>;

/// The place of a field in a header.
struct Field {
  std::size_t offset, size;
};
constexpr Field name_field{0, 100}, size_field{124, 12}, checksum_field{148, 8}, type_field{156, 1},
    magic_field{257, 6}, prefix_field{345, 155};

std::string_view bytes_of(const Block& header, Field field) {
  return {reinterpret_cast<const char*>(header.data()) + field.offset, field.size};
}

/// Returns the field up to its first zero byte.
std::string text_of(const Block& header, Field field) {
  const std::string_view bytes = bytes_of(header, field);
  return std::string(bytes.substr(0, bytes.find('\0')));
}

/// Returns the number of a field: octal digits between spaces or zero bytes.
std::optional<std::uint64_t> number_of(const Block& header, Field field) {
  constexpr std::string_view blanks(" \0", 2);
  std::string_view digits = bytes_of(header, field);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  digits = digits.substr(0, digits.find_first_of(blanks));
  if (digits.empty() || digits.find_first_not_of("01234567") != std::string_view::npos) {
    return {};
  }
  std::uint64_t number = 0;  // at most 12 digits, 36 bits
  for (const char digit : digits) {
    number = number << 3 | static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

/// Returns the sum of all bytes, with spaces in place of the checksum.
std::uint64_t checksum_of(Block header) {
  std::fill_n(header.begin() + checksum_field.offset, checksum_field.size, std::uint8_t{' '});
  return std::accumulate(header.begin(), header.end(), std::uint64_t{0});
}

std::string name_of(const Block& header) {
  const std::string name = text_of(header, name_field);
  const bool posix = bytes_of(header, magic_field) == std::string_view("ustar\0", 6);
  const std::string prefix = posix ? text_of(header, prefix_field) : "";
  return prefix.empty() ? name : prefix + "/" + name;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

TarReader::TarReader(const InputFile& file, std::uint64_t limit) : archive_(file), limit_(limit) {}

void TarReader::take(std::span<std::uint8_t> out) {
  require<DataError>(out.size() <= limit_ - at_, "{}: unpacks to more than {} bytes",
                     archive_.name(), limit_);
  const std::size_t count = archive_.read(out);
  at_ += count;
  require<DataError>(count == out.size(), "{}: the archive is cut short after {} bytes",
                     archive_.name(), at_);
}

void TarReader::skip(std::uint64_t count) {
  std::array<std::uint8_t, 16 * block> piece{};
  while (count > 0) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(count, piece.size()));
    take(std::span(piece).first(step));
    count -= step;
  }
}

void TarReader::read(std::span<std::uint8_t> out) {
  require<ValueError>(out.size() <= left_, "TarReader: the member has {} bytes left, not {}", left_,
                      out.size());
  take(out);
  left_ -= out.size();
}

/// Reads the zeros that fill up the last record of the archive.
void TarReader::finish() {
  Block piece{};
  for (std::size_t count = block; count > 0; at_ += count) {
    require<DataError>(at_ <= limit_, "{}: unpacks to more than {} bytes", archive_.name(), limit_);
    count = archive_.read(piece);
    require<DataError>(all_zero(std::span(piece).first(count)),
                       "{}: bytes follow the end of the archive", archive_.name());
  }
  archive_.expect_end();
}

std::optional<TarMember> TarReader::next() {
  skip(left_ + padding_);
  left_ = padding_ = 0;
  const std::uint64_t start = at_;
  Block header{};
  take(header);
  if (all_zero(header)) {
    finish();
    return {};
  }
  require<DataError>(number_of(header, checksum_field) == checksum_of(header),
                     "{}: no header of a tar archive at byte {}, or its checksum is wrong",
                     archive_.name(), start);
  const char type = bytes_of(header, type_field)[0];
  const auto size = number_of(header, size_field);
  TarMember member{name_of(header), size.value_or(0), type == '0' || type == '\0'};
  require<DataError>(size.has_value(), "{}: the size of {} is not an octal number", archive_.name(),
                     in_quotes(member.name));
  // Links, devices, folders and pipes have no content, whatever the size says.
  left_ = type >= '1' && type <= '6' ? 0 : member.size;
  padding_ = (block - left_ % block) % block;
  return member;
}

}  // namespace xtape::nn::detail
