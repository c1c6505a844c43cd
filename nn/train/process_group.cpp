#include "nn/train/process_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "tensor/error.hpp"

namespace xtape::nn {

void ProcessGroup::barrier() {
  double none = 0;
  all_reduce(std::span(&none, 1));
}

namespace detail {
namespace {

/// Returns the hashes of all ranks.
std::vector<std::uint64_t> gather(ProcessGroup& group, std::uint64_t hash) {
  std::vector<double> high(group.size()), low(group.size());
  group.all_gather(static_cast<double>(hash >> 32), high);
  group.all_gather(static_cast<double>(hash & 0xffffffff), low);
  std::vector<std::uint64_t> all(group.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<std::uint64_t>(high[i]) << 32 | static_cast<std::uint64_t>(low[i]);
  }
  return all;
}

/// Returns the most frequent hash. In a tie, it is the one of the lowest rank.
std::uint64_t most_frequent(const std::vector<std::uint64_t>& all) {
  const auto votes = [&](std::uint64_t hash) { return std::count(all.begin(), all.end(), hash); };
  return *std::max_element(all.begin(), all.end(),
                           [&](std::uint64_t a, std::uint64_t b) { return votes(a) < votes(b); });
}

}  // namespace

ProcessGroup* several(ProcessGroup* group) {
  return group != nullptr && group->size() > 1 ? group : nullptr;
}

void share(ProcessGroup& group, std::string& text) {
  std::size_t size = text.size();
  share(group, size);
  text.resize(size);
  group.broadcast(std::as_writable_bytes(std::span(text)));
}

void share(ProcessGroup& group, std::vector<double>& numbers) {
  std::size_t size = numbers.size();
  share(group, size);
  numbers.resize(size);
  group.broadcast(std::as_writable_bytes(std::span(numbers)));
}

void require_same_hash(ProcessGroup& group, std::uint64_t hash, std::string_view what) {
  const std::vector<std::uint64_t> all = gather(group, hash);
  const std::uint64_t right = most_frequent(all);
  std::string others;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] != right) {
      others += fmt::format("{}{}", others.empty() ? "" : ", ", rank);
    }
  }
  require<Error>(others.empty(), "{} of rank {} differ from those of the other ranks", what,
                 others);
}

std::uint64_t hash_bytes(std::span<const std::byte> bytes, std::uint64_t hash) {
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    hash = std::rotl((hash ^ word) * 0x9E3779B97F4A7C15u, 29);
    bytes = bytes.subspan(size);
  }
  return hash;
}

}  // namespace detail

}  // namespace xtape::nn
