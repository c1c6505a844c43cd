#include <fmt/format.h>

#include "examples/mnist/commands.hpp"
#include "examples/mnist/data/inspect.hpp"
#include "examples/mnist/data/locate.hpp"
#include "examples/mnist/download_progress.hpp"
#include "examples/mnist/output.hpp"

namespace mnist {

namespace {

/// Prints a line about each file. Returns whether all are as published.
bool list_files(const Location& location) {
  bool all_right = true;
  for (const DataFile& file : location.dataset->files) {
    const Inspection there = inspect(location.folder, file);
    all_right = all_right && there.right();
    if (there.right()) {
      print_output("{:26}  {:8} bytes  SHA-256 {} as published\n", there.path.filename().string(),
                   file.bytes, file.sha256);
    } else {
      print_output("{:26}  {}\n", file.name, there.found() ? there.problem : "missing");
    }
  }
  return all_right;
}

int run(const Arguments& arguments) {
  const auto options = parse_options<DataOptions>(data_command, arguments);
  if (options.dataset == "synthetic") {
    print_output("synthetic digits are drawn by the program: there are no files\n");
    flush_output();
    return 0;
  }
  const Location location = locate(options, download_progress());
  require_found(location);
  for (const std::string& problem : location.corrected) {
    complain(problem + "; it has been downloaded anew");
  }
  print_output("{} in {}\n", location.dataset->title, location.folder.string());
  const bool all_right = list_files(location);
  flush_output();
  return all_right ? 0 : 1;
}

}  // namespace

const Command data_command{"data", "Fetch a data set, verify it, and say where it is",
                           "Exit status 1 when a file is missing or has another content than the "
                           "published one. Examples:\n"
                           "  mnist data\n"
                           "  mnist data --dataset fashion --offline\n",
                           run};

}  // namespace mnist
