#include "nn/sequential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "autograd/scope.hpp"

namespace xtape::nn {
namespace {

using Row = std::array<std::string, 5>;

/// "101770" as "101,770".
std::string with_commas(std::size_t number) {
  const std::string digits = std::to_string(number);
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      result += ',';
    }
    result += digits[i];
  }
  return result;
}

/// The rows under one another, each column as wide as it must be, the last one aligned at its end.
std::string align(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string table;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      if (widths[i] > 0) {
        table += fmt::format("{:<{}}  ", row[i], widths[i]);
      }
    }
    table += fmt::format("{:>{}}\n", row.back(), widths.back());
  }
  return table;
}

/// The parameters of one layer: their shapes in words, and how many numbers they hold.
template <class T>
std::pair<std::string, std::size_t> describe_parameters(const Layer<T>& layer) {
  std::string shapes;
  for_each_parameter(layer, [&](const ParameterName& name, const Array<T>& array) {
    shapes += fmt::format("{}{} {}", shapes.empty() ? "" : ", ", name.str(), array.shape());
  });
  return {shapes, parameter_count(layer)};
}

/// "(batch, 128)" for an output (1, 128).
std::string batch_shape(const Shape& output) {
  std::string text = "(batch";
  for (std::size_t axis = 1; axis < output.size(); ++axis) {
    text += fmt::format(", {}", output[axis]);
  }
  return text + ")";
}

/// Calls layer `index`, adding its place in the model to what a ShapeError says, and telling it to
/// the tape.
template <class T>
Variable<T> call_layer(const Layer<T>& layer, std::size_t index, Variable<T> x) {
  const Scope scope{x.tape(),
                    [&, index] { return fmt::format("layer {} ({})", index, layer.describe()); }};
  try {
    return layer(x);
  } catch (const ShapeError& error) {
    const std::string name = layer.describe();
    std::string_view problem = error.what();
    if (problem.starts_with(name + ": ")) {
      problem.remove_prefix(name.size() + 2);
    }
    throw ShapeError(fmt::format("layer {} ({}): {}", index, name, problem));
  }
}

}  // namespace

template <class T>
Variable<T> Sequential<T>::operator()(Variable<T> x) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = call_layer(layers_[i], i, x);
  }
  return x;
}

template <class T>
std::string Sequential<T>::table(const std::optional<Shape>& input) const {
  std::vector<Row> rows{{"", "layer", input ? "output" : "", "parameters", "numbers"}};
  Tape<T> tape;
  NoGrad guard{tape};
  std::optional<Variable<T>> x;
  if (input) {
    Shape batch{1};
    std::copy(input->begin(), input->end(), std::back_inserter(batch));
    x = tape.constant(Array<T>(batch, T(0)));
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (x) {
      x = call_layer(layers_[i], i, *x);
    }
    const auto [shapes, count] = describe_parameters(layers_[i]);
    rows.push_back({std::to_string(i), layers_[i].describe(), x ? batch_shape(x->shape()) : "",
                    shapes, with_commas(count)});
  }
  rows.push_back({"", "total", "", "", with_commas(parameter_count(*this))});
  return align(rows);
}

template <class T>
std::ostream& operator<<(std::ostream& out, const Sequential<T>& model) {
  return out << model.table();
}

template class Sequential<float>;
template class Sequential<double>;
template std::ostream& operator<<(std::ostream&, const Sequential<float>&);
template std::ostream& operator<<(std::ostream&, const Sequential<double>&);

}  // namespace xtape::nn
