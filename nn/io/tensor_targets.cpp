#include "nn/io/tensor_targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <set>
#include <type_traits>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

/// Returns the shape that the file must have.
Shape stored_shape(const TensorTarget& target) {
  return target.order.empty() ? target.shape : shape_in_pytorch(target.shape);
}

/// True if tensors of the file can be converted. PyTorch counts batches in an integer, a scalar.
bool is_number(const StoredTensor& found) {
  return found.dtype == "F32" || found.dtype == "F64" ||
         (found.dtype == "I64" && found.shape.empty());
}

/// Describes what is wrong with a tensor of the file. The text is empty if nothing is.
std::string difference(const StoredTensor& found, const TensorTarget& target) {
  const Shape shape = stored_shape(target);
  const bool right_type = found.dtype == target.dtype || (target.converts && is_number(found));
  if (right_type && same_shape(found.shape, shape)) {
    return "";
  }
  return fmt::format("{} is {} {}, expected {} {}", in_quotes(target.key), found.dtype, found.shape,
                     target.dtype, shape);
}

/// Writes the numbers of `in` to the memory of `target`, converted to its type.
template <class From, class To>
void convert(std::span<const std::byte> in, const SafetensorsFile& file,
             const TensorTarget& target) {
  const auto* from = reinterpret_cast<const From*>(in.data());
  auto* to = reinterpret_cast<To*>(target.bytes.data());
  for (std::size_t i = 0; i < in.size() / sizeof(From); ++i) {
    to[i] = static_cast<To>(from[i]);
    if constexpr (std::is_same_v<From, double>) {
      require<DataError>(std::isfinite(to[i]) || !std::isfinite(from[i]),
                         "{}: tensor {}: {} is too large for float", file.name(),
                         in_quotes(target.key), from[i]);
    }
  }
}

/// True if a tensor may hold `number`.
bool allows(Numbers numbers, double number) {
  constexpr double most_counted = 0x1p53;
  switch (numbers) {
    case Numbers::any:
      return true;
    case Numbers::finite:
      return std::isfinite(number);
    case Numbers::finite_and_not_negative:
      return std::isfinite(number) && number >= 0;
    case Numbers::counts:
      return number >= 0 && number <= most_counted && number == std::floor(number);
  }
  return false;
}

/// Describes the numbers that a tensor may hold, for a message.
const char* description(Numbers numbers) {
  switch (numbers) {
    case Numbers::any:
      break;
    case Numbers::finite:
      return "finite numbers";
    case Numbers::finite_and_not_negative:
      return "finite numbers of at least 0";
    case Numbers::counts:
      return "counts";
  }
  return "numbers";
}

/// Throws DataError, which names the first number that the target may not hold.
template <class T>
void require_numbers(const SafetensorsFile& file, const TensorTarget& target) {
  const std::span numbers(reinterpret_cast<const T*>(target.bytes.data()),
                          target.bytes.size() / sizeof(T));
  const auto wrong = std::find_if_not(numbers.begin(), numbers.end(), [&](T number) {
    return allows(target.numbers, static_cast<double>(number));
  });
  if (wrong != numbers.end()) {
    fail<DataError>("{}: tensor {} holds {} at element {}, expected {}", file.name(),
                    in_quotes(target.key), *wrong, wrong - numbers.begin(),
                    description(target.numbers));
  }
}

}  // namespace

std::string Problems::text() const {
  return count_ <= most_described ? text_
                                  : fmt::format("{}; and {} more", text_, count_ - most_described);
}

void require_same_tensors(const SafetensorsFile& file, std::span<const TensorTarget> targets) {
  Problems problems;
  std::set<std::string_view> wanted;
  for (const TensorTarget& target : targets) {
    wanted.insert(target.key);
    const auto found = file.tensors().find(target.key);
    if (found == file.tensors().end()) {
      problems.add([&] {
        return fmt::format("{} {} {} is missing", in_quotes(target.key), target.dtype,
                           stored_shape(target));
      });
    } else if (std::string problem = difference(found->second, target); !problem.empty()) {
      problems.add([&] { return problem; });
    }
  }
  for (const auto& found : file.tensors()) {
    if (wanted.count(found.first) == 0) {
      problems.add([&] {
        const auto& [key, tensor] = found;
        return fmt::format("{} {} {} is unexpected", in_quotes(key), tensor.dtype, tensor.shape);
      });
    }
  }
  require<DataError>(problems.none(), "{}: does not fit: {}", file.name(), problems.text());
}

void read_tensor(const SafetensorsFile& file, const TensorTarget& target) {
  const StoredTensor& tensor = file.tensors().at(target.key);
  Buffer<std::byte> bytes(tensor.size);
  file.read(tensor, bytes);
  if (!target.order.empty()) {
    bytes = from_pytorch(bytes, target.order);
  }
  if (tensor.dtype == target.dtype) {
    std::copy(bytes.begin(), bytes.end(), target.bytes.begin());
  } else if (tensor.dtype == "I64") {
    target.dtype == "F64" ? convert<std::int64_t, double>(bytes, file, target)
                          : convert<std::int64_t, float>(bytes, file, target);
  } else if (target.dtype == "F64") {
    convert<float, double>(bytes, file, target);
  } else {
    convert<double, float>(bytes, file, target);
  }
  if (target.numbers != Numbers::any) {
    target.dtype == "F64" ? require_numbers<double>(file, target)
                          : require_numbers<float>(file, target);
  }
}

Shape shape_in_pytorch(const Shape& shape) {
  Shape result{shape[shape.size() - 1], shape[shape.size() - 2]};
  result.insert(result.end(), shape.begin(), shape.end() - 2);
  return result;
}

namespace {

/// Returns an array (a, b, c) as (c, b, a).
Buffer<std::byte> reversed(std::span<const std::byte> bytes, std::size_t a, std::size_t b,
                           std::size_t c) {
  Buffer<std::byte> result(bytes.size());
  const std::size_t element = bytes.empty() ? 0 : bytes.size() / (a * b * c);
  for (std::size_t i = 0; i < a; ++i) {
    for (std::size_t j = 0; j < b; ++j) {
      for (std::size_t k = 0; k < c; ++k) {
        std::memcpy(result.data() + ((k * b + j) * a + i) * element,
                    bytes.data() + ((i * b + j) * c + k) * element, element);
      }
    }
  }
  return result;
}

/// Returns the product of all extents but the last two.
std::size_t windows_of(const Shape& shape) {
  return element_count(Shape(shape.begin(), shape.end() - 2));
}

}  // namespace

Buffer<std::byte> to_pytorch(std::span<const std::byte> array, const Shape& shape) {
  return reversed(array, windows_of(shape), shape[shape.size() - 2], shape[shape.size() - 1]);
}

Buffer<std::byte> from_pytorch(std::span<const std::byte> array, const Shape& shape) {
  return reversed(array, shape[shape.size() - 1], shape[shape.size() - 2], windows_of(shape));
}

}  // namespace xtape::nn
