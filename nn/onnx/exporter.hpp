#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/onnx/model.hpp"
#include "nn/onnx/recording.hpp"

/// @file
/// Turns recorded values into calls of ONNX's operators.

namespace xtape::nn::onnx {

/// Whole numbers: a shape, axes, or an order of axes.
using Numbers = std::vector<std::int64_t>;

/// Returns an extent or a position as the files have it.
inline std::int64_t signed_of(std::size_t number) { return static_cast<std::int64_t>(number); }

/// The order of the axes of an image or a sequence. ONNX's operators on images take the channels
/// first, as (batch, channels, height, width).
enum class Order {
  plain,           ///< The order on the tape: (batch, height, width, channels).
  channels_first,  ///< The last axis behind the first one.
};

/// Returns where axis `axis` of `rank` axes is in an order.
std::size_t placed(std::size_t axis, std::size_t rank, Order order);

/// Builds the model. Each value exists in the order in which it is made, and in the other one from
/// the first time that an operator asks for it. So a chain of operators on images has transposes
/// only at its ends. Constants are written in the order that is asked for.
class Exporter {
 public:
  /// Takes the values, the type of their elements, and the name of the input.
  Exporter(std::span<const Step> steps, Type type, const std::string& input);
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  /// Returns the model, with the result of the last step under this name. Throws ValueError, with
  /// the op and its place, if an op has no counterpart. Tensors may refer to memory of the exporter
  /// and of the steps.
  Model run(const std::string& output);

  /// Returns operand `i` of a step.
  const Step& operand(const Step& step, std::size_t i) const { return at(step.inputs.at(i)); }

  /// Returns the order in which a value was made.
  Order order_of(const Step& step) const { return forms_.at(step.index).made; }

  /// Returns the name of a tensor with the value, in an order. With fewer than three axes, the
  /// orders are the same.
  std::string in(const Step& step, Order order);

  /// Returns the name of a tensor with all elements in the order of the tape, of whatever shape.
  std::string elements(const Step& step);

  /// Returns the name of a tensor with the axes of a value in another order, such as weights (out,
  /// in, height, width).
  std::string permuted(const Step& step, const Numbers& axes);

  /// Returns the name of a tensor with the value, to be broadcast against `rank` axes in an order.
  std::string beside(const Step& step, std::size_t rank, Order order);

  /// Adds a call for a step, and returns the name of its result.
  std::string call(const Step& step, const char* type, std::vector<std::string> inputs,
                   std::vector<Argument> arguments = {});

  /// Says that a tensor has the value of a step, in an order.
  void make(const Step& step, const std::string& tensor, Order order = Order::plain);

  /// Returns the type of the elements of the input.
  Type type() const { return model_.input.type; }

  /// Return the name of a constant. In order: whole numbers, a whole number without axes, a number
  /// of the model's type, an array of the same number, and an array of floats for Resize.
  ///@{
  std::string numbers(const Numbers& list);
  std::string whole(std::int64_t number);
  std::string number(double value);
  std::string filled(const Numbers& shape, double value);
  std::string floats(const std::vector<float>& list);
  ///@}

  /// Returns a shape in an order, for Reshape: -1 stands for the extent that grows with the batch.
  /// Throws ValueError, with the op of the step, if there are two.
  static Numbers shape_of(const Step& step, Order order = Order::plain);

 private:
  /// The names of the tensors of a value, or empty.
  struct Forms {
    std::string plain, channels_first;
    Order made = Order::plain;
  };

  const Step& at(std::size_t index) const { return *steps_by_index_.at(index); }
  std::string unique(const std::string& wanted);
  std::string constant(const Step& step, const Numbers& axes, const Numbers& shape);
  std::string shared(const std::string& content, Type type, const Numbers& shape,
                     std::span<const std::byte> bytes);
  void name_result(const std::string& output);

  std::span<const Step> steps_;
  std::map<std::size_t, const Step*> steps_by_index_;
  std::map<std::size_t, Forms> forms_;
  std::map<std::string, std::string> shared_;  // the names of constants, by their content
  std::set<std::string> names_;
  std::deque<std::vector<std::byte>> memory_;
  Model model_;
};

/// Returns the axes in an order, from those of `rank` axes on the tape.
Numbers axes_in(Order order, std::size_t rank);

}  // namespace xtape::nn::onnx
