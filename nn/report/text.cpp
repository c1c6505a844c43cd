#include "nn/report/text.hpp"

namespace xtape::nn::report {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string power_of_ten(int exponent) {
  constexpr const char* raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  if (exponent == 0) {
    return "1";
  }
  std::string text = exponent < 0 ? "10⁻" : "10";
  for (const char digit : fmt::format("{}", exponent < 0 ? -exponent : exponent)) {
    text += raised[digit - '0'];
  }
  return text;
}

}  // namespace xtape::nn::report
