#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tensor/array.hpp"

/// @file
/// A module is a class with a call that takes Variables and one line that names its members:
///
///     static void visit(auto& self, auto&& f) {
///       f("weight", self.weight);              // an Array: a parameter
///       f("next", self.next);                  // a module, or a range of modules
///       f.buffer("running_mean", self.mean);   // an Array that is saved but not trained: a buffer
///     }
///
/// The line gives parameters and buffers their dotted names ("next.bias"). Both are saved, loaded,
/// checkpointed and copied with the module. Optimizers change only parameters. A class without
/// members needs no visit. A class with members and without visit does not compile. A derived class
/// inherits the visit of its base. If the derived class adds members, it needs its own visit.
///
/// The weights of Linear and Conv2d are (..., in, out) in xtape and (out, in, ...) in PyTorch. If
/// your module has such a weight, name it with `static constexpr std::string_view
/// transposed_in_pytorch = "weight";`, for nn/io/weights.hpp. If such a weight (in, out) reads
/// flattened images (height, width, channels), also return their shape from `const Shape&
/// flattened() const`. PyTorch flattens (channels, height, width). An empty shape says nothing. If
/// the last axis of such a weight is not that of the results, as in ConvTranspose2d, return their
/// number from `std::size_t results() const`.
///
/// If a buffer counts something, name it with `static constexpr std::string_view counted =
/// "steps";`. A file that holds no count for it is then refused.

namespace xtape::nn {

namespace detail {

template <class M>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<Array<T>> = true;

template <class M>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<M>&& std::is_function_v<std::remove_pointer_t<M>>;

}  // namespace detail

/// The kind of an Array in a visit line.
enum class ArrayKind {
  parameter,  ///< The array is trained.
  buffer,     ///< The array is saved and loaded with the parameters, and never trained.
  count,      ///< The array is a buffer of numbers that count something.
};

/// The dotted name of a parameter or a buffer. str() puts the name together. A part without a name
/// adds no dot.
class ParameterName {
 public:
  /// Names the member `last` of the module `parent`, or of the model if `parent` is null. Both
  /// arguments must outlive this object.
  ParameterName(std::string_view last, const ParameterName* parent,
                bool transposed_in_pytorch = false, ArrayKind kind = ArrayKind::parameter,
                const Shape* flattened = nullptr, std::size_t results = 0)
      : last_(last),
        parent_(parent),
        flattened_(flattened),
        results_(results),
        transposed_in_pytorch_(transposed_in_pytorch),
        kind_(kind) {}

  /// Returns the name, such as "encoder.0.weight".
  std::string str() const {
    std::string name = parent_ == nullptr ? std::string() : parent_->str();
    if (!name.empty() && !last_.empty()) {
      name += '.';
    }
    return name.append(last_);
  }

  /// True if the last parts of the name are `end`: "0.bias" ends with "bias" and with "0.bias", but
  /// not with "ias". Allocates nothing.
  bool ends_with(std::string_view end) const {
    if (last_.empty()) {
      return parent_ != nullptr && parent_->ends_with(end);
    }
    if (end.size() <= last_.size()) {
      const std::size_t before = last_.size() - end.size();
      return last_.ends_with(end) && (before == 0 || last_[before - 1] == '.');
    }
    const std::size_t before = end.size() - last_.size();
    return end.ends_with(last_) && end[before - 1] == '.' && parent_ != nullptr &&
           parent_->ends_with(end.substr(0, before - 1));
  }

  /// True if PyTorch stores this weight (..., in, out) as (out, in, ...).
  bool transposed_in_pytorch() const { return transposed_in_pytorch_; }

  /// Returns the shape of the images that the weight reads flattened, if its module says it.
  /// Otherwise, returns null.
  const Shape* flattened() const { return flattened_; }

  /// Returns the number of results of the weight, if its module says it. Otherwise, returns 0.
  std::size_t results() const { return results_; }

  /// True if a Flatten comes before the module in its range, or before a module around it.
  bool follows_flatten() const {
    return follows_flatten_ || (parent_ != nullptr && parent_->follows_flatten());
  }

  /// Returns the same name, behind a Flatten if `follows` is true.
  ParameterName behind_flatten(bool follows) const {
    ParameterName name = *this;
    name.follows_flatten_ = follows;
    return name;
  }

