#pragma once

#include <stdlib.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

/// A new folder among the system's temporary files. It is removed with its content at the end of
/// the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "xtape-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), name);
    }
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file of these bytes, replaces an existing one, and returns its path.
  template <class Byte>
  std::filesystem::path write(std::string_view name, const Byte* bytes, std::size_t count) const {
    static_assert(sizeof(Byte) == 1);
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(count));
    file.close();
    if (!file) {
      throw std::runtime_error("cannot write " + (path_ / name).string());
    }
    return path_ / name;
  }
  template <class Bytes>
  std::filesystem::path write(std::string_view name, const Bytes& bytes) const {
    return write(name, bytes.data(), bytes.size());
  }
  std::filesystem::path write(std::string_view name, const char* text) const {
    return write(name, std::string_view(text));
  }

  /// Returns the names of the files and folders in it.
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

 private:
  std::filesystem::path path_;
};
