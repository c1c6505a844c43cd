#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "autograd/tape.hpp"

namespace xtape {

/// A name for a part of a model in the messages of Tape::detect_anomaly(). Everything that the tape
/// records during the lifetime of the Scope belongs to the part. Scopes nest. The name is a string
/// literal, or a callable that returns a std::string. The callable is called only for a message.
///
///     auto operator()(Variable<float> x) const {
///       const Scope scope{x.tape(), "encoder"};
///       ...
///
/// nn::Sequential has a Scope for each of its layers.
template <class T, class Name>
class Scope {
 public:
  /// Enters the part `name` of the model.
  Scope(Tape<T>& tape, Name name)
      : tape_(tape), name_(std::move(name)), frame_{tape.scope_, &name_, describe} {
    tape.scope_ = &frame_;
  }

  /// Leaves the part.
  ~Scope() { tape_.scope_ = frame_.outer; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  static std::string describe(const void* name) {
    if constexpr (std::invocable<const Name&>) {
      return (*static_cast<const Name*>(name))();
    } else {
      return *static_cast<const Name*>(name);
    }
  }

  Tape<T>& tape_;
  Name name_;
  detail::ScopeFrame frame_;
};

}  // namespace xtape
