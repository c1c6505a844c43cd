#pragma once

#include <cstddef>
#include <span>

#include "autograd/define.hpp"
#include "tensor/kernels/rearrange.hpp"

/// @file
/// How ops that only move elements are made.

namespace xtape::detail {

/// Returns how far apart neighbours along an axis are in a row-major array.
inline std::ptrdiff_t step_along(const Shape& shape, std::size_t axis) {
  return static_cast<std::ptrdiff_t>(blocks_around(shape, axis).inner);
}

/// Returns loops over all elements of a row-major array of `shape`, for an op that reads or writes
/// them in another way. They last as long as the recording.
template <class T>
std::span<StridedLoop> keep_loops(Tape<T>& tape, const Shape& shape) {
  const auto loops = tape.template keep<StridedLoop>(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    loops[axis] = {shape[axis], step_along(shape, axis), step_along(shape, axis)};
  }
  return loops;
}

/// Computes out = (in where the loops visit, else 0) + beta out. The loops begin at elements `from`
/// and `to`.
template <class T>
void copy_visited(std::span<const StridedLoop> loops, const Array<T>& in, std::size_t from, T beta,
                  Array<T>& out, std::size_t to) {
  std::size_t count = 1;
  for (const StridedLoop& loop : loops) {
    count *= loop.count;
  }
  if (count != out.size() && beta == T(0)) {
    out.fill(T(0));
  }
  if (count > 0) {
    copy_strided(loops, in.data() + from, beta, out.data() + to);
  }
}

/// Records an op that moves elements of x into an array of `shape`: those that the loops visit,
/// from element `from` of x and element `to` of the result. The loops must visit no element twice.
/// Elements of the result that they do not visit are 0.
template <class T>
Variable<T> move_elements(const Operation& op, Variable<T> x, const Shape& shape,
                          std::span<const StridedLoop> loops, std::size_t from = 0,
                          std::size_t to = 0) {
  const auto back = x.tape().template keep<StridedLoop>(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    back[i] = {loops[i].count, loops[i].out_step, loops[i].in_step};
  }
  return define(
      op, {x},
      [&](Array<T>& y) {
        resize(y, shape, op.name);
        copy_visited(loops, x.value(), from, T(0), y, to);
      },
      [=](auto y, Array<T>& dx, T beta) {
        copy_visited(std::span<const StridedLoop>(back), y.grad(), to, beta, dx, from);
      });
}

}  // namespace xtape::detail
