#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include "tensor/array.hpp"
#include "tensor/indices.hpp"

namespace xtape::nn {

/// The types of the elements of samples. Bytes are pixels, and integers are labels or tokens.
template <class E>
concept SampleElement = std::same_as<E, std::uint8_t> || std::same_as<E, std::int64_t> ||
    std::same_as<E, float> || std::same_as<E, double>;

/// The features or the targets of a dataset. All samples have the same shape and the same element
/// type.
///
/// Copies and slices share the elements, which never change. So they cost no copy of the elements,
/// and may outlive the original.
class Samples {
 public:
  /// Creates an object without samples.
  Samples() = default;

  /// Takes `elements`, sample by sample, each row-major with this `shape`: `Samples(labels)`,
  /// `Samples(pixels, {28, 28})`. A container that is moved in is not copied. Any other range is
  /// copied. Integers of other types become std::int64_t. Throws ValueError for an integer of 2^63
  /// and above. Throws ShapeError if the elements do not form whole samples, or if a sample has no
  /// elements.
  template <std::ranges::contiguous_range R>
  requires std::is_arithmetic_v<std::ranges::range_value_t<R>> &&
      (!requires(const R& range) { range.dimension(); })Samples(R&& elements, Shape shape = {})
      : shape_(std::move(shape)), sample_size_(count_sample()) {
    using E = std::ranges::range_value_t<R>;
    constexpr bool owns = !std::is_lvalue_reference_v<R> && !std::ranges::borrowed_range<R>;
    if constexpr (SampleElement<E> && owns) {
      keep(std::make_shared<const std::remove_cvref_t<R>>(std::forward<R>(elements)));
    } else {
      using Kept = std::conditional_t<SampleElement<E>, E, std::int64_t>;
      static_assert(SampleElement<E> || std::integral<E>, "long double is no element of samples");
      Buffer<Kept> copy(std::ranges::size(elements));
      for (std::size_t i = 0; i < copy.size(); ++i) {
        const E element = std::ranges::data(elements)[i];
        if constexpr (std::is_unsigned_v<E> && sizeof(E) == sizeof(Kept)) {
          require<ValueError>(element <= static_cast<E>(std::numeric_limits<Kept>::max()),
                              "Samples: {} does not fit in 64 bits", element);
        }
        copy[i] = static_cast<Kept>(element);
      }
      keep(std::make_shared<const Buffer<Kept>>(std::move(copy)));
    }
  }

  /// Takes an array whose element i along the first axis is sample i. Throws ShapeError if the
  /// array is a scalar or was moved from, or if a sample has no elements.
  template <SampleElement E>
  Samples(Array<E> array) {
    require_whole("Samples", array);
    require<ShapeError>(array.dimension() > 0, "Samples: expected an array (samples, ...), got {}",
                        array.shape());
    shape_ = Shape(array.shape().begin() + 1, array.shape().end());
    sample_size_ = count_sample();
    keep(std::make_shared<const Storage<E>>(std::move(array.storage())));
  }

  /// Returns the number of samples.
  std::size_t size() const { return size_; }

  /// Returns the shape of one sample: (28, 28), or () if a sample is one element.
  const Shape& shape() const { return shape_; }

  /// Returns the number of elements of one sample.
  std::size_t sample_size() const { return sample_size_; }

  /// True if the elements are of type E.
  template <SampleElement E>
  bool is() const {
    return type_ == type_of<E>;
  }

  /// True if the elements are integers or bytes, which can be read as Indices.
  bool are_integers() const { return is<std::uint8_t>() || is<std::int64_t>(); }

  /// Returns all elements, sample by sample. Throws ValueError if the elements are of another type.
  template <SampleElement E>
  std::span<const E> as() const {
    require<ValueError>(is<E>(), "Samples: the elements are {}, not {}", name_of(type_),
                        name_of(type_of<E>));
    return {static_cast<const E*>(data_), size_ * sample_size_};
  }

  /// Returns the elements of sample `index`. Throws ValueError if there is no such sample, or if
  /// the elements are of another type.
  template <SampleElement E>
  std::span<const E> sample(std::size_t index) const {
    require<ValueError>(index < size_, "Samples: there is no sample {} of {}", index, size_);
    return as<E>().subspan(index * sample_size_, sample_size_);
  }

  /// Calls `f(std::span<const E>)` with all elements and returns its result.
  template <class F>
  decltype(auto) visit(F&& f) const {
    switch (type_) {
      case Type::byte:
        return f(as<std::uint8_t>());
      case Type::integer:
        return f(as<std::int64_t>());
      case Type::single:
        return f(as<float>());
      case Type::real:
      default:  // for compilers that want a result after the switch
        return f(as<double>());
    }
  }

  /// Returns `count` samples, beginning with sample `first`. Throws ValueError if there are fewer.
  Samples slice(std::size_t first, std::size_t count) const;

  /// Returns the same elements as samples of another shape, such as images as rows. Throws
  /// ShapeError if a sample of `shape` has another number of elements.
  Samples reshape(Shape shape) const;

  /// Returns a copy of the samples `rows[0]`, `rows[1]` and so on. Throws ValueError if there is no
  /// such sample.
  Samples gather(std::span<const std::size_t> rows) const;

  /// Returns all elements as labels or tokens. Throws ValueError unless the elements are integers
  /// or bytes.
  operator Indices() const;

  /// Writes all samples to `out` (samples, ...). `tape.constant(data.features)` calls this
  /// operator. Bytes become byte / 255.
  template <class T>
  void operator()(Array<T>& out) const;

 private:
  friend class BatchSamples;
  enum class Type { byte, integer, single, real };

  template <class E>
  static constexpr Type type_of = std::same_as<E, std::uint8_t>   ? Type::byte
                                  : std::same_as<E, std::int64_t> ? Type::integer
                                  : std::same_as<E, float>        ? Type::single
                                                                  : Type::real;
  static const char* name_of(Type type);

  std::size_t count_sample() const;
  void count_samples(std::size_t elements);

  /// Writes the elements of one sample as numbers.
  template <class T>
  void write(std::size_t index, T* out) const;

  /// Brings the beginning of a sample into the cache.
  void prefetch(std::size_t index) const;

  template <class Container>
  void keep(std::shared_ptr<const Container> elements) {
    count_samples(std::ranges::size(*elements));
    data_ = std::ranges::data(*elements);
    type_ = type_of<std::ranges::range_value_t<Container>>;
    owner_ = std::move(elements);
  }

  // A move is a copy, so samples that were moved from are unchanged.
  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
  Type type_ = Type::byte;
  Shape shape_;
  std::size_t sample_size_ = 1;
  std::size_t size_ = 0;

 public:
  /// Copies share the elements. A move is a copy.
  ///@{
  Samples(const Samples&) = default;
  Samples& operator=(const Samples&) = default;
  ~Samples() = default;
  ///@}
};

}  // namespace xtape::nn
