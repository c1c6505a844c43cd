#include "examples/cli/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <map>

#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tensor/error.hpp"

namespace cli {
namespace {

using xtape::Error;
using xtape::require;

/// A key of dots, "a.a.a", is a table in a table in a table: as deep as half of this, where the
/// stack still has room for toml++ to free them one from within the other.
constexpr std::uint64_t max_bytes = 16384;

/// As the command line spells it: a real number keeps its point, 3.0 is no 3.
std::string text_of(double number) {
  const std::string text = fmt::format("{}", number);
  const bool looks_whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return looks_whole ? text + ".0" : text;
}

/// What a message says was found.
std::string describe(const toml::node& value) {
  if (const auto* text = value.as_string()) return fmt::format("\"{}\"", text->get());
  if (const auto* number = value.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = value.as_floating_point()) return text_of(number->get());
  if (const auto* boolean = value.as_boolean()) return fmt::format("{}", boolean->get());
  if (const auto* list = value.as_array()) return list->empty() ? "an empty list" : "a list";
  return value.is_table() ? "a table" : "a date or time";
}

/// What the command line would say: numbers and strings are not taken for each other.
std::string argument_of(const CLI::Option& option, const toml::node& value) {
  const bool wants_number = option.get_type_name().starts_with("NUMBER");
  if (wants_number) {
    if (const auto* number = value.as_integer()) return fmt::format("{}", number->get());
    if (const auto* number = value.as_floating_point()) return text_of(number->get());
  } else if (const auto* text = value.as_string()) {
    return text->get();
  }
  xtape::fail<Error>("expected {}, got {}", wants_number ? "a number" : "a string",
                     describe(value));
}

/// A flag that takes no value may have two names, of which `key` is one: --x and --no-x.
void set_switch(CLI::Option& option, const std::string& key, const toml::node& value) {
  const auto* on = value.as_boolean();
  require<Error>(on != nullptr, "expected true or false, got {}", describe(value));
  option.add_result(option.get_flag_value(key, on->get() ? "true" : "false"));
}

void set(CLI::Option& option, const std::string& key, const toml::node& value) {
  const auto* list = value.as_array();
  if (option.get_expected_max() == 0) {
    set_switch(option, key, value);
  } else if (list != nullptr && !list->empty() && option.get_items_expected_max() > 1) {
    for (const toml::node& element : *list) {
      option.add_result(argument_of(option, element));
    }
  } else {
    option.add_result(argument_of(option, value));
  }
  option.run_callback();
}

/// The option that a key sets. What asks for a text or another file is no setting.
CLI::Option& find_option(CLI::App& app, const std::string& key, const toml::node& value) {
  require<Error>(!value.is_table(), "expected no sections and tables");
  CLI::Option* option = app.get_option_no_throw("--" + key);
  require<Error>(option != nullptr && option->get_configurable(),
                 "unknown; {} --help lists what can be set", app.get_name());
  return *option;
}

toml::table parse(const std::string& file) {
  const std::string text = xtape::nn::read_file(file, max_bytes);
  try {
    return toml::parse(std::string_view(text));
  } catch (const toml::parse_error& error) {
    xtape::fail<Error>("{}: line {}: {}", file, error.source().begin.line,
                       xtape::nn::printable(std::string(error.description())));
  }
}

/// Which key of the file sets an option.
using Keys = std::map<const CLI::Option*, std::string>;

void set_from_file(CLI::App& app, const std::string& key, const toml::node& value, Keys& keys) {
  CLI::Option& option = find_option(app, key, value);
  const auto [other, first] = keys.emplace(&option, key);
  require<Error>(first, "set as {}, too", other->second);
  if (!option.empty()) return;  // the command line comes first
  try {
    set(option, key, value);
  } catch (const CLI::Error& error) {
    const std::string message = error.what(), flag = option.get_name() + ": ";
    xtape::fail<Error>("{}", message.substr(message.starts_with(flag) ? flag.size() : 0));
  }
}

}  // namespace

void read_config(CLI::App& app, const std::string& file) {
  Keys keys;
  for (const auto& [key, value] : parse(file)) {
    try {
      set_from_file(app, std::string(key.str()), value, keys);
    } catch (const Error& error) {
      xtape::fail<Error>("{}: line {}: {}", file, value.source().begin.line,
                         xtape::nn::printable(fmt::format("{}: {}", key.str(), error.what())));
    }
  }
}

}  // namespace cli
