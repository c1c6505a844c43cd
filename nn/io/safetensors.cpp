#include "nn/io/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint64_t greatest_header = 2 << 20;
constexpr std::size_t greatest_rank = 64;
constexpr const char* metadata_key = "__metadata__";

/// Returns the size of an element in bytes, or nothing if the dtype is unknown or narrower than a
/// byte.
std::optional<std::size_t> element_size(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, std::size_t>, 17> sizes{{{"BOOL", 1},
                                                                                   {"U8", 1},
                                                                                   {"I8", 1},
                                                                                   {"F8_E5M2", 1},
                                                                                   {"F8_E4M3", 1},
                                                                                   {"F8_E8M0", 1},
                                                                                   {"U16", 2},
                                                                                   {"I16", 2},
                                                                                   {"F16", 2},
                                                                                   {"BF16", 2},
                                                                                   {"U32", 4},
                                                                                   {"I32", 4},
                                                                                   {"F32", 4},
                                                                                   {"U64", 8},
                                                                                   {"I64", 8},
                                                                                   {"F64", 8},
                                                                                   {"C64", 8}}};
  const auto* found = std::find_if(sizes.begin(), sizes.end(),
                                   [&](const auto& each) { return each.first == dtype; });
  return found == sizes.end() ? std::nullopt : std::optional(found->second);
}

/// Returns the size of a tensor in bytes, or nothing if it overflows.
std::optional<std::uint64_t> byte_count(const Shape& shape, std::size_t element) {
  std::uint64_t count = element;
  for (const std::uint64_t extent : shape) {
    if (extent != 0 && count > std::numeric_limits<std::uint64_t>::max() / extent) {
      return std::nullopt;
    }
    count *= extent;
  }
  return count;
}

/// Reads a header as a stream of parser events. The first unexpected event is an error, so nesting
/// is never deeper than the format allows.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}

  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) override {
    if (depth_ >= 2 || array_) {
      refuse("an object");
    }
    ++depth_;
    return true;
  }

  bool key(std::string& key) override {
    if (depth_ == 1) {
      in_metadata_ = key == metadata_key;
      require<DataError>(
          in_metadata_ ? !std::exchange(metadata_seen_, true) : tensors.count(key) == 0,
          "{}: the key {} comes twice in the header", file_, in_quotes(key));
      tensor_ = {};
      outer_ = std::move(key);
    } else {
      inner_ = std::move(key);
    }
    return true;
  }

  bool string(std::string& value) override {
    if (depth_ == 2 && in_metadata_) {
      require<DataError>(metadata.emplace(inner_, std::move(value)).second,
                         "{}: the key {} comes twice in the metadata", file_, in_quotes(inner_));
    } else if (depth_ == 2 && inner_ == "dtype" && !array_) {
      set(tensor_.dtype, std::move(value));
    } else {
      refuse("a string");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    const bool expected =
        depth_ == 2 && !in_metadata_ && (inner_ == "shape" || inner_ == "data_offsets");
    if (!expected || array_) {
      refuse("an array");
    }
    array_ = Shape{};
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (!array_) {
      refuse("a number");
    }
    require<DataError>(array_->size() < greatest_rank, "{}: tensor {}: {} of more than {} numbers",
                       file_, in_quotes(outer_), inner_, greatest_rank);
    array_->push_back(value);
    return true;
  }

  bool end_array() override {
    set(inner_ == "shape" ? tensor_.shape : tensor_.offsets, std::move(*array_));
    array_.reset();
    return true;
  }

  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) {
      finish_tensor();
    }
    return true;
  }

  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("a boolean"); }
  bool number_integer(std::int64_t) override { refuse("a negative number"); }
  bool number_float(double, const std::string&) override { refuse("a fraction"); }
  bool binary(binary_t&) override { refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    fail<DataError>("{}: the header is no JSON from its byte {} on", file_, position);
  }

 private:
  struct Fields {
    std::optional<std::string> dtype;
    std::optional<Shape> shape, offsets;
  };

  template <class Value>
  void set(std::optional<Value>& field, Value value) {
    require<DataError>(!field, "{}: tensor {}: {} comes twice", file_, in_quotes(outer_), inner_);
    field = std::move(value);
  }

  [[noreturn]] void refuse(const char* what) const {
    if (depth_ == 1) {
      fail<DataError>("{}: {} is {}, expected an object", file_, in_quotes(outer_), what);
    }
    if (in_metadata_) {
      fail<DataError>("{}: metadata {} is {}, expected a string", file_, in_quotes(inner_), what);
    }
    fail<DataError>(
        "{}: tensor {}: {} {} {}, expected dtype (a string), shape and data_offsets "
        "(lists of whole numbers)",
        file_, in_quotes(outer_), in_quotes(inner_), array_ ? "holds" : "is", what);
  }

  void finish_tensor() {
    const auto& [dtype, shape, offsets] = tensor_;
    const std::string name = in_quotes(outer_);
    require<DataError>(dtype && shape && offsets, "{}: tensor {}: has no {}", file_, name,
                       !dtype   ? "dtype"
                       : !shape ? "shape"
                                : "data_offsets");
    require<DataError>(offsets->size() == 2, "{}: tensor {}: {} data_offsets, expected 2", file_,
                       name, offsets->size());
    const auto element = element_size(*dtype);
    require<DataError>(element.has_value(), "{}: tensor {}: unknown dtype {}", file_, name,
                       in_quotes(*dtype));
    const auto size = byte_count(*shape, *element);
    require<DataError>(size.has_value(), "{}: tensor {}: {} has more bytes than can be counted",
                       file_, name, *shape);
    const std::uint64_t begin = (*offsets)[0], end = (*offsets)[1];
    require<DataError>(begin <= end && end - begin == *size,
                       "{}: tensor {}: {} {} is {} bytes, but its data_offsets are {} to {}", file_,
                       name, *dtype, *shape, *size, begin, end);
    tensors.emplace(std::move(outer_), StoredTensor{*dtype, *shape, begin, *size});
  }

  const std::string& file_;
  std::size_t depth_ = 0;
  bool in_metadata_ = false;
  bool metadata_seen_ = false;
  std::string outer_, inner_;  // the keys that lead to the current value
  std::optional<Shape> array_;
  Fields tensor_;
};

