#include "examples/cli/validators.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace cli {
namespace {

std::string expected(const std::string& wanted, const std::string& got) {
  return fmt::format("expected {}, got {}", wanted, got.empty() ? "nothing" : got);
}

CLI::Validator no_zero_byte() {
  const auto check = [](const std::string& text) {
    const bool found = text.find('\0') != std::string::npos;
    return found ? expected("a name without a zero byte", "one") : std::string();
  };
  return {check, ""};
}

}  // namespace

CLI::Validator whole(std::uint64_t min, std::uint64_t max, const std::string& wanted) {
  const auto check = [=](std::string& text) {
    const char* const end = text.data() + text.size();
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || number < min || number > max) {
      return expected(wanted, text);
    }
    text = fmt::format("{}", number);
    return std::string();
  };
  return {check, ""};
}

CLI::Validator whole(std::uint64_t min, std::uint64_t max) {
  return whole(min, max, fmt::format("a whole number from {} to {}", min, max));
}

CLI::Validator real(double min, double max, const std::string& wanted) {
  const auto check = [=](const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    const bool all = !text.empty() && end == text.c_str() + text.size();
    return all && number >= min && number <= max ? std::string() : expected(wanted, text);
  };
  return {check, ""};
}

CLI::Validator finite() {
  return real(0, std::numeric_limits<double>::max(), "a finite number of at least 0");
}

CLI::Validator share() { return real(0, std::nextafter(1, 0), "a number in [0, 1)"); }

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto check = [=](const std::string& text) {
    const bool known = std::find(choices.begin(), choices.end(), text) != choices.end();
    return known ? std::string()
                 : expected(fmt::format("one of {}", fmt::join(choices, ", ")), text);
  };
  return {check, ""};
}

CLI::Validator not_empty(const std::string& wanted) {
  return {[=](const std::string& text) { return text.empty() ? expected(wanted, text) : ""; }, ""};
}

CLI::Option* takes_file(CLI::Option* option) {
  return option->type_name("FILE")->check(not_empty("a file"))->check(no_zero_byte());
}

CLI::Option* takes_folder(CLI::Option* option) {
  return option->type_name("FOLDER")->check(not_empty("a folder"))->check(no_zero_byte());
}

}  // namespace cli
