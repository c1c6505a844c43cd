#include "examples/mnist/config.hpp"

#include <filesystem>
#include <fstream>

#include "tensor/error.hpp"

namespace mnist {
namespace {

using xtape::Error;
using xtape::require;

/// The option that `item` sets. What asks for a text or another file is no setting.
CLI::Option& find_option(CLI::App& app, const CLI::ConfigItem& item, const std::string& file) {
  CLI::Option* option = item.parents.empty() ? app.get_option_no_throw("--" + item.name) : nullptr;
  require<Error>(option != nullptr && option->get_configurable(),
                 "{}: {}: unknown; {} --help lists what can be set", file, item.fullname(),
                 app.get_name());
  return *option;
}

void set(CLI::Option& option, const CLI::ConfigItem& item) {
  const bool is_flag = option.get_expected_max() == 0;
  if (is_flag) {
    const std::string value = item.inputs.size() == 1 ? item.inputs[0] : "a list";
    require<Error>(value == "true" || value == "false", "{}: expected true or false, got {}",
                   item.name, value);
    option.add_result(value);
  } else {
    require<Error>(option.get_items_expected_max() > 1 || item.inputs.size() == 1,
                   "{}: expected one value, got {}", item.name, item.inputs.size());
    option.add_result(item.inputs);
  }
  option.run_callback();
}

/// CLI11's message begins with the flag's name, with dashes.
std::string without_dashes(std::string message) {
  message.erase(0, message.find_first_not_of('-'));
  return message;
}

}  // namespace

void read_config(CLI::App& app, const std::string& file) {
  std::ifstream stream;
  if (std::filesystem::is_regular_file(file)) {  // opening a named pipe would wait for its writer
    stream.open(file);
  }
  require<Error>(stream.is_open(), "{}: cannot read this file", file);
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    xtape::fail<Error>("{}: {}", file, error.what());
  }
  for (const CLI::ConfigItem& item : items) {
    if (item.name == "++") {
      xtape::fail<Error>("{}: [{}]: expected no sections", file, item.parents.front());
    }
    CLI::Option& option = find_option(app, item, file);
    if (!option.empty()) continue;
    try {
      set(option, item);
    } catch (const std::exception& error) {
      xtape::fail<Error>("{}: {}", file, without_dashes(error.what()));
    }
  }
}

}  // namespace mnist
