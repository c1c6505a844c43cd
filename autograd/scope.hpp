#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "autograd/tape.hpp"

namespace xtape {

/// Says which part of a model is at work, for the messages of Tape::detect_anomaly(): what the tape
/// records while it lives belongs to that part. Scopes nest. The name is a string literal, or a
/// callable that returns a std::string and is called only when somebody asks.
///
///     auto operator()(Variable<float> x) const {
///       const Scope scope{x.tape(), "encoder"};
///       ...
///
/// nn::Sequential has one for each of its layers.
template <class T, class Name>
class Scope {
 public:
  /// Enters the part `name` of the model.
  Scope(Tape<T>& tape, Name name)
      : tape_(tape), name_(std::move(name)), frame_{tape.scope_, &name_, describe} {
    tape.scope_ = &frame_;
  }

  /// Leaves it.
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
