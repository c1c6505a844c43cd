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
  return target.transposes ? reversed(target.shape) : target.shape;
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

/// Throws DataError, which names the first number that the target may not hold.
template <class T>
void require_numbers(const SafetensorsFile& file, const TensorTarget& target) {
  const bool signs = target.numbers != Numbers::finite_and_not_negative;
  const std::span numbers(reinterpret_cast<const T*>(target.bytes.data()),
                          target.bytes.size() / sizeof(T));
  const auto wrong = std::find_if(numbers.begin(), numbers.end(), [=](T number) {
    return !std::isfinite(number) || (number < 0 && !signs);
  });
  if (wrong != numbers.end()) {
    fail<DataError>("{}: tensor {} holds {} at element {}, expected finite numbers{}", file.name(),
                    in_quotes(target.key), *wrong, wrong - numbers.begin(),
                    signs ? "" : " of at least 0");
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
  if (target.transposes) {
    bytes = transposed(bytes, tensor.shape);
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

Shape reversed(const Shape& shape) {
  Shape result = shape;
  std::reverse(result.begin(), result.end());
  return result;
}

Buffer<std::byte> transposed(std::span<const std::byte> matrix, const Shape& shape) {
  Buffer<std::byte> result(matrix.size());
  const std::size_t rows = shape[0], columns = shape[1];
  const std::size_t element = matrix.empty() ? 0 : matrix.size() / (rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::memcpy(result.data() + (column * rows + row) * element,
                  matrix.data() + (row * columns + column) * element, element);
    }
  }
  return result;
}

}  // namespace xtape::nn
