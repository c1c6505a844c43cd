#include "nn/onnx/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "autograd/no_grad.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn::onnx {
namespace {

const Attribute* find(std::span<const Attribute> attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& each) { return each.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

/// Returns whether two values are equal: texts and lists by their content.
bool same(const Attribute::Value& a, const Attribute::Value& b) {
  return std::visit(
      [](const auto& left, const auto& right) {
        using Left = std::remove_cvref_t<decltype(left)>;
        if constexpr (!std::is_same_v<Left, std::remove_cvref_t<decltype(right)>>) {
          return false;
        } else if constexpr (std::is_same_v<Left, const char*>) {
          return std::string_view(left) == right;
        } else if constexpr (requires { left.begin(); }) {
          return std::equal(left.begin(), left.end(), right.begin(), right.end());
        } else {
          return left == right;
        }
      },
      a, b);
}

/// Returns an extent that is `first` for one batch and `second` for the other, or nothing if it is
/// no multiple of the batch.
std::optional<Extent> extent_of(std::size_t first, std::size_t second) {
  if (first == second) {
    return Extent{first, false};
  }
  const std::size_t count = first / first_batch;
  const bool grows = first == count * first_batch && second == count * second_batch;
  return grows ? std::optional(Extent{count, true}) : std::nullopt;
}

}  // namespace

void Step::refuse(const std::string& reason) const {
  fail<ValueError>("save_onnx: '{}'{}{} {}", op, place.empty() ? "" : " in ", place, reason);
}

std::size_t Step::extent(std::size_t axis) const {
  if (shape.at(axis).of_batch) {
    refuse(fmt::format("has no ONNX counterpart where its axis {} is the batch", axis));
  }
  return shape[axis].count;
}

const Attribute::Value& Step::value(std::string_view attribute) const {
  const Attribute* const one = find(attributes, attribute);
  const Attribute* const other = find(attributes_again, attribute);
  if (one == nullptr || other == nullptr) {
    refuse(fmt::format("has no attribute '{}'", attribute));
  }
  if (!same(one->value, other->value)) {
    refuse(fmt::format("takes {} for one batch and {} for a larger one", text_of(std::span(one, 1)),
                       text_of(std::span(other, 1))));
  }
  return one->value;
}

bool Step::has(std::string_view attribute) const { return find(attributes, attribute) != nullptr; }

std::int64_t Step::first_number(std::string_view attribute) const {
  return std::get<std::int64_t>(find(attributes, attribute)->value);
}
std::int64_t Step::second_number(std::string_view attribute) const {
  return std::get<std::int64_t>(find(attributes_again, attribute)->value);
}

template <class T>
Recording<T>::Recording(const ModelCall<T>& call, const Shape& sample, const Names& names) {
  require<ValueError>(std::find(sample.begin(), sample.end(), 0U) == sample.end(),
                      "save_onnx: a sample {} has no elements", sample);
  const std::size_t output = record(first_, call, sample, first_batch);
  const std::size_t again = record(second_, call, sample, second_batch);
  const std::vector<bool> needed = needed_for(output);
  for (std::size_t i = 0; i <= output; ++i) {
    if (needed[i]) {
      steps_.push_back(step_of(i, names));
    }
  }
  if (output != again) {
    steps_.back().refuse("is the result for one batch, and not for a larger one");
  }
  require<ValueError>(needed[0], "save_onnx: the result '{}' does not depend on the input",
                      first_.node(output).op);
}

/// Records the call on a tape, and returns the number of the result. The batches differ in their
/// numbers, so that a constant that is computed from the input differs, too.
template <class T>
std::size_t Recording<T>::record(Tape<T>& tape, const ModelCall<T>& call, const Shape& sample,
                                 std::size_t batch) {
  Shape shape{batch};
  shape.insert(shape.end(), sample.begin(), sample.end());
  const NoGrad<T> guard{tape};
  tape.note_places(true);
  const Variable<T> x = tape.constant([&](Array<T>& out) {
    resize(out, shape, "save_onnx");
    Rng rng{batch};
    rng.fill_uniform(std::span<T>(out.data(), out.size()), 0, 1);
  });
  const Variable<T> y = call(x);
  require<TapeError>(&y.tape() == &tape, "save_onnx: the model returned a value of another tape");
  for (std::size_t i = tape.size(); i-- > 0;) {
    if (tape.node(i).value == &y.value()) {
      return i;
    }
  }
  fail<TapeError>("save_onnx: the model returned no value of its tape");
}

template <class T>
std::vector<bool> Recording<T>::needed_for(std::size_t output) const {
  std::vector<bool> needed(output + 1, false);
  needed[output] = true;
  for (std::size_t i = output + 1; i-- > 0;) {
    if (needed[i]) {
      for (const Node<T>* input : first_.node(i).inputs()) {
        needed[input->index] = true;
      }
    }
  }
  return needed;
}

template <class T>
Step Recording<T>::step_of(std::size_t index, const Names& names) const {
  const Node<T>& node = first_.node(index);
  Step step{
      .index = index, .op = node.op, .place = first_.place(index), .attributes = node.attributes()};
  for (const Node<T>* input : node.inputs()) {
    step.inputs.push_back(input->index);
  }
  const char* const differs = "is computed otherwise for a larger batch";
  if (index >= second_.size()) {
    step.refuse(differs);
  }
  const Node<T>& other = second_.node(index);
  const Shape &shape = node.value->shape(), &larger = other.value->shape();
  const auto same_input = [](const Node<T>* a, const Node<T>* b) { return a->index == b->index; };
  if (step.op != other.op || shape.size() != larger.size() ||
      !std::equal(node.inputs().begin(), node.inputs().end(), other.inputs().begin(),
                  other.inputs().end(), same_input)) {
    step.refuse(differs);
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const auto extent = extent_of(shape[axis], larger[axis]);
    if (!extent) {
      step.refuse(fmt::format("makes {} of a batch of {}, and {} of one of {}", shape, first_batch,
                              larger, second_batch));
    }
    step.shape.push_back(*extent);
  }
  step.attributes_again = other.attributes();
  if (step.is_constant()) {
    const T *data = node.value->data(), *again = other.value->data();
    const std::size_t size = node.value->size();
    if (!same_shape(shape, larger) || std::memcmp(data, again, size * sizeof(T)) != 0) {
      step.refuse(
          fmt::format("{} depends on the input in a way that the tape does not know", shape));
    }
    const auto name = names.find(node.value);
    step.name = name == names.end() ? "" : name->second;
    step.bytes = std::as_bytes(std::span(data, size));
  }
  return step;
}

template class Recording<float>;
template class Recording<double>;

}  // namespace xtape::nn::onnx
