#include "nn/data/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t most_header = 1 << 16;

/// Reads the Python dict literal of a header, of which only these entries are known:
/// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class Header {
 public:
  Header(std::string_view text, const std::string& file) : text_(text), file_(file) {
    expect('{');
    while (!accept('}')) {
      entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    require<DataError>(at_ == text_.size() && descr && fortran_order && shape,
                       "{}: its header is not the dict of an array", file_);
  }

  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;

 private:
  void entry() {
    const std::string key = string();
    expect(':');
    if (key == "descr") {
      descr = string();
    } else if (key == "fortran_order") {
      fortran_order = boolean();
    } else if (key == "shape") {
      shape = tuple();
    } else {
      fail<DataError>("{}: its header has the key {}", file_, in_quotes(key));
    }
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
      ++at_;
    }
  }

  bool accept(char c) {
    skip_space();
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there;
    return there;
  }

  void expect(char c) {
    require<DataError>(accept(c), "{}: expected '{}' at character {} of its header", file_, c, at_);
  }

  std::string string() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') {
      expect('\'');  // a list stands here for an array of records
    }
    const std::size_t end = text_.find(quote, at_);
    require<DataError>(end != std::string_view::npos, "{}: a string of its header does not end",
                       file_);
    const std::string result(text_.substr(at_, end - at_));
    at_ = end + 1;
    return result;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail<DataError>("{}: expected True or False at character {} of its header", file_, at_);
  }

  Shape tuple() {
    std::vector<std::size_t> extents;
    expect('(');
    while (!accept(')')) {
      std::size_t extent = 0;
      const char* const end = text_.data() + text_.size();
      const auto [rest, error] = std::from_chars(text_.data() + at_, end, extent);
      require<DataError>(error == std::errc{} && extents.size() < max_rank,
                         "{}: its header has no shape of at most {} axes", file_, max_rank);
      extents.push_back(extent);
      at_ = static_cast<std::size_t>(rest - text_.data());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return {extents.begin(), extents.end()};
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
};

/// The rest of a file after its header.
struct Elements {
  const InputFile& file;
  std::uint64_t begin;
  std::size_t count;
  Shape sample;

  /// The elements, which are of type E, as samples of that type.
  template <class E>
  Samples read() const {
    return {load<E>(), sample};
  }

  /// The elements, which are of type E, as samples of 64-bit integers.
  template <class E>
  Samples read_integers() const {
    return convert<E>([this](E element, std::size_t i) {
      require<DataError>(std::in_range<std::int64_t>(element), "{}: element {} is {}, too large",
                         file.name(), i, element);
      return static_cast<std::int64_t>(element);  // NOLINT(bugprone-signed-char-misuse)
    });
  }

  /// The elements, which are bools, as samples of 0 and 1. NumPy takes every byte but 0 for true.
  Samples read_bools() const {
    return convert<std::uint8_t>(
        [](std::uint8_t element, std::size_t) { return std::int64_t{element != 0}; });
  }

 private:
  template <class E>
  Buffer<E> load() const {
    const std::uint64_t bytes = file.size() - begin;
    require<DataError>(bytes % sizeof(E) == 0 && bytes / sizeof(E) == count,
                       "{}: the header promises {} elements of {} bytes, but {} bytes follow",
                       file.name(), count, sizeof(E), bytes);
    Buffer<E> elements(count);
    const std::size_t found = file.read_at(begin, std::as_writable_bytes(std::span(elements)));
    require<DataError>(found == bytes, "{}: ends within its elements", file.name());
    return elements;
  }

  template <class E, class Integer>
  Samples convert(Integer integer) const {
    const Buffer<E> elements = load<E>();
    Buffer<std::int64_t> kept(count);
    for (std::size_t i = 0; i < count; ++i) {
      kept[i] = integer(elements[i], i);
    }
    return {std::move(kept), sample};
  }
};

using ReadElements = Samples (Elements::*)() const;

/// How elements of each type are read.
const std::map<std::string, ReadElements, std::less<>> types{
    {"|u1", &Elements::read<std::uint8_t>},
    {"<f4", &Elements::read<float>},
    {"<f8", &Elements::read<double>},
    {"<i8", &Elements::read<std::int64_t>},
    {"|b1", &Elements::read_bools},
    {"|i1", &Elements::read_integers<std::int8_t>},
    {"<i2", &Elements::read_integers<std::int16_t>},
    {"<i4", &Elements::read_integers<std::int32_t>},
    {"<u2", &Elements::read_integers<std::uint16_t>},
    {"<u4", &Elements::read_integers<std::uint32_t>},
    {"<u8", &Elements::read_integers<std::uint64_t>}};

/// The text of the header; `begin` is set to its end.
std::string read_header(const InputFile& file, std::uint64_t& begin) {
  std::array<std::uint8_t, 12> start{};
  const std::size_t found = file.read_at(0, std::as_writable_bytes(std::span(start)));
  require<DataError>(found >= 10 && std::memcmp(start.data(), "\x93NUMPY", 6) == 0,
                     "{}: does not begin as a .npy file", file.name());
  const unsigned version = start[6];
  require<DataError>(version >= 1 && version <= 3, "{}: is of .npy version {}, expected 1 to 3",
                     file.name(), version);
  std::size_t length = start[8] | std::size_t{start[9]} << 8;
  if (version > 1) {
    length |= std::size_t{start[10]} << 16 | std::size_t{start[11]} << 24;
  }
  begin = (version > 1 ? 12 : 10) + length;
  require<DataError>(length <= most_header && begin <= file.size(),
                     "{}: promises a header of {} bytes, expected at most {} within the file",
                     file.name(), length, most_header);
  std::string text(length, '\0');
  file.read_at(begin - length, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace

Samples read_npy(const std::filesystem::path& path) {
  const InputFile file(path, "a .npy file");
  std::uint64_t begin = 0;
  const std::string text = read_header(file, begin);
  const Header header(text, file.name());
  const auto type = types.find(*header.descr);
  require<DataError>(type != types.end(),
                     "{}: holds elements of type {}, expected numbers such as "
                     "'<f4' or '|u1'",
                     file.name(), in_quotes(*header.descr));
  const Shape& shape = *header.shape;
  require<DataError>(!*header.fortran_order || shape.size() < 2,
                     "{}: is in Fortran order: save numpy.ascontiguousarray of it", file.name());
  const auto count = xtape::detail::count_elements(shape);
  require<DataError>(!shape.empty() && count,
                     "{}: has the shape {}, expected an array (samples, ...)", file.name(), shape);
  const Shape sample(shape.begin() + 1, shape.end());
  require<DataError>(xtape::detail::count_elements(sample).value_or(0) > 0,
                     "{}: has the shape {}, whose samples are empty", file.name(), shape);
  return (Elements{file, begin, *count, sample}.*type->second)();
}

}  // namespace xtape::nn
