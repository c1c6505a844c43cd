#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/onnx/model.hpp"

/// @file
/// What a model computes, for batches of any size.

namespace xtape::nn::onnx {

/// The names of the arrays of a model, by their addresses.
using Names = std::map<const void*, std::string>;

/// A call of a model.
template <class T>
using ModelCall = std::function<Variable<T>(Variable<T>)>;

/// An extent: `count`, or `count` times the size of the batch.
struct Extent {
  std::size_t count;  ///< The number or the factor.
  bool of_batch;      ///< True if the extent grows with the batch.

  /// Returns whether both are equal.
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// A recorded value.
struct Step {
  std::size_t index = 0;                          ///< Its number on the tape.
  std::string op;                                 ///< The op that computed it, or its kind of leaf.
  std::string place;                              ///< Its place in the model, or empty.
  std::vector<std::size_t> inputs{};              ///< The numbers of the operands.
  std::vector<Extent> shape{};                    ///< Its shape.
  std::span<const Attribute> attributes{};        ///< The attributes of the op.
  std::span<const Attribute> attributes_again{};  ///< The attributes for the other batch.
  std::string name{};                             ///< The name of an array of the model, or empty.
  std::span<const std::byte> bytes{};             ///< The elements of a leaf other than the input.

  /// True for the input of the model.
  bool is_input() const { return index == 0; }

  /// True for a leaf that is always the same.
  bool is_constant() const { return inputs.empty() && !is_input(); }

  /// Throws ValueError with the op, its place and the reason why it cannot be exported.
  [[noreturn]] void refuse(const std::string& reason) const;

  /// Returns the extent of an axis. Throws ValueError if it grows with the batch.
  std::size_t extent(std::size_t axis) const;

  /// Returns whether the op has an attribute.
  bool has(std::string_view attribute) const;

  /// Returns an attribute. Throws ValueError if it differs between batches of different sizes.
  template <class Value>
  Value get(std::string_view attribute) const {
    return std::get<Value>(value(attribute));
  }

  /// Returns the value of an attribute for either batch, without a comparison.
  ///@{
  std::int64_t first_number(std::string_view attribute) const;
  std::int64_t second_number(std::string_view attribute) const;
  ///@}

 private:
  const Attribute::Value& value(std::string_view attribute) const;
};

/// The sizes of the batches that are recorded.
///@{
inline constexpr std::size_t first_batch = 2;
inline constexpr std::size_t second_batch = 3;
///@}

/// A model recorded under NoGrad with a batch of two samples and with one of three. What is equal
/// in both is so for every batch.
template <class T>
class Recording {
 public:
  /// Calls the model for batches of samples of this shape. Exceptions of the model pass through.
  /// Throws ValueError, with the op and its place, if the batches are computed in different ways,
  /// or if the result does not depend on the input.
  Recording(const ModelCall<T>& call, const Shape& sample, const Names& names);

  /// Returns the values that the result depends on, in an order in which they can be computed. The
  /// first is the input, and the last is the result.
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::size_t record(Tape<T>& tape, const ModelCall<T>& call, const Shape& sample,
                     std::size_t batch);
  std::vector<bool> needed_for(std::size_t output) const;
  Step step_of(std::size_t index, const Names& names) const;

  Tape<T> first_, second_;
  std::vector<Step> steps_;
};

extern template class Recording<float>;
extern template class Recording<double>;

}  // namespace xtape::nn::onnx
