#include "nn/data/idx.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nn/data/gzip.hpp"
#include "nn/io/files.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

using Bytes = Buffer<std::uint8_t>;

/// The bytes of a file one after another.
class RawSource {
 public:
  explicit RawSource(const InputFile& file) : file_(file) {}

  std::size_t read(std::span<std::uint8_t> out) {
    const std::size_t count = file_.read_at(position_, std::as_writable_bytes(out));
    position_ += count;
    return count;
  }

  void expect_size(const Shape& shape, std::uint64_t promised) const {
    require<DataError>(promised == file_.size(),
                       "{}: the header promises {}, a file of {} bytes, but it has {}",
                       file_.name(), shape, promised, file_.size());
  }

  void expect_end() {}

 private:
  const InputFile& file_;
  std::uint64_t position_ = 0;
};

/// The content of a gzip file.
class GzipSource {
 public:
  explicit GzipSource(const InputFile& file) : file_(file), content_(file) {}

  std::size_t read(std::span<std::uint8_t> out) { return content_.read(out); }

  /// Refuses a promise that the file cannot keep before memory is allocated for it. Deflate packs
  /// at most 1032 bytes into one. The last four bytes of a gzip file of one member are the unpacked
  /// size modulo 2^32. If they are not what is promised, the content is unpacked once to count it:
  /// the file may have several members, or zeros at its end.
  void expect_size(const Shape& shape, std::uint64_t promised) const {
    require<DataError>(promised / 1032 <= file_.size(),
                       "{}: the header promises {}, {} bytes unpacked, more than a gzip file of {} "
                       "bytes can hold",
                       file_.name(), shape, promised, file_.size());
    if (recorded_size() != static_cast<std::uint32_t>(promised)) {
      const std::uint64_t found = count_up_to(promised + 1);
      require<DataError>(found <= promised, "{}: unpacks to more than the header promises",
                         file_.name());
      require<DataError>(found == promised,
                         "{}: the header promises {}, {} bytes unpacked, but the gzip file holds "
                         "{}",
                         file_.name(), shape, promised, found);
    }
  }

  void expect_end() { content_.expect_end(); }

 private:
  /// The last four bytes of the file as a number.
  std::uint32_t recorded_size() const {
    std::array<std::uint8_t, 4> trailer{};
    file_.read_at(file_.size() - std::min<std::uint64_t>(file_.size(), 4),
                  std::as_writable_bytes(std::span(trailer)));
    std::uint32_t recorded = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      recorded |= std::uint32_t{trailer[i]} << (8 * i);
    }
    return recorded;
  }

  /// Counts the bytes of the content, and stops at `most`.
  std::uint64_t count_up_to(std::uint64_t most) const {
    detail::GzipReader content(file_);
    std::array<std::uint8_t, 1 << 14> buffer{};
    std::uint64_t total = 0;
    for (std::size_t found = 1; found > 0 && total < most; total += found) {
      const std::uint64_t step = std::min<std::uint64_t>(most - total, buffer.size());
      found = content.read(std::span(buffer).first(static_cast<std::size_t>(step)));
    }
    return total;
  }

  const InputFile& file_;
  detail::GzipReader content_;
};

const char* type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "unsigned byte";
    case 0x09:
      return "signed byte";
    case 0x0b:
      return "16-bit integer";
    case 0x0c:
      return "32-bit integer";
    case 0x0d:
      return "float";
    case 0x0e:
      return "double";
    default:
      return "unknown";
  }
}

template <class Source>
Shape read_header(Source& source, const std::string& name, std::size_t rank) {
  std::vector<std::uint8_t> header(4 + 4 * rank);
  const std::size_t count = source.read(header);
  if (count >= 4) {
    require<DataError>(header[0] == 0 && header[1] == 0,
                       "{}: begins with {:02x} {:02x} {:02x} {:02x}, expected 00 00 08 {:02x}, the "
                       "magic of an IDX file",
                       name, header[0], header[1], header[2], header[3], rank);
    require<DataError>(header[2] == 0x08,
                       "{}: holds elements of type 0x{:02x} ({}), expected 0x08 (unsigned byte)",
                       name, header[2], type_name(header[2]));
    require<DataError>(header[3] == rank, "{}: has {} axes, expected {}", name, header[3], rank);
  }
  require<DataError>(count == header.size(), "{}: ends after {} bytes, expected a header of {}",
                     name, count, header.size());
  Shape shape(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    for (std::size_t i = 0; i < 4; ++i) {
      shape[axis] = shape[axis] << 8 | header[4 + 4 * axis + i];
    }
  }
  return shape;
}

