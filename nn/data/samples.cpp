#include "nn/data/samples.hpp"

#include <algorithm>

#include "tensor/parallel.hpp"

namespace xtape::nn {
namespace {

/// Writes elements as numbers; bytes become byte / 255.
template <class E, class T>
void convert(const E* in, std::size_t count, T* out) {
  constexpr bool bytes = std::same_as<E, std::uint8_t>;
  const T factor = bytes ? static_cast<T>(1 / 255.) : T(1);
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = bytes ? static_cast<T>(in[i]) * factor : static_cast<T>(in[i]);
  }
}

}  // namespace

const char* Samples::name_of(Type type) {
  switch (type) {
    case Type::byte:
      return "bytes";
    case Type::integer:
      return "64-bit integers";
    case Type::single:
      return "floats";
    default:
      return "doubles";
  }
}

std::size_t Samples::count_sample() const {
  const std::size_t count = element_count(shape_, "Samples");
  require<ShapeError>(count > 0, "Samples: a sample {} holds no elements", shape_);
  return count;
}

void Samples::count_samples(std::size_t elements) {
  require<ShapeError>(elements % sample_size_ == 0,
                      "Samples: {} elements do not make whole samples {}", elements, shape_);
  size_ = elements / sample_size_;
}

Samples Samples::slice(std::size_t first, std::size_t count) const {
  require<ValueError>(first <= size_ && count <= size_ - first,
                      "Samples: there are no {} samples from {} on, only {} in all", count, first,
                      size_);
  Samples part = *this;
  part.size_ = count;
  visit([&](auto elements) { part.data_ = elements.data() + first * sample_size_; });
  return part;
}

Samples Samples::reshape(Shape shape) const {
  Samples result = *this;
  result.shape_ = std::move(shape);
  require<ShapeError>(result.count_sample() == sample_size_,
                      "Samples: a sample {} does not reshape to {}", shape_, result.shape_);
  return result;
}

Samples Samples::gather(std::span<const std::size_t> rows) const {
  return visit([&]<class E>(std::span<const E> elements) {
    Buffer<E> copy(rows.size() * sample_size_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      require<ValueError>(rows[i] < size_, "Samples: there is no sample {} of {}", rows[i], size_);
      std::copy_n(elements.data() + rows[i] * sample_size_, sample_size_,
                  copy.data() + i * sample_size_);
    }
    return Samples(std::move(copy), shape_);
  });
}

Samples::operator Indices() const {
  require<ValueError>(are_integers(), "Samples: {} are no class labels", name_of(type_));
  return is<std::uint8_t>() ? Indices(as<std::uint8_t>()) : Indices(as<std::int64_t>());
}

template <class T>
void Samples::write(std::size_t index, T* out) const {
  visit([&](auto elements) { convert(elements.data() + index * sample_size_, sample_size_, out); });
}

void Samples::prefetch(std::size_t index) const {
  constexpr std::size_t line = 64, most = 64 * line;  // the rest comes by itself
  visit([&]<class E>(std::span<const E> elements) {
    const auto* bytes = reinterpret_cast<const char*>(elements.data() + index * sample_size_);
    for (std::size_t i = 0; i < std::min(sample_size_ * sizeof(E), most); i += line) {
      __builtin_prefetch(bytes + i);
    }
  });
}

template <class T>
void Samples::operator()(Array<T>& out) const {
  Shape shape{size_};
  shape.insert(shape.end(), shape_.begin(), shape_.end());
  resize(out, shape, "Samples");
  parallel(size_, 1, out.size(), [&, numbers = out.data()](std::size_t i, std::size_t end) {
    for (; i < end; ++i) {
      write(i, numbers + i * sample_size_);
    }
  });
}

#define XTAPE_INSTANTIATE(T)                           \
  template void Samples::write(std::size_t, T*) const; \
  template void Samples::operator()(Array<T>& out) const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
