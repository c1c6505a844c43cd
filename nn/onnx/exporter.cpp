#include "nn/onnx/exporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "nn/onnx/counterparts.hpp"

namespace xtape::nn::onnx {
namespace {

std::size_t bytes_of(Type type) { return type == Type::float32 ? 4 : 8; }

/// Returns elements with their axes in another order.
std::vector<std::byte> reordered(std::span<const std::byte> bytes, const Numbers& shape,
                                 const Numbers& axes, std::size_t size) {
  const std::size_t rank = shape.size();
  std::vector<std::size_t> strides(rank, 1), index(rank, 0);
  for (std::size_t axis = rank; axis-- > 1;) {
    strides[axis - 1] = strides[axis] * static_cast<std::size_t>(shape[axis]);
  }
  std::vector<std::byte> result(bytes.size());
  for (std::size_t place = 0; place < bytes.size(); place += size) {
    std::size_t from = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      from += index[axis] * strides[static_cast<std::size_t>(axes[axis])];
    }
    std::memcpy(result.data() + place, bytes.data() + from * size, size);
    for (std::size_t axis = rank; axis-- > 0;) {
      const auto extent = static_cast<std::size_t>(shape[static_cast<std::size_t>(axes[axis])]);
      if (++index[axis] < extent) {
        break;
      }
      index[axis] = 0;
    }
  }
  return result;
}

Numbers counted(std::size_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

Port port_of(const std::string& name, Type type, const Step& step) {
  Port port{name, type, {}};
  for (const Extent& extent : step.shape) {
    if (!extent.of_batch) {
      port.shape.emplace_back(signed_of(extent.count));
    } else {
      port.shape.emplace_back(extent.count == 1 ? "batch" : fmt::format("{} batch", extent.count));
    }
  }
  return port;
}

}  // namespace

std::size_t placed(std::size_t axis, std::size_t rank, Order order) {
  if (order == Order::plain || axis == 0 || rank < 3) {
    return axis;
  }
  return axis + 1 == rank ? 1 : axis + 1;
}

Numbers axes_in(Order order, std::size_t rank) {
  Numbers axes(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    axes[placed(axis, rank, order)] = signed_of(axis);
  }
  return axes;
}

Exporter::Exporter(std::span<const Step> steps, Type type, const std::string& input)
    : steps_(steps) {
  model_.input = port_of(input, type, steps.front());
  names_.insert(input);
  for (const Step& step : steps) {
    steps_by_index_.emplace(step.index, &step);
    names_.insert(step.name);  // whatever else is named takes another name
  }
}

Model Exporter::run(const std::string& output) {
  names_.insert(output);
  forms_[0] = {model_.input.name, "", Order::plain};
  for (const Step& step : steps_) {
    if (!step.inputs.empty()) {
      translate(*this, step);
    } else if (step.is_constant()) {
      forms_[step.index] = {};
    }
  }
  name_result(output);
  return std::move(model_);
}

/// Gives the result its name, by a copy if it is the input itself.
void Exporter::name_result(const std::string& output) {
  const Step& last = steps_.back();
  model_.output = port_of(output, type(), last);
  const std::string result = in(last, Order::plain);
  if (result == model_.input.name) {
    model_.calls.push_back({"Identity", "Identity", {result}, output, {}});
    return;
  }
  for (Call& call : model_.calls) {
    std::replace(call.inputs.begin(), call.inputs.end(), result, output);
    if (call.output == result) {
      call.output = output;
    }
  }
}

std::string Exporter::unique(const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; !names_.insert(name).second; ++number) {
    name = fmt::format("{} {}", wanted, number);
  }
  return name;
}

std::string Exporter::in(const Step& step, Order order) {
  const std::size_t rank = step.shape.size();
  if (rank < 3) {
    order = Order::plain;
  }
  if (step.is_constant()) {
    return permuted(step, axes_in(order, rank));
  }
  Forms& forms = forms_.at(step.index);
  std::string& name = order == Order::plain ? forms.plain : forms.channels_first;
  if (name.empty()) {
    Numbers axes = axes_in(Order::channels_first, rank);
    if (order == Order::plain) {
      const Numbers there = axes;
      for (std::size_t axis = 0; axis < rank; ++axis) {
        axes[static_cast<std::size_t>(there[axis])] = signed_of(axis);
      }
    }
    const std::string& other = order == Order::plain ? forms.channels_first : forms.plain;
    name = call(step, "Transpose", {other}, {{"perm", axes}});
  }
  return name;
}

std::string Exporter::elements(const Step& step) {
  const std::size_t rank = step.shape.size();
  if (!step.is_constant() && order_of(step) == Order::channels_first) {
    const auto one = [](const Extent& extent) { return extent == Extent{1, false}; };
    const bool pixels = !std::all_of(step.shape.begin() + 1, step.shape.end() - 1, one);
    if (!pixels || one(step.shape[rank - 1])) {
      return in(step, Order::channels_first);
    }
  }
  return in(step, Order::plain);
}

