#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/temporary_folder.hpp"

/// What the fuzz targets share. A target hands each input to a parser as a file and says with
/// expect() what must hold of what was read. The only exceptions that count as an answer are
/// xtape's own: any other ends the process, and libFuzzer keeps the input.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
/// libFuzzer's own mutations, for targets that apply them to a part of the input.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Ends the process unless `holds`.
inline void expect(bool holds, std::string_view what) {
  if (!holds) {
    std::fprintf(stderr, "fuzz: expected that %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
}

/// A folder for the files of a target; $TMPDIR had better be in memory.
inline const TemporaryFolder& folder() {
  static const TemporaryFolder folder;
  return folder;
}

/// The input as a file.
inline std::filesystem::path input_file(const std::uint8_t* data, std::size_t size) {
  return folder().write("input", data, size);
}

/// A message is for a terminal: one line that begins with the file's name, of bearable length.
inline void expect_clear(std::string_view message, const std::filesystem::path& file) {
  expect(message.starts_with(file.string() + ": "), "the message names the file");
  expect(message.size() < 10000, "the message is short");
  for (const char c : message) {
    expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "the message is printable");
  }
}

/// The processor time of a billion small steps, in this build and on this machine.
inline double most_time() {
  static const double time = [] {
    const Bytes bytes(1000, 1);
    std::clock_t least = std::numeric_limits<std::clock_t>::max();
    for (int tries = 0; tries < 5; ++tries) {
      const std::clock_t start = std::clock();
      volatile std::size_t sum = 0;
      for (int i = 0; i < 1000; ++i) {
        for (const std::uint8_t byte : bytes) {
          sum = sum + byte;
        }
      }
      least = std::min(least, std::clock() - start);
    }
    return 1000. * static_cast<double>(least);
  }();
  return time;
}

/// Runs `read`, which reads `file`; false when it is refused with an error of xtape's, which must
/// be clear and come at once.
template <class Read>
bool accepts(const std::filesystem::path& file, Read read) {
  const double most = most_time();
  const std::clock_t start = std::clock();
  try {
    read();
    return true;
  } catch (const xtape::Error& error) {
    expect_clear(error.what(), file);
  }
  expect(static_cast<double>(std::clock() - start) < most, "a file is refused at once");
  return false;
}

/// The memory of `values` as text, to compare NaN and -0 bit by bit.
template <class Values>
std::string bits(const Values& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Copies `bytes`, cut to `most`, to `data` and returns how many there are: what a mutator does.
inline std::size_t store(const Bytes& bytes, std::uint8_t* data, std::size_t most) {
  const std::size_t size = bytes.size() < most ? bytes.size() : most;
  std::copy_n(bytes.begin(), size, data);
  return size;
}

}  // namespace fuzz