/// The product of the extents. Throws DataError unless it is above 0 and can be counted together
/// with the bytes of a header.
std::size_t count_elements(const Shape& shape, const std::string& name) {
  const std::size_t limit = std::numeric_limits<std::size_t>::max() - 1024;
  std::size_t count = 1;
  for (std::size_t extent : shape) {
    require<DataError>(extent > 0, "{}: the header promises {}, which is empty", name, shape);
    require<DataError>(count <= limit / extent,
                       "{}: the header promises {}, more bytes than can be counted", name, shape);
    count *= extent;
  }
  return count;
}

template <class Source>
Samples read_samples(Source&& source, const std::string& name, std::size_t rank) {
  const Shape shape = read_header(source, name, rank);
  const std::size_t count = count_elements(shape, name);
  source.expect_size(shape, 4 + 4 * rank + count);
  Bytes bytes(count);
  const std::size_t found = source.read(bytes);
  require<DataError>(found == count, "{}: ends after {} of the {} bytes of {}", name, found, count,
                     shape);
  source.expect_end();
  return {std::move(bytes), Shape(shape.begin() + 1, shape.end())};
}

/// The file in `folder` called `stem`, '-' or '.', `ending`, with or without ".gz".
fs::path find_file(const fs::path& folder, const std::string& stem, const std::string& ending) {
  std::string tried;
  for (const char* compression : {"", ".gz"}) {
    for (const char* separator : {"-", "."}) {
      const std::string name = stem + separator + ending + compression;
      std::error_code error;
      if (fs::status(folder / name, error).type() != fs::file_type::not_found) {
        return folder / name;
      }
      tried += (tried.empty() ? "" : ", ") + name;
    }
  }
  fail<DataError>("{}: none of {} is in this folder", folder.string(), tried);
}

void require_labels_below(std::size_t classes, const Dataset& data, const fs::path& path) {
  const Indices labels = data.targets;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require<DataError>(static_cast<std::size_t>(labels[i]) < classes,
                       "{}: label {} of item {}, expected 0 to {}", path.string(), labels[i], i,
                       classes - 1);
  }
}

}  // namespace

Samples read_idx(const fs::path& path, std::size_t rank) {
  require<ValueError>(rank > 0, "read_idx: expected at least one axis, that of the samples");
  const InputFile file(path, "an IDX file");
  require<DataError>(file.size() > 0, "{}: is empty, expected an IDX file", file.name());
  return detail::is_gzip(file) ? read_samples(GzipSource(file), file.name(), rank)
                               : read_samples(RawSource(file), file.name(), rank);
}

Dataset read_dataset(const fs::path& images_path, const fs::path& labels_path) {
  const Samples labels = read_idx(labels_path, 1), images = read_idx(images_path, 3);
  require<DataError>(images.size() == labels.size(), "{}: holds {} images, but {} holds {} labels",
                     images_path.string(), images.size(), labels_path.string(), labels.size());
  const auto bytes = labels.as<std::uint8_t>();
  return {images, std::vector<std::int64_t>(bytes.begin(), bytes.end())};
}

Mnist read_mnist(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  require<DataError>(status.type() != fs::file_type::not_found, "{}: no such folder",
                     folder.string());
  require<DataError>(fs::is_directory(status), "{}: is not a folder", folder.string());
  const fs::path train_images = find_file(folder, "train-images", "idx3-ubyte");
  const fs::path train_labels = find_file(folder, "train-labels", "idx1-ubyte");
  const fs::path test_images = find_file(folder, "t10k-images", "idx3-ubyte");
  const fs::path test_labels = find_file(folder, "t10k-labels", "idx1-ubyte");
  Mnist mnist{read_dataset(train_images, train_labels), read_dataset(test_images, test_labels)};
  require_labels_below(10, mnist.train, train_labels);
  require_labels_below(10, mnist.test, test_labels);
  const Shape &wanted = mnist.train.features.shape(), &found = mnist.test.features.shape();
  require<DataError>(same_shape(found, wanted),
                     "{}: images of {} x {}, but {} holds images of {} x {}", test_images.string(),
                     found[0], found[1], train_images.string(), wanted[0], wanted[1]);
  return mnist;
}

}  // namespace xtape::nn
