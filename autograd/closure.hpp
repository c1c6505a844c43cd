#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>

namespace xtape {

/// A reference to a callable whose captures the tape copies as bytes. The captures must be
/// trivially copyable: handles, scalars, spans. So recording an op neither allocates nor leaks, and
/// capturing an array does not compile. The callable must live as long as the reference.
template <class Argument, std::size_t Capacity>
class Closure {
 public:
  /// Calls a callable whose captures are at the address.
  using Call = void (*)(const std::byte* captures, Argument argument);

  /// Refers to nothing.
  Closure() = default;

  /// Refers to `function`. This does not compile if `function` has more than `Capacity` bytes, or
  /// is not trivially copyable.
  template <class F>
  requires(!std::same_as<F, Closure>) Closure(const F& function)
      : call_([](const std::byte* captures, Argument argument) {
          (*std::launder(reinterpret_cast<const F*>(captures)))(argument);
        }),
        captures_(std::as_bytes(std::span(&function, std::is_empty_v<F> ? 0 : 1))) {
    static_assert(std::is_trivially_copyable_v<F>,
                  "a backward closure captures handles and scalars, not arrays: record what it "
                  "needs as a Variable, or keep it with Tape::keep");
    static_assert(sizeof(F) <= Capacity,
                  "a backward closure holds at most four handles: record intermediate results as "
                  "Variables");
    static_assert(alignof(F) <= alignof(void*),
                  "a backward closure captures no numbers wider than double");
  }

  /// The function for `call()(captures().data(), argument)`, or nullptr. The captures may be copied
  /// to any address that is aligned to 8 bytes.
  ///@{
  Call call() const { return call_; }
  std::span<const std::byte> captures() const { return captures_; }
  ///@}

 private:
  Call call_ = nullptr;
  std::span<const std::byte> captures_;
};

}  // namespace xtape
