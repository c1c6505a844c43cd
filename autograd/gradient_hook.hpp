#pragma once

#include <memory>
#include <type_traits>

#include "tensor/array.hpp"
#include "tensor/assign.hpp"

namespace xtape {

/// A callable for Tape::backward(): `hook(const Array<Real<T>>& parameter, Array<T>& grad)`. The
/// expressions of xtensor are none, although they can be called with indices of any type. For a
/// function, pass its address.
template <class Hook, class T>
concept GradientHook = std::is_object_v<std::remove_reference_t<Hook>> && !Expression<Hook> &&
                       requires(Hook & hook, const Array<Real<T>>& parameter, Array<T>& grad) {
  hook(parameter, grad);
};

namespace detail {

/// A reference to a GradientHook of any class. It allocates nothing.
template <class T>
class HookReference {
 public:
  template <class Hook>
  explicit HookReference(Hook& hook)
      : self_(const_cast<void*>(static_cast<const void*>(std::addressof(hook)))),
        call_([](void* self, const Array<Real<T>>& parameter, Array<T>& grad) {
          (*static_cast<Hook*>(self))(parameter, grad);
        }) {}

  void operator()(const Array<Real<T>>& parameter, Array<T>& grad) const {
    call_(self_, parameter, grad);
  }

 private:
  void* self_;
  void (*call_)(void* self, const Array<Real<T>>& parameter, Array<T>& grad);
};

}  // namespace detail
}  // namespace xtape
