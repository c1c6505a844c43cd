#include <cstring>

#include "tests/fuzz/fuzz.hpp"

/// A file is eight bytes with the length of its header, the header, and the rest. Changing the
/// header alone, and the length with it, gets past the check of the length more often than luck.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  std::uint64_t length = 0;
  const std::size_t prefix = sizeof length;
  if (size >= prefix) {
    std::memcpy(&length, data, prefix);
  }
  if (size < prefix || length > size - prefix || most <= size || seed % 4 == 0) {
    return LLVMFuzzerMutate(data, size, most);
  }
  const auto header_size = static_cast<std::size_t>(length);
  const fuzz::Bytes rest(data + prefix + header_size, data + size);
  length = LLVMFuzzerMutate(data + prefix, header_size, most - prefix - rest.size());
  std::memcpy(data, &length, prefix);
  std::copy(rest.begin(), rest.end(), data + prefix + length);
  return prefix + static_cast<std::size_t>(length) + rest.size();
}
