#include "autograd/check/anomaly.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

// The part of Tape that finds NaN and infinity; see Tape::detect_anomaly().

namespace xtape {
namespace {

/// The bad elements of an array.
struct BadElements {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Returns the bad ones of `size` elements: those for whose offset `is_bad` is true.
template <class IsBad>
BadElements find_bad(std::size_t size, const IsBad& is_bad) {
  BadElements bad;
  for (std::size_t i = size; i-- > 0;) {
    if (is_bad(i)) {
      bad = {i, bad.count + 1};
    }
  }
  return bad;
}

/// Returns the elements that are NaN or infinite.
template <class T>
BadElements bad_elements(const Array<T>& array) {
  using std::isfinite;
  return find_bad(array.size(), [&](std::size_t i) { return !isfinite(array.data()[i]); });
}

template <class T>
std::string number(T value) {
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}
template <class F>
std::string number(const Dual<F>& dual) {
  return number(dual.value) + " with the tangent " + number(dual.tangent);
}

/// Returns the index of the element at `offset` in a row-major array.
Shape index_of(std::size_t offset, const Shape& shape) {
  Shape index = shape;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = offset % shape[axis];
    offset /= shape[axis];
  }
  return index;
}

/// Returns " at (0, 3) of (64, 10), the first of 20 elements that are not finite".
std::string place_of(BadElements bad, const Shape& shape, const char* what) {
  std::string text;
  if (!shape.empty()) {
    text += fmt::format(" at {} of {}", index_of(bad.first, shape), shape);
  }
  if (bad.count > 1) {
    text += fmt::format(", the first of {} elements that {}", bad.count, what);
  }
  return text;
}

/// Returns "nan at (0, 3) of (64, 10), the first of 20 elements that are not finite".
template <class T>
std::string describe(const Array<T>& array, BadElements bad) {
  return number(array.data()[bad.first]) + place_of(bad, array.shape(), "are not finite");
}

/// True if `shape` broadcasts to `to`.
bool broadcasts_to(const Shape& shape, const Shape& to) {
  if (shape.size() > to.size()) {
    return false;
  }
  const std::size_t offset = to.size() - shape.size();
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != 1 && shape[axis] != to[axis + offset]) {
      return false;
    }
  }
  return true;
}

/// Returns "2 at (0, 1)": the element of `array` that broadcasting puts at `index`.
template <class T>
std::string element_at(const Array<T>& array, const Shape& index) {
  const std::size_t offset = index.size() - array.dimension();
  Shape own = array.shape();
  std::size_t place = 0;
  for (std::size_t axis = 0; axis < array.dimension(); ++axis) {
    own[axis] = array.shape()[axis] == 1 ? 0 : index[axis + offset];
    place = place * array.shape()[axis] + own[axis];
  }
  return fmt::format("{} at {}", number(array.data()[place]), own);
}

/// Returns "from 0 to 1": the smallest and the largest element, without NaNs.
template <class T>
std::string range(const Array<T>& array) {
  Real<T> least = std::numeric_limits<Real<T>>::infinity(), most = -least;
  for (const T number : array.storage()) {
    const Real<T> element = value_of(number);
    least = element < least ? element : least;
    most = element > most ? element : most;
  }
  return least <= most ? fmt::format("from {} to {}", least, most) : "without numbers";
}

/// Describes an array beside a bad one: "'relu' (2, 4) is 0 at (1, 3), from 0 to 3". The bad one
/// has `shape`, and is bad at `index`. The range is there because an op that moves elements uses
/// others.
template <class T>
std::string beside(const std::string& name, const Array<T>& array, const Shape& shape,
                   const Shape& index) {
  if (array.size() == 1) {
    return fmt::format("{} is {}", name, number(array.data()[0]));
  }
  std::string text = fmt::format("{} {} is ", name, array.shape());
  if (broadcasts_to(array.shape(), shape)) {
    text += element_at(array, index) + ", ";
  }
  return text + range(array);
}

template <class T>
std::string quoted(const Node<T>& node) {
  return fmt::format("'{}'", node.op);
}

/// Returns "leaky_relu (slope 0.01)": the op of a node and its attributes.
template <class T>
std::string title(const Node<T>& node) {
  return node.attributes().empty() ? node.op
                                   : fmt::format("{} ({})", node.op, text_of(node.attributes()));
}

/// Describes the inputs of the op of `node`, whose array of `shape` is bad at `index`.
template <class T>
std::string describe_inputs(const Node<T>& node, const Shape& shape, const Shape& index) {
  std::string text;
  for (const Node<T>* input : node.inputs()) {
    text += (text.empty() ? "; its inputs: " : ", ") +
            beside(quoted(*input), *input->value, shape, index);
  }
  return text;
}

}  // namespace

template <class T>
std::string Tape<T>::place(std::size_t index) const {
  return index < places_.size() ? places_[index] : std::string();
}

template <class T>
void Tape<T>::watch(const Node<T>& node) {
  places_.resize(node.index + 1);
  std::string& place = places_[node.index];
  place.clear();
  for (const detail::ScopeFrame* scope = scope_; scope != nullptr; scope = scope->outer) {
    place = scope->describe(scope->name) + (place.empty() ? "" : ", ") + place;
  }
  if (detects_anomaly_) {
    check_value(node);
  }
}

template <class T>
void Tape<T>::check_value(const Node<T>& node) const {
  const std::string& place = places_[node.index];
  const Array<T>& value = *node.value;
  const BadElements bad = bad_elements(value);
  if (bad.count > 0) {
    fail<AnomalyError>("{}{}{} gave {}{}", title(node), place.empty() ? "" : " in ", place,
                       describe(value, bad),
                       describe_inputs(node, value.shape(), index_of(bad.first, value.shape())));
  }
}

template <class T>
void Tape<T>::check_elements(const Borrowed& then) const {
  const Array<Real<T>>& now = *then.array;
  const BadElements changed = find_bad(
      then.elements.size(), [&](std::size_t i) { return !(now.data()[i] == then.elements[i]); });
  if (changed.count > 0) {
    const std::string& place = places_[then.node];
    fail<AnomalyError>(
        "backward: a {}{}{} has changed since it was recorded: {} became {}{}: a {} must neither "
        "move nor change before backward() is done",
        then.what, place.empty() ? "" : " in ", place, number(then.elements[changed.first]),
        number(now.data()[changed.first]), place_of(changed, now.shape(), "did"), then.what);
  }
}

template <class T>
void Tape<T>::check_gradients(const Node<T>& node) const {
  for (const Node<T>* input : node.inputs()) {
    const BadElements bad =
        input->gradient == GradientState::present ? bad_elements(input->grad) : BadElements{};
    if (bad.count > 0) {
      const std::string place = this->place(node.index);
      const Shape& shape = input->grad.shape();
      const Shape index = index_of(bad.first, shape);
      fail<AnomalyError>("backward of {}{}{} gave its input {} the gradient {}{}; {}, {}",
                         title(node), place.empty() ? "" : " in ", place, quoted(*input),
                         describe(input->grad, bad), describe_inputs(node, shape, index),
                         beside("its value", *node.value, shape, index),
                         beside("the gradient of that", node.grad, shape, index));
    }
  }
}

#define XTAPE_INSTANTIATE(T)                                    \
  template void Tape<T>::check_elements(const Borrowed&) const; \
  template std::string Tape<T>::place(std::size_t) const;       \
  template void Tape<T>::watch(const Node<T>&);                 \
  template void Tape<T>::check_value(const Node<T>&) const;     \
  template void Tape<T>::check_gradients(const Node<T>&) const
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
