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

/// What CLI11 would check.
void require_consistent(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    xtape::require<xtape::Error>(!option->get_required() || !option->empty(), "{} is required",
                                 option->get_name());
    if (option->empty()) continue;
    for (const CLI::Option* other : option->get_needs()) {
      xtape::require<xtape::Error>(!other->empty(), "{} requires {}", option->get_name(),
                                   other->get_name());
    }
    for (const CLI::Option* other : option->get_excludes()) {
      xtape::require<xtape::Error>(other->empty(), "{} excludes {}", option->get_name(),
                                   other->get_name());
    }
  }
}

/// Makes two arguments of "--save=": CLI11 would take the next argument for the value.
Arguments split_empty_values(const CLI::App& app, const Arguments& arguments) {
  Arguments result;
  auto argument = arguments.begin();
  for (; argument != arguments.end() && *argument != "--"; ++argument) {
    const std::string flag = argument->substr(0, argument->find('='));
    const auto* option = flag.starts_with("--") ? app.get_option_no_throw(flag) : nullptr;
    if (option != nullptr && option->get_expected_max() > 0 && *argument == flag + '=') {
      result.insert(result.end(), {flag, ""});
    } else {
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
