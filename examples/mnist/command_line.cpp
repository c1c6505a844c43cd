#include "examples/mnist/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "examples/mnist/output.hpp"
#include "tensor/version.hpp"

namespace mnist {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  fmt::print(stderr, "mnist: {}\n", message);
  std::exit(2);
}

}  // namespace

void parse(CLI::App& app, const Arguments& arguments) {
  app.set_version_flag("--version", std::string("mnist (xtape ") + xtape::version() + ")");
  try {
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes the last one first
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text);
    fmt::print("{}", text.str());
    flush_output();
    std::exit(0);
  } catch (const CLI::ExtrasError&) {
    refuse(fmt::format("{}: unknown; {} --help lists the flags", app.remaining().front(),
                       app.get_name()));
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
}

}  // namespace mnist