  /// Returns the same name as the name of a buffer. A count stays one.
  ParameterName as_buffer() const {
    ParameterName name = *this;
    name.kind_ = is_buffer() ? kind_ : ArrayKind::buffer;
    return name;
  }

  /// True for a buffer, false for a parameter.
  bool is_buffer() const { return kind_ != ArrayKind::parameter; }

  /// True for a buffer of numbers that count something.
  bool is_count() const { return kind_ == ArrayKind::count; }

 private:
  std::string_view last_;
  const ParameterName* parent_;
  const Shape* flattened_;
  std::size_t results_;
  bool transposed_in_pytorch_;
  bool follows_flatten_ = false;
  ArrayKind kind_;
};

/// A visitor with one function for the members of a module and another for its buffers. Use a
/// MemberVisitor if you call `visit` yourself:
///
///     Model::visit(model, nn::MemberVisitor{[](std::string_view name, auto& member) { ... },
///                                           [](std::string_view name, auto& buffer) { ... }});
template <class OnMember, class OnBuffer>
class MemberVisitor {
 public:
  /// Stores both functions. Each takes the name of a member and the member.
  MemberVisitor(OnMember on_member, OnBuffer on_buffer)
      : on_member_(std::move(on_member)), on_buffer_(std::move(on_buffer)) {}

  /// Visits a parameter, a module, or a range of modules.
  void operator()(std::string_view name, auto& member) const { on_member_(name, member); }

  /// Visits a buffer.
  template <class Member>
  void buffer(std::string_view name, Member& member) const {
    static_assert(detail::is_array<std::remove_const_t<Member>>,
                  "f.buffer(name, member) in a visit: a buffer is an xtape::Array<T>");
    on_buffer_(name, member);
  }

