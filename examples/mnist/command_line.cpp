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
void require_needed(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    for (const CLI::Option* needed : option->get_needs()) {
      xtape::require<xtape::Error>(option->empty() || !needed->empty(), "{} requires {}",
                                   option->get_name(), needed->get_name());
    }
  }
}

}  // namespace

void parse(CLI::App& app, const Arguments& arguments) {
  std::string config;
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
      require_needed(app);
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
