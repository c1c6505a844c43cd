#include "nn/sequential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "autograd/scope.hpp"

namespace xtape::nn {
namespace {

/// Returns "(batch, 128)" for an output (2, 128).
std::string batch_shape(const Shape& output) {
  std::string text = "(batch";
  for (std::size_t axis = 1; axis < output.size(); ++axis) {
    text += fmt::format(", {}", output[axis]);
  }
  return text + ")";
}

/// Returns the number of multiplications of a product or a convolution, and 0 for other ops. Those
/// with padding count.
template <class T>
std::size_t multiplications(const Node<T>& node) {
  const std::string_view op = node.op;
  const bool convolution = op == "conv2d" || op == "conv1d", transposed = op == "conv_transpose2d";
  if (op == "matmul") {
    const Shape& a = node.inputs()[0]->value->shape();
    const bool by_columns = std::get<std::int64_t>(node.attributes().front().value) != 0;
    return node.value->size() * a[a.size() - (by_columns ? 2 : 1)];
  }
  if (op == "affine") {
    return node.value->size() * node.inputs()[0]->value->shape().back();
  }
  if (!convolution && !transposed && op != "linear") {
    return 0;
  }
  const Array<T>& weight = *node.inputs()[1]->value;
  if (weight.size() == 0) {
    return 0;
  }
  const std::size_t each = convolution ? node.value->size() : node.inputs()[0]->value->size();
  return each * (weight.size() /
                 (convolution || transposed ? weight.shape().back() : weight.shape().front()));
}

/// Calls layer `index`. Adds the layer's place to the message of a ShapeError, and tells it to the
/// tape.
template <class T, NumberOrReal<T> S>
Variable<S> call_layer(const Layer<T>& layer, std::size_t index, Variable<S> x) {
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
template <NumberOrReal<T> S>
Variable<S> Sequential<T>::operator()(Variable<S> x) const {
  const std::vector<Layer<T>>& layers = whole(*this);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x = call_layer(layers[i], i, x);
  }
  return x;
}

template <class T>
void Sequential<T>::require_layer(std::size_t index) const {
  require<ValueError>(index < size(), "Sequential: there is no layer {} of {}", index, size());
}

template <class T>
std::string Sequential<T>::table(const std::optional<Shape>& input) const {
  if (!input) {
    return nn::table(*this);
  }
  constexpr std::size_t samples = 2;  // as in training, where BatchNorm needs two
  Shape batch{samples};
  std::copy(input->begin(), input->end(), std::back_inserter(batch));
  Tape<Real<T>> tape;
  Variable<Real<T>> x = tape.constant(Array<Real<T>>(batch, 0));
  detail::TableBuilder table;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    std::size_t work = 0, node = tape.size();
    x = call_layer(layers_[i], i, x);
    for (; node < tape.size(); ++node) {
      work += multiplications(tape.node(node));
    }
    table.add_layer(layers_[i], std::to_string(i), batch_shape(x.shape()), work / samples);
  }
  return table.text();
}

template <class T>
std::ostream& operator<<(std::ostream& out, const Sequential<T>& model) {
  return out << model.table();
}

#define XTAPE_INSTANTIATE(T)                                         \
  template class Sequential<T>;                                      \
  template Variable<T> Sequential<T>::operator()(Variable<T>) const; \
  template std::ostream& operator<<(std::ostream&, const Sequential<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

#ifdef XTAPE_FOR_NESTED_DUALS
using Nested = Sequential<Dual<Dual<double>>>;
template Variable<double> Nested::operator()(Variable<double>) const;
template Variable<Dual<double>> Nested::operator()(Variable<Dual<double>>) const;
#elif defined(XTAPE_FOR_DUALS)
template Variable<float> Sequential<Dual<float>>::operator()(Variable<float>) const;
template Variable<double> Sequential<Dual<double>>::operator()(Variable<double>) const;
#endif

}  // namespace xtape::nn
