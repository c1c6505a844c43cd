#pragma once

#include <filesystem>
#include <functional>

namespace xtape::nn {

/// Checks that a program may replace the file at `path`: that it is missing or empty, or that
/// `holds(path)` is true. `content` says what the file should hold, such as "ONNX model". A program
/// calls the check before a long training, so that a wrong name does not cost a file of its user.
///
/// Throws ValueError if the file holds something else: "FILE exists and holds no ONNX model: remove
/// it, or name another file". A file for which `holds` throws DataError is such a file.
void require_replaceable(const std::filesystem::path& path, const char* content,
                         const std::function<bool(const std::filesystem::path&)>& holds);

}  // namespace xtape::nn