/// Replaces line breaks and tabs between tokens by spaces. The parser's errors repeat the
/// whitespace before them, with eight letters for each control character.
void blank_out_whitespace(std::string& json) {
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') {
      in_string = !in_string;
    } else if (json[i] == '\\' && in_string) {
      ++i;
    } else if (!in_string && (json[i] == '\n' || json[i] == '\r' || json[i] == '\t')) {
      json[i] = ' ';
    }
  }
}

std::string read_header(const InputFile& file) {
  std::array<std::uint64_t, 1> length{};
  require<DataError>(
      file.size() >= 8 && file.read_at(0, std::as_writable_bytes(std::span(length))) == 8,
      "{}: is {} bytes, too short for a safetensors file", file.name(), file.size());
  require<DataError>(length[0] <= file.size() - 8,
                     "{}: promises a header of {} bytes, but is {} bytes in all", file.name(),
                     length[0], file.size());
  require<DataError>(length[0] <= greatest_header,
                     "{}: has a header of {} bytes, more than the {} that are read", file.name(),
                     length[0], greatest_header);
  std::string header(length[0], '\0');
  require<DataError>(file.read_at(8, std::as_writable_bytes(std::span(header))) == header.size(),
                     "{}: ends within its header", file.name());
  require<DataError>(header.starts_with('{'), "{}: its header does not begin with '{{'",
                     file.name());
  return header;
}

