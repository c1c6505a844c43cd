#include "examples/cli/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <utility>

#include "examples/cli/config.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/validators.hpp"
#include "nn/io/safetensors.hpp"
#include "tensor/version.hpp"

namespace cli {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  complain(message);
  std::exit(2);
}

/// While it lives, the options of an app require nothing of each other. CLI11 would check that
/// before the config file is read, which may have what the command line lacks.
class WithoutRequirements {
 public:
  explicit WithoutRequirements(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
      all_.push_back({option, option->get_required(), option->get_needs(), option->get_excludes()});
    }
    for (const Requirements& each : all_) {
      each.option->required(false);
      for (CLI::Option* other : each.needs) each.option->remove_needs(other);
      for (CLI::Option* other : each.excludes) each.option->remove_excludes(other);
    }
  }
  WithoutRequirements(const WithoutRequirements&) = delete;
  WithoutRequirements& operator=(const WithoutRequirements&) = delete;
  ~WithoutRequirements() {
    for (const Requirements& each : all_) {
      each.option->required(each.required);
      for (CLI::Option* other : each.needs) each.option->needs(other);
      for (CLI::Option* other : each.excludes) each.option->excludes(other);
    }
  }

 private:
  struct Requirements {
    CLI::Option* option;
    bool required;
    std::set<CLI::Option*> needs, excludes;
  };
  std::vector<Requirements> all_;
};

/// True if the option is given. A switch that is off, as by `resume = false`, is not.
bool is_given(const CLI::Option& option) {
  if (option.empty() || option.get_expected_max() > 0) {
    return !option.empty();
  }
  const std::string& value = option.results().back();
  const bool on = value == "true" || value == "on" || value == "yes" || value == "1";
  xtape::require<xtape::Error>(
      on || value == "false" || value == "off" || value == "no" || value == "0",
      "{}: expected true or false, got '{}'", option.get_name(), xtape::nn::printable(value));
  return on;
}

/// What CLI11 would check.
void require_consistent(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool given = is_given(*option);
    xtape::require<xtape::Error>(!option->get_required() || given, "{} is required",
                                 option->get_name());
    if (!given) continue;
    for (const CLI::Option* other : option->get_needs()) {
      xtape::require<xtape::Error>(is_given(*other), "{} requires {}", option->get_name(),
                                   other->get_name());
    }
    for (const CLI::Option* other : option->get_excludes()) {
      xtape::require<xtape::Error>(!is_given(*other), "{} excludes {}", option->get_name(),
                                   other->get_name());
    }
  }
}

/// Returns the option that takes a value and that the argument "--flag" or "--flag=value" names, or
/// null.
const CLI::Option* option_with_value(const CLI::App& app, const std::string& argument) {
  const auto* option = argument.starts_with("--")
                           ? app.get_option_no_throw(argument.substr(0, argument.find('=')))
                           : nullptr;
  return option != nullptr && option->get_expected_max() > 0 ? option : nullptr;
}

/// Throws Error if the value of an option is another flag. Its user forgot the value.
void require_no_flag(const CLI::App& app, const CLI::Option& option, const std::string& value) {
  const bool flag = value.starts_with("--") &&
                    app.get_option_no_throw(value.substr(0, value.find('='))) != nullptr;
  xtape::require<xtape::Error>(!flag, "{}: expected a value, got the flag {}", option.get_name(),
                               value);
}

/// Throws Error if an item of a list is empty, as in "4,,4". CLI11 leaves such items out.
void require_no_empty_item(const CLI::Option& option, const std::string& value) {
  xtape::require<xtape::Error>(option.get_delimiter() != ',' || value.empty() ||
                                   (',' + value + ',').find(",,") == std::string::npos,
                               "{}: an item of '{}' is empty", option.get_name(),
                               xtape::nn::printable(value));
}

/// Makes two arguments of "--save=": CLI11 would take the next argument for the value. Throws Error
/// if a value is missing.
Arguments split_empty_values(const CLI::App& app, const Arguments& arguments) {
  Arguments result;
  auto argument = arguments.begin();
  for (; argument != arguments.end() && *argument != "--"; ++argument) {
    const CLI::Option* option = option_with_value(app, *argument);
    const std::size_t equals = argument->find('=');
    if (option == nullptr) {
      result.push_back(*argument);
    } else if (equals == std::string::npos) {
      result.push_back(*argument);
      if (argument + 1 != arguments.end() && *(argument + 1) != "--") {
        ++argument;
        require_no_flag(app, *option, *argument);
        require_no_empty_item(*option, *argument);
        result.push_back(*argument);
      }
    } else if (equals + 1 == argument->size()) {
      result.insert(result.end(), {argument->substr(0, equals), ""});
    } else {
      require_no_empty_item(*option, argument->substr(equals + 1));
      result.push_back(*argument);
    }
  }
  result.insert(result.end(), argument, arguments.end());
  return result;
}

/// Reads the command line, then the file that it names for --config, to which `config` is bound.
void read_flags(CLI::App& app, const Arguments& arguments, const std::string& config) {
  const WithoutRequirements until_all_is_read(app);
  Arguments reversed = split_empty_values(app, arguments);
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes the last one first
  app.parse(std::move(reversed));
  if (!config.empty()) {
    read_config(app, config);
  }
}

}  // namespace

void parse(CLI::App& app, const Arguments& arguments) {
  std::string config;
  app.option_defaults()->group("Options");
  takes_file(
      app.add_option("--config", config, "TOML file of flags without dashes, as in epochs = 3"))
      ->configurable(false);
  app.get_help_ptr()->configurable(false);
  app.set_version_flag("--version", fmt::format("{} (xtape {})", program_name(), xtape::version()))
      ->configurable(false);
  try {
    read_flags(app, arguments, config);
    require_consistent(app);
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text);
    print_output("{}", text.str());
    flush_output();
    std::exit(0);
  } catch (const CLI::ExtrasError&) {
    refuse(fmt::format("{}: unknown; {} --help lists the flags", app.remaining().front(),
                       app.get_name()));
  } catch (const std::exception& error) {
    refuse(error.what());
  }
}

}  // namespace cli
