#include "tests/ops/catalogue.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// How often each op is declared by the headers of autograd/ops/.
std::map<std::string, int> declared_ops() {
  // A line that begins outside of any class and comment, and declares `Variable<T> name(`.
  const std::regex declaration("\n(?![\\s/])[^\n(]*\\bVariable<T>\\s+(operator[^\\s(]+|\\w+)\\(");
  std::map<std::string, int> ops;
  for (const auto& entry : std::filesystem::directory_iterator(XTAPE_SOURCE_DIR "/autograd/ops")) {
    if (entry.path().extension() != ".hpp") {
      continue;
    }
    const std::string text = read(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), declaration), end; match != end;
         ++match) {
      ++ops[(*match)[1]];
    }
  }
  return ops;
}

}  // namespace

TEST_CASE("every op that is declared is in the catalogue, each of its overloads") {
  std::map<std::string, int> enlisted;
  for (const auto& entry : xtape::catalogue()) {
    ++enlisted[entry.op];
  }
  const auto declared = declared_ops();
  CHECK(declared.size() > 20);
  for (const auto& [op, count] : declared) {
    INFO(op << " is declared " << count << " times in autograd/ops/*.hpp; tests/ops/catalogue.cpp "
            << "has " << enlisted[op] << " entries for it");
    CHECK(enlisted[op] == count);
  }
  CHECK(enlisted.size() == declared.size());
}

TEST_CASE("every op has the right gradient, and the same in float") {
  const auto& entries = xtape::catalogue();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    DYNAMIC_SECTION(i << ": " << entries[i].op) {
      CHECK(!entries[i].checks.empty());
      for (const auto& check : entries[i].checks) {
        check(xtape::Probe::gradients);
      }
    }
  }
}

TEST_CASE("every op takes NaN, infinity and numbers at the edges of its type") {
  for (const auto& entry : xtape::catalogue()) {
    INFO(entry.op);
    for (const auto& check : entry.checks) {
      check(xtape::Probe::hostile_numbers);
    }
  }
}

TEST_CASE("every op that an allocation fails leaves a tape that works") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  for (const auto& entry : xtape::catalogue()) {
    INFO(entry.op);
    for (const auto& check : entry.checks) {
      check(xtape::Probe::failing_allocations);
    }
  }
}