 private:
  OnMember on_member_;
  OnBuffer on_buffer_;
};

namespace detail {

struct IgnoreMember {
  void operator()(std::string_view, auto&) const {}
  void buffer(std::string_view, auto&) const {}
};

template <class M>
concept HasVisit = requires(M& module) {
  std::remove_const_t<M>::visit(module, IgnoreMember{});
};

struct IgnoreArray {
  void operator()(const ParameterName&, auto&) const {}
};

/// A module that visits its own arrays, such as a type-erased module.
template <class M>
concept HasEachArray = requires(M& module, const ParameterName* prefix) {
  module.each_array(IgnoreArray{}, prefix);
};

template <class M>
constexpr bool is_transposed_in_pytorch(std::string_view member) {
  if constexpr (requires { M::transposed_in_pytorch; }) {
    return member == M::transposed_in_pytorch;
  }
  return false;
}

template <class M>
constexpr ArrayKind kind_of_buffer(std::string_view member) {
  if constexpr (requires { M::counted; }) {
    return member == M::counted ? ArrayKind::count : ArrayKind::buffer;
  }
  return ArrayKind::buffer;
}

/// Returns what a module says of the images that its weight reads, or null.
template <class M>
const Shape* flattened_by(const M& module) {
  if constexpr (requires {
                  { module.flattened() } -> std::same_as<const Shape&>;
                }) {
    return module.flattened().empty() ? nullptr : &module.flattened();
  }
  return nullptr;
}

/// Returns what a module says of the number of results of its weight, or 0.
template <class M>
std::size_t results_of(const M& module) {
  if constexpr (requires {
                  { module.results() } -> std::same_as<std::size_t>;
                }) {
    return module.results();
  }
  return 0;
}

/// True for a Flatten.
template <class M>
bool is_flatten(const M& module) {
  if constexpr (requires {
                  { module.is_flatten() } -> std::same_as<bool>;
                }) {
    return module.is_flatten();
  }
  return false;
}

/// Throws ShapeError, with `user` and the name of the parameter, if `array` was moved from. `array`
/// is the parameter, or another array that belongs to it.
template <class T>
void require_whole(const char* user, const ParameterName& name, const Array<T>& array,
                   const char* what = "parameter") {
  if (!xtape::detail::is_whole(array)) [[unlikely]] {
    xtape::require_whole(fmt::format("{}: {} '{}'", user, what, name.str()).c_str(), array);
  }
}

}  // namespace detail

/// Calls `f(const ParameterName&, Array<T>&)` for each parameter and each buffer of `module`, in
/// the order of its visit lines. The arrays of a const module are const. Allocates nothing.
template <class M, class F>
void for_each_array(M&& module, F&& f, const ParameterName* prefix = nullptr) {
  using Module = std::remove_cvref_t<M>;
  if constexpr (detail::HasVisit<std::remove_reference_t<M>>) {
    const auto name_of = [&](std::string_view member_name, ArrayKind kind) {
      const bool transposed = detail::is_transposed_in_pytorch<Module>(member_name);
      return ParameterName(member_name, prefix, transposed, kind,
                           transposed ? detail::flattened_by(module) : nullptr,
                           transposed ? detail::results_of(module) : 0);
    };
    const auto on_member = [&](std::string_view member_name, auto& member) {
      const ParameterName name = name_of(member_name, ArrayKind::parameter);
      if constexpr (detail::is_array<std::remove_cvref_t<decltype(member)>>) {
        f(name, member);
      } else {
        for_each_array(member, f, &name);
      }
    };
    const auto on_buffer = [&](std::string_view member_name, auto& buffer) {
      f(name_of(member_name, detail::kind_of_buffer<Module>(member_name)), buffer);
    };
    Module::visit(module, MemberVisitor{on_member, on_buffer});
  } else if constexpr (detail::HasEachArray<std::remove_reference_t<M>>) {
    const auto on_array = [&f](const ParameterName& name, auto& array) -> void { f(name, array); };
    module.each_array(std::ref(on_array), prefix);
  } else if constexpr (std::ranges::range<Module>) {
    std::size_t index = 0;
    bool flattened = false;
    for (auto& element : module) {
      const std::string digits = std::to_string(index++);
      const ParameterName name = ParameterName(digits, prefix).behind_flatten(flattened);
      for_each_array(element, f, &name);
      flattened = flattened || detail::is_flatten(element);
    }
  } else {
    static_assert(std::is_empty_v<Module> || detail::is_function_pointer<Module>,
                  "a module with members needs `static void visit(auto& self, auto&& f)` that "
                  "names them; see nn/module.hpp");
  }
}

/// Calls `f(const ParameterName&, Array<T>&)` for each parameter of `module`, in the order of its
/// visit lines. The arrays of a const module are const. Allocates nothing.
template <class M, class F>
void for_each_parameter(M&& module, F&& f, const ParameterName* prefix = nullptr) {
  const auto unless_buffer = [&f](const ParameterName& name, auto& array) -> void {
    if (!name.is_buffer()) {
      f(name, array);
    }
  };
  for_each_array(module, unless_buffer, prefix);
}

/// Calls `f(const ParameterName&, Array<T>&)` for each buffer of `module`, in the order of its
/// visit lines. The arrays of a const module are const. Allocates nothing.
template <class M, class F>
void for_each_buffer(M&& module, F&& f, const ParameterName* prefix = nullptr) {
  const auto if_buffer = [&f](const ParameterName& name, auto& array) -> void {
    if (name.is_buffer()) {
      f(name, array);
    }
  };
  for_each_array(module, if_buffer, prefix);
}

namespace detail {

/// Throws ShapeError if a parameter or buffer of `module` was moved from. The message has `user`
/// and the name of the first such array.
template <class M>
void require_whole_arrays(const char* user, const M& module) {
  for_each_array(module, [=](const ParameterName& name, const auto& array) {
    require_whole(user, name, array, name.is_buffer() ? "buffer" : "parameter");
  });
}

}  // namespace detail

/// Returns the number of elements of all parameters of `module`, without buffers.
template <class M>
std::size_t parameter_count(const M& module) {
  std::size_t count = 0;
  for_each_parameter(module,
                     [&](const ParameterName&, const auto& array) { count += array.size(); });
  return count;
}

/// Returns the dotted name of each parameter by its address, for to_dot() (autograd/check/dot.hpp).
template <class M>
std::map<const void*, std::string> parameter_names(const M& module) {
  std::map<const void*, std::string> names;
  for_each_parameter(module, [&](const ParameterName& name, const auto& array) {
    names.emplace(&array, name.str());
  });
  return names;
}

}  // namespace xtape::nn
