#include "tests/ops/declared.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "tests/ops/table.hpp"

namespace xtape {

std::vector<Declared> declared_ops() {
  // A line that begins outside of any class and comment, and declares `Variable<T> name(`, or an
  // array of several.
  const std::regex declaration(
      "^(?![\\s/])[^(]*\\bVariable<T>(?:, \\w+>)?\\s+(operator[^\\s(]+|\\w+)\\(.*");
  std::set<std::filesystem::path> headers;
  for (const auto& entry : std::filesystem::directory_iterator(XTAPE_SOURCE_DIR "/autograd/ops")) {
    if (entry.path().extension() == ".hpp") {
      headers.insert(entry.path());
    }
  }
  std::vector<Declared> declared;
  for (const auto& header : headers) {
    std::ifstream in(header);
    std::string comment;
    bool ended = true;  // the comment, so that the next one begins anew
    bool hidden = false;
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (line.find("detail {") != std::string::npos || line.ends_with("// namespace detail") ||
          line.ends_with("// namespace xtape::detail")) {
        hidden = line.ends_with("{");
      }
      if (line.starts_with("/// ")) {
        comment = (ended ? "" : comment + " ") + line.substr(4);
        ended = false;
      } else if (!line.starts_with("///")) {
        ended = true;
      }
      if (!hidden && std::regex_match(line, match, declaration)) {
        declared.push_back({match[1], header.stem(), comment});
      }
    }
  }
  return declared;
}

std::map<std::string, std::size_t> count_by_name(const std::vector<Declared>& declared) {
  std::map<std::string, std::size_t> counts;
  for (const Declared& each : declared) {
    ++counts[each.op];
  }
  return counts;
}

std::vector<std::string> overloads_of(const std::string& op) {
  std::vector<std::string> overloads;
  for (const Row& row : table()) {
    if (row.op == op &&
        std::find(overloads.begin(), overloads.end(), row.overload) == overloads.end()) {
      overloads.push_back(row.overload);
    }
  }
  return overloads;
}

}  // namespace xtape
