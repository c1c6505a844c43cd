#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/data/dataset.hpp"

namespace xtape::nn {

/// Whether pictures are read in colour, (rows, columns, 3), or as shades of grey, (rows, columns).
enum class PngColours { rgb, grey };

/// What a folder of pictures holds.
struct PngFolder {
  Dataset data;                          ///< Bytes; the targets are class labels.
  std::vector<std::string> class_names;  ///< What each label stands for: the names of the folders.
  std::vector<std::filesystem::path> files;  ///< The file of each sample.
};

/// Reads the pictures of a folder that has a folder for each class: `folder`/cat/1.png. Classes and
/// the files in each come in the order of their names. What begins with a dot, and files that do
/// not end in .png, are left out. Part of the component xtape::png.
///
/// Throws DataError, one line that names the file, if there are no pictures, a class has none, one
/// cannot be read, or two differ in size.
PngFolder read_png_folder(const std::filesystem::path& folder,
                          PngColours colours = PngColours::rgb);

}  // namespace xtape::nn
