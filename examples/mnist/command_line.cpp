#include "examples/mnist/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "examples/mnist/config.hpp"
#include "examples/mnist/output.hpp"
#include "tensor/version.hpp"

namespace mnist {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  complain(message);
  std::exit(2);
}

/// CLI11 checks this too, but only of what the command line says.
void require_consistent(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
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

}  // namespace

void parse(CLI::App& app, const Arguments& arguments) {
  std::string config;
  app.option_defaults()->group("Options");
  app.add_option("--config", config, "TOML file of flags without dashes, as in epochs = 3")
      ->type_name("FILE")
      ->configurable(false);
  app.get_help_ptr()->configurable(false);
  app.set_version_flag("--version", std::string("mnist (xtape ") + xtape::version() + ")")
      ->configurable(false);
  try {
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes the last one first
    if (!config.empty()) {
      read_config(app, config);
      require_consistent(app);
    }
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text);
    fmt::print("{}", text.str());
    flush_output();
    std::exit(0);
  } catch (const CLI::ExtrasError&) {
    refuse(fmt::format("{}: unknown; {} --help lists the flags", app.remaining().front(),
                       app.get_name()));
  } catch (const std::exception& error) {
    refuse(error.what());
  }
}

}  // namespace mnist
