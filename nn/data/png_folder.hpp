#pragma once

#include "tensor/hide_macros.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "nn/data/dataset.hpp"

namespace xtape::nn {

/// The colours of the pictures: rgb (rows, columns, 3), or shades of grey (rows, columns).
enum class PngColours { rgb, grey };

/// The content of a folder of pictures.
struct PngFolder {
  Dataset data;                              ///< The pictures as bytes, and their labels.
  std::vector<std::string> class_names;      ///< The class of each label: the names of the folders.
  std::vector<std::filesystem::path> files;  ///< The file of each sample.
};

/// Reads the pictures of a folder that has a folder for each class: `folder`/cat/1.png. Classes,
/// and the files of a class, are sorted by name. Names that begin with a dot, and files that do not
/// end in .png, are left out. This function is part of the component xtape::png.
///
/// Throws DataError, with the name of the file or folder, if the folder or a class has no pictures.
/// The same error reports a picture that cannot be read, or two pictures of different sizes.
PngFolder read_png_folder(const std::filesystem::path& folder,
                          PngColours colours = PngColours::rgb);

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
