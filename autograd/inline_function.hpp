#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>

namespace xtape {

/// A callable that is stored inside the object, never on the heap. The captures of the callable
/// must be trivially copyable: handles, scalars, spans. So recording an op neither allocates nor
/// leaks, and capturing an array does not compile. The tape keeps only the captures.
template <class Argument, std::size_t Capacity>
class InlineFunction {
 public:
  /// Calls a callable whose captures are at the address.
  using Call = void (*)(const std::byte* captures, Argument argument);

  /// Creates an empty object, which cannot be called.
  InlineFunction() = default;

  /// Stores a copy of `function`. This does not compile if `function` has more than `Capacity`
  /// bytes, or is not trivially copyable.
  template <class F>
  requires(!std::same_as<F, InlineFunction>) InlineFunction(F function)
      : call_([](const std::byte* self, Argument argument) {
          (*std::launder(reinterpret_cast<const F*>(self)))(argument);
        }),
        size_(std::is_empty_v<F> ? 0 : sizeof(F)) {
    static_assert(std::is_trivially_copyable_v<F>,
                  "a backward closure captures handles and scalars, not arrays: record what it "
                  "needs as a Variable, or keep it with Tape::keep");
    static_assert(sizeof(F) <= Capacity,
                  "a backward closure holds at most four handles: record intermediate results as "
                  "Variables");
    static_assert(alignof(F) <= alignof(void*),
                  "a backward closure captures no numbers wider than double");
    ::new (static_cast<void*>(storage_)) F(function);
  }

  /// True if the object holds a function.
  explicit operator bool() const { return call_ != nullptr; }

  /// Calls the function. The object must hold one.
  void operator()(Argument argument) const { call_(storage_, argument); }

  /// The function for `call()(captures().data(), argument)`, or nullptr. The captures may be copied
  /// to any address that is aligned to 8 bytes.
  ///@{
  Call call() const { return call_; }
  std::span<const std::byte> captures() const { return {storage_, size_}; }
  ///@}

 private:
  Call call_ = nullptr;
  std::size_t size_ = 0;
  alignas(void*) std::byte storage_[Capacity];
};

}  // namespace xtape
