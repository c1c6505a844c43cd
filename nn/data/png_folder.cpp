#include "nn/data/png_folder.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "nn/data/png.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

/// The entries of a folder that `wanted` takes, by name.
template <class Wanted>
std::vector<fs::path> entries(const fs::path& folder, Wanted wanted) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    const fs::path& path = i->path();
    if (path.filename().string().front() != '.' && wanted(*i)) {
      found.push_back(path);
    }
  }
  require<DataError>(!error, "{}: cannot be read: {}", folder.string(), error.message());
  std::sort(found.begin(), found.end());
  return found;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

bool is_png(const fs::directory_entry& entry) {
  const fs::path extension = entry.path().extension();
  return extension == ".png" || extension == ".PNG";
}

/// Pictures of one size, one after the other.
class Pictures {
 public:
  explicit Pictures(PngColours colours) : colours_(colours) {}

  void add(const fs::path& path) {
    if (colours_ == PngColours::grey) {
      add(path, read_png(path));
    } else {
      add(path, read_colour_png(path));
    }
  }

  Samples samples() && {
    Shape shape{rows_, columns_};
    if (colours_ == PngColours::rgb) {
      shape.push_back(3);
    }
    return {std::move(pixels_), std::move(shape)};
  }

 private:
  template <class Image>
  void add(const fs::path& path, const Image& image) {
    if (pixels_.empty()) {
      rows_ = image.rows, columns_ = image.columns, first_ = path;
    }
    require<DataError>(image.rows == rows_ && image.columns == columns_,
                       "{}: has {} x {} pixels, but {} has {} x {}", path.string(), image.columns,
                       image.rows, first_.string(), columns_, rows_);
    pixels_.insert(pixels_.end(), image.pixels.begin(), image.pixels.end());
  }

  PngColours colours_;
  std::size_t rows_ = 0, columns_ = 0;
  fs::path first_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

PngFolder read_png_folder(const fs::path& folder, PngColours colours) {
  PngFolder result;
  Pictures pictures(colours);
  std::vector<std::int64_t> labels;
  for (const fs::path& path : entries(folder, is_folder)) {
    const std::vector<fs::path> files = entries(path, is_png);
    require<DataError>(!files.empty(), "{}: holds no PNG files", path.string());
    for (const fs::path& file : files) {
      pictures.add(file);
      labels.push_back(static_cast<std::int64_t>(result.class_names.size()));
      result.files.push_back(file);
    }
    result.class_names.push_back(path.filename().string());
  }
  require<DataError>(!labels.empty(), "{}: holds no folders of PNG files", folder.string());
  result.data = {std::move(pictures).samples(), std::move(labels)};
  return result;
}

}  // namespace xtape::nn
