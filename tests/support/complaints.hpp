#pragma once

#include <filesystem>
#include <string>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

/// Returns the words of the DataError of `read(path)` about the file: its message without the path
/// before it. Checks that there is such an error, and that its message is one line.
template <class Read>
std::string complaint_about(const std::filesystem::path& path, Read read) {
  std::string message = "(no DataError)";
  try {
    read(path);
  } catch (const xtape::DataError& error) {
    message = error.what();
  }
  const std::string name = path.string() + ": ";
  CAPTURE(message, name);
  REQUIRE(message.starts_with(name));
  CHECK(message.find('\n') == std::string::npos);
  return message.substr(name.size());
}

/// Returns the same of a file with this content.
template <class Content, class Read>
std::string complaint_about_file_of(const Content& content, Read read) {
  const TemporaryFolder folder;
  return complaint_about(folder.write("file", content), read);
}