std::string Exporter::permuted(const Step& step, const Numbers& axes) {
  if (step.is_constant()) {
    const Numbers from = shape_of(step);
    Numbers shape;
    for (const std::int64_t axis : axes) {
      shape.push_back(from[static_cast<std::size_t>(axis)]);
    }
    return constant(step, axes, shape);
  }
  const std::string plain = in(step, Order::plain);
  return axes == counted(axes.size()) ? plain : call(step, "Transpose", {plain}, {{"perm", axes}});
}

std::string Exporter::beside(const Step& step, std::size_t rank, Order order) {
  const std::size_t own = step.shape.size();
  if (order == Order::plain || own == rank || own == 0) {
    return in(step, own == 0 ? Order::plain : order);
  }
  // (channels) becomes (channels, 1, 1), and (width, channels) becomes (1, channels, 1, width).
  Numbers shape(rank - own, 1), axes;
  const Numbers from = shape_of(step);
  shape.insert(shape.end(), from.begin(), from.end());
  const Numbers there = axes_in(order, rank);
  Numbers to;
  for (const std::int64_t axis : there) {
    to.push_back(shape[static_cast<std::size_t>(axis)]);
    if (static_cast<std::size_t>(axis) >= rank - own) {
      axes.push_back(axis - signed_of(rank - own));
    }
  }
  if (step.is_constant()) {
    return constant(step, axes, to);
  }
  return call(step, "Reshape", {permuted(step, axes), numbers(to)});
}

std::string Exporter::constant(const Step& step, const Numbers& axes, const Numbers& shape) {
  const std::string key = fmt::format("leaf {} {} {}", step.index, axes, shape);
  if (const auto found = shared_.find(key); found != shared_.end()) {
    return found->second;
  }
  std::span<const std::byte> bytes = step.bytes;
  if (axes != counted(axes.size())) {
    bytes = memory_.emplace_back(reordered(bytes, shape_of(step), axes, bytes_of(type())));
  }
  const bool first = std::none_of(model_.tensors.begin(), model_.tensors.end(),
                                  [&](const Tensor& each) { return each.name == step.name; });
  const std::string wanted = step.name.empty() ? "constant" : step.name;
  const std::string name = first && !step.name.empty() ? step.name : unique(wanted);
  model_.tensors.push_back({name, type(), shape, bytes});
  return shared_[key] = name;
}

std::string Exporter::call(const Step& step, const char* type, std::vector<std::string> inputs,
                           std::vector<Argument> arguments) {
  const std::string name = unique(step.place.empty() ? type : step.place + "/" + type);
  model_.calls.push_back({type, name, std::move(inputs), name, std::move(arguments)});
  return name;
}

void Exporter::make(const Step& step, const std::string& tensor, Order order) {
  const bool orders_differ = step.shape.size() >= 3;
  Forms forms;
  forms.made = orders_differ ? order : Order::plain;
  (forms.made == Order::plain ? forms.plain : forms.channels_first) = tensor;
  forms_[step.index] = forms;
}

std::string Exporter::shared(const std::string& content, Type type, const Numbers& shape,
                             std::span<const std::byte> bytes) {
  constexpr std::size_t longest = 40;
  std::string& known = shared_[content];
  if (known.empty()) {
    known = unique(content.size() <= longest ? content : "constant");
    const auto& kept = memory_.emplace_back(bytes.begin(), bytes.end());
    model_.tensors.push_back({known, type, shape, kept});
  }
  return known;
}

std::string Exporter::numbers(const Numbers& list) {
  return shared(fmt::format("({})", fmt::join(list, ", ")), Type::int64, {signed_of(list.size())},
                std::as_bytes(std::span(list)));
}

std::string Exporter::whole(std::int64_t number) {
  return shared(fmt::format("whole {}", number), Type::int64, {},
                std::as_bytes(std::span(&number, 1)));
}

std::string Exporter::number(double value) { return filled({}, value); }

std::string Exporter::filled(const Numbers& shape, double value) {
  std::size_t count = 1;
  for (const std::int64_t extent : shape) {
    count *= static_cast<std::size_t>(extent);
  }
  const std::string content = shape.empty()
                                  ? fmt::format("number {}", value)
                                  : fmt::format("numbers {} ({})", value, fmt::join(shape, ", "));
  if (type() == Type::float32) {
    const std::vector<float> list(count, static_cast<float>(value));
    return shared(content, type(), shape, std::as_bytes(std::span(list)));
  }
  const std::vector<double> list(count, value);
  return shared(content, type(), shape, std::as_bytes(std::span(list)));
}

std::string Exporter::floats(const std::vector<float>& list) {
  return shared(fmt::format("floats ({})", fmt::join(list, ", ")), Type::float32,
                {signed_of(list.size())}, std::as_bytes(std::span(list)));
}

Numbers Exporter::shape_of(const Step& step, Order order) {
  const std::size_t rank = step.shape.size();
  Numbers shape(rank);
  std::size_t free = 0;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const Extent& extent = step.shape[axis];
    free += extent.of_batch ? 1 : 0;
    shape[placed(axis, rank, order)] = extent.of_batch ? -1 : signed_of(extent.count);
  }
  if (free > 1) {
    step.refuse("has no ONNX counterpart where two of its axes grow with the batch");
  }
  return shape;
}

}  // namespace xtape::nn::onnx
