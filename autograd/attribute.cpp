#include "autograd/attribute.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace xtape {
namespace {

std::string text(std::int64_t number) { return fmt::format("{}", number); }
std::string text(double number) { return fmt::format("{:.6g}", number); }
std::string text(const char* word) { return word; }
std::string text(Pair pair) { return text_of(pair); }
std::string text(std::span<const std::uint32_t> list) {
  constexpr std::size_t most = 8;
  std::string numbers;
  for (std::size_t i = 0; i < list.size() && i < most; ++i) {
    numbers += fmt::format("{}{}", i == 0 ? "" : ", ", list[i]);
  }
  return "(" + numbers + (list.size() > most ? ", ...)" : ")");
}

}  // namespace

std::string text_of(std::span<const Attribute> attributes) {
  std::string all;
  for (const Attribute& each : attributes) {
    all += all.empty() ? "" : ", ";
    all += each.name;
    all += ' ';
    all += std::visit([](const auto& value) { return text(value); }, each.value);
  }
  return all;
}

}  // namespace xtape
