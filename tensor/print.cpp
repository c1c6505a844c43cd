#include "tensor/print.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <type_traits>
#include <vector>

namespace xtape {
namespace {

constexpr std::size_t most_elements = 1000;  // that are all shown
constexpr std::size_t edge = 3;              // elements at each end of an axis that is cut
constexpr std::size_t line_width = 100;      // characters of a line, without its last comma
constexpr std::size_t ellipsis = std::numeric_limits<std::size_t>::max();

template <class T>
std::string text_of(const T& number, int precision) {
  if constexpr (is_nested_dual<T>) {
    return fmt::format("{}+({})e", text_of(number.value, precision),
                       text_of(number.tangent, precision));
  } else if constexpr (is_dual<T>) {
    return fmt::format("{:.{}g}{:+.{}g}e", number.value, precision, number.tangent, precision);
  } else {
    return fmt::format("{:.{}g}", number, precision);
  }
}

template <class T>
std::string name_of_type() {
  const std::string real = std::is_same_v<Real<T>, float> ? "float" : "double";
  if constexpr (is_nested_dual<T>) {
    return "Dual<Dual<" + real + ">>";
  } else if constexpr (is_dual<T>) {
    return "Dual<" + real + ">";
  } else {
    return real;
  }
}

/// Writes the elements of an array with at least one axis and one element.
template <class T>
class Printer {
 public:
  Printer(const Array<T>& array, int precision) : array_(array), precision_(precision) {
    measure(0, 0);
  }

  /// Returns the elements in brackets.
  std::string text() {
    write(0, 0);
    return text_;
  }

 private:
  std::string number(std::size_t offset) const {
    return text_of<T>(array_.data()[offset], precision_);
  }

  /// Returns the places that are shown of an axis, with `ellipsis` for those that are not.
  std::vector<std::size_t> shown(std::size_t axis) const {
    const std::size_t extent = array_.shape()[axis];
    const bool cut = array_.size() > most_elements && extent > 2 * edge;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < extent; ++i) {
      if (!cut || i < edge || i >= extent - edge) {
        places.push_back(i);
      } else if (i == edge) {
        places.push_back(ellipsis);
      }
    }
    return places;
  }

  std::size_t offset_of(std::size_t axis, std::size_t offset, std::size_t place) const {
    return offset * array_.shape()[axis] + place;
  }

  /// Finds the width of the widest element. `offset` counts the rows before along outer axes.
  void measure(std::size_t axis, std::size_t offset) {
    for (const std::size_t place : shown(axis)) {
      if (place == ellipsis) {
        continue;
      }
      const std::size_t inner = offset_of(axis, offset, place);
      if (axis + 1 == array_.dimension()) {
        width_ = std::max(width_, number(inner).size());
      } else {
        measure(axis + 1, inner);
      }
    }
  }

  void write(std::size_t axis, std::size_t offset) {
    if (axis + 1 == array_.dimension()) {
      write_row(axis, offset);
      return;
    }
    const std::size_t inner_axes = array_.dimension() - axis - 1;
    const std::string separator =
        fmt::format(",{}{}", std::string(inner_axes, '\n'), std::string(axis + 1, ' '));
    text_ += '[';
    for (const char* before = ""; const std::size_t place : shown(axis)) {
      text_ += before;
      before = separator.c_str();
      if (place == ellipsis) {
        text_ += "...";
      } else {
        write(axis + 1, offset_of(axis, offset, place));
      }
    }
    text_ += ']';
  }

  /// Writes the elements along the last axis, on several lines if there are many.
  void write_row(std::size_t axis, std::size_t offset) {
    std::size_t column = axis + 1;
    text_ += '[';
    for (const char* before = ""; const std::size_t place : shown(axis)) {
      const std::string element =
          place == ellipsis ? "..."
                            : fmt::format("{:>{}}", number(offset_of(axis, offset, place)), width_);
      text_ += before;
      if (column > axis + 1 && column + element.size() > line_width) {
        text_.back() = '\n';
        text_.append(axis + 1, ' ');
        column = axis + 1;
      }
      text_ += element;
      column += element.size() + 2;
      before = ", ";
    }
    text_ += ']';
  }

  const Array<T>& array_;
  int precision_;
  std::size_t width_ = 0;
  std::string text_;
};

}  // namespace

template <class T>
std::string to_string(const Array<T>& array, int precision) {
  const std::string head = fmt::format("{} {}", array.shape(), name_of_type<T>());
  if (!detail::is_whole(array)) {
    return head + " without elements (moved from)";
  }
  if (array.size() == 0) {
    return head + " []";
  }
  if (array.dimension() == 0) {
    return head + ' ' + text_of<T>(array.data()[0], precision);
  }
  const std::string elements = Printer<T>(array, precision).text();
  const bool one_line = array.dimension() == 1 && elements.find('\n') == std::string::npos;
  return head + (one_line ? ' ' : '\n') + elements;
}

template <class T>
std::ostream& operator<<(std::ostream& out, const Array<T>& array) {
  return out << to_string(array, static_cast<int>(out.precision()));
}

#define XTAPE_INSTANTIATE(T)                            \
  template std::string to_string(const Array<T>&, int); \
  template std::ostream& operator<<(std::ostream&, const Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
