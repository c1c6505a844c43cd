#include "examples/images/data.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "examples/cli/download_progress.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/validators.hpp"
#include "examples/cli/versions.hpp"
#include "nn/datasets/http.hpp"
#include "nn/datasets/inspect.hpp"
#include "tensor/error.hpp"

namespace images {

namespace datasets = xtape::nn::datasets;

namespace {

constexpr const char* synthetic_name = "synthetic";

CLI::Validator safe_url() {
  const auto check = [](const std::string& text) {
    try {
      datasets::require_safe_url(text);
      return std::string();
    } catch (const xtape::ValueError& error) {
      return std::string(error.what());
    }
  };
  return {check, ""};
}

DataSource synthetic(const Subject& subject, const std::string& notice) {
  return {synthetic_name, subject.drawn,  "drawn by the program",
          notice,         subject.draw(), subject.class_names};
}

/// Prints a line about each file. Returns whether all are as published.
bool list_files(const datasets::Location& location) {
  bool all_right = true;
  for (const datasets::DataFile& file : location.dataset->files) {
    const datasets::Inspection there = datasets::inspect(location.folder, file);
    all_right = all_right && there.right();
    if (there.right()) {
      cli::print_output("{:26}  {:8} bytes  SHA-256 {} as published\n",
                        there.path.filename().string(), file.bytes, file.sha256);
    } else {
      cli::print_output("{:26}  {}\n", file.name, there.found() ? there.problem : "missing");
    }
  }
  return all_right;
}

/// Returns the file or folder by which `folder` holds the data set in another form than the
/// published one, such as unpacked. Returns an empty path if all of it is as published, or nothing
/// is there.
std::filesystem::path other_form(const datasets::Location& location) {
  const std::filesystem::path& folder = location.folder;
  const auto& files = location.dataset->files;
  const bool published = std::any_of(files.begin(), files.end(), [&](const auto& file) {
    return datasets::inspect(folder, file).found();
  });
  for (const std::string& sign : location.dataset->signs) {
    std::error_code error;
    if (!published && std::filesystem::exists(folder / sign, error)) {
      return folder / sign;
    }
  }
  return {};
}

/// Reads the data, and prints a line about them. Throws DataError if a file is not sound.
void describe_other_form(const Subject& subject, const datasets::Location& location,
                         const std::filesystem::path& form) {
  const Data data = subject.read(location.folder);
  cli::print_output("{:26}  {} training and {} test images, not compared with {}\n",
                    form.filename().string(), data.train.size(), data.test.size(),
                    location.dataset->files.front().name);
}

}  // namespace

void add_flags(CLI::App& app, DataOptions& options) {
  const Subject& subject = *options.subject;
  std::vector<std::string> names = subject.datasets;
  app.option_defaults()->group("Data");
  const std::string about =
      fmt::format("{} or {}; default: {}, or {} where that is not found", fmt::join(names, ", "),
                  synthetic_name, names.front(), synthetic_name);
  names.emplace_back(synthetic_name);
  app.add_option("--dataset", options.dataset, about)->type_name("NAME")->check(cli::one_of(names));
  auto* folder = cli::takes_folder(
      app.add_option("--data", options.folder,
                     fmt::format("Folder of the {}{}; default: $XTAPE_DATA_DIR, else\n"
                                 "$XDG_CACHE_HOME/xtape/NAME or ~/.cache/xtape/NAME, filled by a "
                                 "download",
                                 subject.files, subject.formats)));
  auto* mirror = app.add_option("--mirror", options.mirror, "Folder to download from, as https://")
                     ->type_name("URL")
                     ->check(cli::not_empty("a URL that begins with https://"))
                     ->check(safe_url())
                     ->excludes(folder);
  app.add_flag("--offline", options.offline, "Never touch the network")->excludes(mirror);
  app.add_option("--timeout", options.timeout, "Seconds of silence before a server is given up")
      ->type_name("NUMBER")
      ->transform(cli::whole(1, 3600));
}

DataSource find_data(const DataOptions& options, const datasets::DownloadProgress& progress) {
  const Subject& subject = *options.subject;
  if (options.dataset == synthetic_name) {
    xtape::require<xtape::ValueError>(options.folder.empty(), "--data {}: {} need no folder",
                                      options.folder, subject.drawn);
    return synthetic(subject, "");
  }
  const datasets::Location location = datasets::locate(options, progress, subject.datasets);
  if (!location.folder.empty()) {
    std::string notice;
    for (const std::string& problem : location.corrected) {
      notice += fmt::format("{}: {}; it has been downloaded anew\n", subject.program, problem);
    }
    return {location.dataset->name,
            location.dataset->title,
            fmt::format("from {}", location.folder.string()),
            notice,
            subject.read(location.folder),
            location.dataset->class_names};
  }
  if (options.dataset) {
    datasets::require_found(location);
  }
  return synthetic(
      subject, fmt::format("{0}: {1} was not found: these are {2}, drawn by the program. Tried:\n"
                           "  {3}\nTo use {1}, name the folder of its {4} with --data.\n",
                           subject.program, location.dataset->title, subject.drawn,
                           fmt::join(location.tried, "\n  "), subject.files));
}

DataSource prepare(const DataOptions& options, const cli::RunOptions& run, bool verbose) {
  cli::set_threads(run);
  cli::set_precision(run);
  DataSource source =
      find_data(options, verbose ? cli::download_progress() : datasets::DownloadProgress());
  std::fputs(source.notice.c_str(), stderr);
  if (verbose) {
    const auto& [train, test] = source.data;
    cli::print_output("{}\n{} training and {} test images of {} x {} pixels {}\n\n",
                      cli::version_line(), train.size(), test.size(), train.features.shape()[0],
                      train.features.shape()[1], source.origin);
  }
  return source;
}

int run_data(const Subject& subject, const cli::Command& command, const cli::Arguments& arguments) {
  const auto options = cli::parse_options(command, arguments, DataOptions(subject));
  if (options.dataset == synthetic_name) {
    cli::print_output("{} are drawn by the program: there are no files\n", subject.drawn);
    cli::flush_output();
    return 0;
  }
  const datasets::Location location =
      datasets::locate(options, cli::download_progress(), subject.datasets);
  datasets::require_found(location);
  for (const std::string& problem : location.corrected) {
    cli::complain(problem + "; it has been downloaded anew");
  }
  cli::print_output("{} in {}\n", location.dataset->title, location.folder.string());
  bool all_right = true;
  if (const auto form = other_form(location); !form.empty()) {
    describe_other_form(subject, location, form);
  } else {
    all_right = list_files(location);
  }
  cli::flush_output();
  return all_right ? 0 : 1;
}

}  // namespace images