/// Throws unless the tensors, in the order of their bytes, fill the `size` bytes after the header.
void require_no_holes(const std::string& file, const std::map<std::string, StoredTensor>& tensors,
                      std::uint64_t size) {
  using Entry = const std::pair<const std::string, StoredTensor>*;
  std::vector<Entry> order;
  order.reserve(tensors.size());
  for (const auto& each : tensors) {
    order.push_back(&each);
  }
  std::sort(order.begin(), order.end(), [](Entry a, Entry b) {
    return std::pair(a->second.begin, a->second.size) < std::pair(b->second.begin, b->second.size);
  });
  std::uint64_t end = 0;
  for (const Entry each : order) {
    const StoredTensor& tensor = each->second;
    require<DataError>(tensor.begin == end, "{}: tensor {}: begins at byte {}, expected {}: {}",
                       file, in_quotes(each->first), tensor.begin, end,
                       tensor.begin < end ? "tensors overlap" : "there is a hole before it");
    end += tensor.size;
    require<DataError>(end <= size, "{}: tensor {}: ends at byte {}, but the file has {} for all",
                       file, in_quotes(each->first), end, size);
  }
  require<DataError>(end == size, "{}: {} bytes follow its last tensor", file, size - end);
}

/// Returns the header for `tensors` in this order.
std::string make_header(const std::vector<TensorView>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) {
    header[metadata_key] = metadata;
  }
  std::uint64_t begin = 0;
  for (const TensorView& tensor : tensors) {
    const std::uint64_t end = begin + tensor.bytes.size();
    header[tensor.key] = {
        {"dtype", tensor.dtype},
        {"shape", std::vector<std::size_t>(tensor.shape.begin(), tensor.shape.end())},
        {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

void require_writable(const std::string& file, const std::vector<TensorView>& tensors) {
  std::map<std::string_view, int> keys{{metadata_key, 1}};
  for (const TensorView& tensor : tensors) {
    require<ValueError>(keys[tensor.key]++ == 0, "{}: a second tensor with the key {}", file,
                        in_quotes(tensor.key));
    const auto element = element_size(tensor.dtype);
    require<ValueError>(element && byte_count(tensor.shape, *element) == tensor.bytes.size(),
                        "{}: tensor {}: {} bytes are no {} {}", file, in_quotes(tensor.key),
                        tensor.bytes.size(), tensor.dtype, tensor.shape);
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : file_(path, "a safetensors file") {
  std::string header = read_header(file_);
  data_begin_ = 8 + header.size();
  header.erase(header.find_last_not_of(' ') + 1);
  // The parser takes a zero byte for the end.
  require<DataError>(header.find('\0') == std::string::npos, "{}: its header holds a zero byte",
                     name());
  blank_out_whitespace(header);
  HeaderReader reader(name());
  nlohmann::json::sax_parse(header, &reader);
  require_no_holes(name(), reader.tensors, file_.size() - data_begin_);
  tensors_ = std::move(reader.tensors);
  metadata_ = std::move(reader.metadata);
}

void SafetensorsFile::read(const StoredTensor& tensor, std::span<std::byte> out) const {
  require<ShapeError>(out.size() == tensor.size, "{}: a tensor of {} bytes does not fit in {}",
                      name(), tensor.size, out.size());
  require<DataError>(file_.read_at(data_begin_ + tensor.begin, out) == out.size(),
                     "{}: became shorter while it was read", name());
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string file = path.string();
  require_writable(file, tensors);
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return *element_size(a.dtype) > *element_size(b.dtype);
  });
  std::string header;
  try {
    header = make_header(tensors, metadata);
  } catch (const nlohmann::json::exception& error) {
    fail<ValueError>("{}: a key or text is no UTF-8: {}", file, error.what());
  }
  require<ValueError>(header.size() <= greatest_header,
                      "{}: the header would be {} bytes, more than {}", file, header.size(),
                      greatest_header);
  const std::uint64_t length = header.size();
  std::vector<std::string_view> parts{{reinterpret_cast<const char*>(&length), sizeof length},
                                      header};
  for (const TensorView& tensor : tensors) {
    parts.emplace_back(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  write_file(path, parts);
}

std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (c < 0x20 || c == 0x7f) {
      text[i] = '?';
    } else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F in UTF-8
      text.replace(i, 2, "?");
    }
  }
  return text;
}

std::string in_quotes(std::string_view text) {
  const std::size_t most = 100;
  return fmt::format("'{}{}'", printable(std::string(text.substr(0, most))),
                     text.size() > most ? "..." : "");
}

}  // namespace xtape::nn
