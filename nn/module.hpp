#pragma once

#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>

#include "tensor/array.hpp"

/// @file
/// What makes a class a module: a call that takes Variables, and one line that names its members,
///
///     static void visit(auto& self, auto&& f) { f("weight", self.weight), f("next", self.next); }
///
/// where a member is an array of parameters, another module, or a range of modules. Parameters get
/// dotted names from it ("next.bias"). A class without members needs no visit; one with members and
/// without visit does not compile. (A class derived from a module inherits its visit: name what it
/// adds in one of its own.)
///
/// A matrix that is (in, out) here and (out, in) in PyTorch, as Linear's weight, is named by
/// `static constexpr std::string_view transposed_in_pytorch = "weight";`, for nn/io/weights.hpp.

namespace xtape::nn {

/// The dotted name of a parameter, put together only when somebody asks for it. A part without a
/// name adds no dot.
class ParameterName {
 public:
  /// The name `last` of a member of the module that `parent` names, or of the model itself when
  /// that is null. Both must outlive this.
  ParameterName(std::string_view last, const ParameterName* parent,
                bool transposed_in_pytorch = false)
      : last_(last), parent_(parent), transposed_in_pytorch_(transposed_in_pytorch) {}

  /// The name, "encoder.0.weight".
  std::string str() const {
    std::string name = parent_ == nullptr ? std::string() : parent_->str();
    if (!name.empty() && !last_.empty()) {
      name += '.';
    }
    return name.append(last_);
  }

  /// Whether it is a matrix that PyTorch keeps with its axes exchanged.
  bool transposed_in_pytorch() const { return transposed_in_pytorch_; }

 private:
  std::string_view last_;
  const ParameterName* parent_;
  bool transposed_in_pytorch_;
};

namespace detail {

struct IgnoreMember {
  void operator()(std::string_view, auto&) const {}
};

template <class M>
concept HasVisit = requires(M& module) {
  std::remove_const_t<M>::visit(module, IgnoreMember{});
};

template <class M>
constexpr bool is_transposed_in_pytorch(std::string_view member) {
  if constexpr (requires { M::transposed_in_pytorch; }) {
    return member == M::transposed_in_pytorch;
  }
  return false;
}

template <class M>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<Array<T>> = true;

/// Throws ShapeError naming `user` and the parameter when it, or what is told of it, was moved
/// from.
template <class T>
void require_whole(const char* user, const ParameterName& name, const Array<T>& array,
                   const char* what = "parameter") {
  if (!xtape::detail::is_whole(array)) [[unlikely]] {
    xtape::require_whole(fmt::format("{}: {} '{}'", user, what, name.str()).c_str(), array);
  }
}

}  // namespace detail

/// Calls `f(const ParameterName&, Array<T>&)` for each parameter of `module` in the order of its
/// visit lines; arrays of a const module are const. Allocates nothing.
template <class M, class F>
void for_each_parameter(M& module, F&& f, const ParameterName* prefix = nullptr) {
  using Module = std::remove_const_t<M>;
  if constexpr (detail::HasVisit<M>) {
    Module::visit(module, [&]<class Member>(std::string_view member_name, Member& member) {
      const ParameterName name(member_name, prefix,
                               detail::is_transposed_in_pytorch<Module>(member_name));
      if constexpr (detail::is_array<std::remove_const_t<Member>>) {
        f(name, member);
      } else {
        for_each_parameter(member, f, &name);
      }
    });
  } else if constexpr (requires { module.each_parameter(std::ref(f), prefix); }) {
    module.each_parameter(std::ref(f), prefix);  // a module behind type erasure
  } else if constexpr (std::ranges::range<M>) {
    std::size_t index = 0;
    for (auto& element : module) {
      const std::string digits = std::to_string(index++);
      const ParameterName name(digits, prefix);
      for_each_parameter(element, f, &name);
    }
  } else {
    static_assert(std::is_empty_v<Module>,
                  "a module with members needs `static void visit(auto& self, auto&& f)` that "
                  "names them; see nn/module.hpp");
  }
}

namespace detail {

/// Throws ShapeError naming `user` and the first parameter of `module` that was moved from.
template <class M>
void require_whole_parameters(const char* user, const M& module) {
  for_each_parameter(module, [=](const ParameterName& name, const auto& array) {
    require_whole(user, name, array);
  });
}

}  // namespace detail

/// How many numbers the parameters of `module` hold together.
template <class M>
std::size_t parameter_count(const M& module) {
  std::size_t count = 0;
  for_each_parameter(module,
                     [&](const ParameterName&, const auto& array) { count += array.size(); });
  return count;
}

/// The dotted name of each parameter by its address, as to_dot() takes them
/// (autograd/check/dot.hpp).
template <class M>
std::map<const void*, std::string> parameter_names(const M& module) {
  std::map<const void*, std::string> names;
  for_each_parameter(module, [&](const ParameterName& name, const auto& array) {
    names.emplace(&array, name.str());
  });
  return names;
}

}  // namespace xtape::nn
