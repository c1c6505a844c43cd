#pragma once

#if __has_include(<oneapi/dnnl/dnnl.hpp>)
#include <oneapi/dnnl/dnnl.hpp>
#else
#include <dnnl.hpp>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "tensor/error.hpp"
#include "tensor/kernels/one_thread.hpp"
#include "tensor/kernels/onednn_convolution.hpp"
#include "tensor/kernels/onednn_guard.hpp"

/// @file
/// oneDNN's kernels for the parts of a convolution, and what every call of its C++ interface needs.
/// Used by tensor/kernels/onednn_convolution.cpp and onednn_bfloat16.cpp.

namespace xtape::onednn {

using dnnl::memory;

/// Calls a function of oneDNN's for `op` as every call needs it, on one thread, and translates
/// exceptions.
template <class F>
auto call(const char* op, F f) {
  require_workspace();
  const OneThread one;
  const WithoutSignals guard;
  try {
    return f();
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) {
      throw std::bad_alloc();
    }
    fail<Error>("{}: oneDNN failed with status {}: {}", op, static_cast<int>(error.status),
                error.what());
  }
}

/// Threads may make it together, and one of theirs stays. None waits for another, for which a
/// forked child would wait for ever. It is never freed.
inline const dnnl::engine& processor() {
  static std::atomic<const dnnl::engine*> shared = nullptr;
  const dnnl::engine* engine = shared.load(std::memory_order_acquire);
  if (engine == nullptr) {
    auto made = std::make_unique<const dnnl::engine>(dnnl::engine::kind::cpu, 0);
    if (shared.compare_exchange_strong(engine, made.get(), std::memory_order_acq_rel)) {
      engine = made.release();
    }
  }
  return *engine;
}

inline memory::dim dim(std::size_t extent) { return static_cast<memory::dim>(extent); }

/// Descriptions of the three arrays of a convolution. oneDNN chooses its own order of the weights,
/// because its kernels for weights in ours are slow.
struct Arrays {
  memory::desc image, weights, result, our_weights, bias;

  explicit Arrays(const Convolution& g)
      : image(dims(g.batch, g.in, g.image), memory::data_type::f32, memory::format_tag::nhwc),
        weights(weight_dims(g), memory::data_type::f32, memory::format_tag::any),
        result(dims(g.batch, g.out, g.result), memory::data_type::f32, memory::format_tag::nhwc),
        our_weights(weight_dims(g), memory::data_type::f32, weight_strides(g)),
        bias({dim(g.out)}, memory::data_type::f32, memory::format_tag::x) {}

 private:
  static memory::dims dims(std::size_t batch, std::size_t channels, Pair extents) {
    return {dim(batch), dim(channels), dim(extents.height), dim(extents.width)};
  }
  static memory::dims weight_dims(const Convolution& g) {
    memory::dims all{dim(g.out / g.groups), dim(g.in / g.groups), dim(g.kernel.height),
                     dim(g.kernel.width)};
    if (g.groups > 1) {
      all.insert(all.begin(), dim(g.groups));
    }
    return all;
  }
  static memory::dims weight_strides(const Convolution& g) {
    const std::size_t window = g.in / g.groups * g.out;
    memory::dims all{1, dim(g.out), dim(g.kernel.width * window), dim(window)};
    if (g.groups > 1) {
      all.insert(all.begin(), dim(g.out / g.groups));
    }
    return all;
  }
};

/// Distances and padding as oneDNN counts them.
struct Steps {
  memory::dims stride, dilation, before, after;

  explicit Steps(const Convolution& g)
      : stride{dim(g.stride.height), dim(g.stride.width)},
        dilation{dim(g.dilation.height) - 1, dim(g.dilation.width) - 1},
        before{dim(g.before.height), dim(g.before.width)},
        after{end(g.image.height, g.kernel.height, g.result.height, g.stride.height,
                  g.dilation.height, g.before.height),
              end(g.image.width, g.kernel.width, g.result.width, g.stride.width, g.dilation.width,
                  g.before.width)} {}

 private:
  static memory::dim end(std::size_t image, std::size_t kernel, std::size_t result,
                         std::size_t stride, std::size_t dilation, std::size_t before) {
    return dim((result - 1) * stride + (kernel - 1) * dilation + 1) - dim(image) - dim(before);
  }
};

inline constexpr auto direct = dnnl::algorithm::convolution_direct;

inline dnnl::primitive_attr own_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// Describes a part of a convolution to oneDNN. Versions 2 and 3 differ only here.
template <Part part>
auto describe(const Convolution& g, bool bias) {
  const Arrays a(g);
  const Steps s(g);
  const memory::desc b = bias ? a.bias : memory::desc();
  const dnnl::primitive_attr attributes = own_scratchpad();
  const auto training = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::convolution_forward::primitive_desc forward(
      processor(), training, direct, a.image, a.weights, b, a.result, s.stride, s.dilation,
      s.before, s.after, attributes);
  if constexpr (part == Part::forward) {
    return forward;
  } else if constexpr (part == Part::transposed) {
    return dnnl::convolution_backward_data::primitive_desc(processor(), direct, a.image, a.weights,
                                                           a.result, s.stride, s.dilation, s.before,
                                                           s.after, forward, attributes);
  } else {
    return dnnl::convolution_backward_weights::primitive_desc(
        processor(), direct, a.image, a.weights, a.result, s.stride, s.dilation, s.before, s.after,
        forward, attributes);
  }
#else
  const dnnl::convolution_forward::primitive_desc forward(
      {training, direct, a.image, a.weights, b, a.result, s.stride, s.dilation, s.before, s.after},
      attributes, processor());
  if constexpr (part == Part::forward) {
    return forward;
  } else if constexpr (part == Part::transposed) {
    return dnnl::convolution_backward_data::primitive_desc(
        {direct, a.image, a.weights, a.result, s.stride, s.dilation, s.before, s.after}, attributes,
        processor(), forward);
  } else {
    return dnnl::convolution_backward_weights::primitive_desc(
        {direct, a.image, a.weights, a.result, s.stride, s.dilation, s.before, s.after}, attributes,
        processor(), forward);
  }
#endif
}

/// Rounds a number of bytes up to whole cache lines of floats.
inline std::size_t floats(std::size_t bytes) { return (bytes + 63) / 64 * 16; }

/// Keeps objects for callers that each take one and give it back. There are as many as were in use
/// at once, up to `most`. No thread waits for another.
template <class T, std::size_t most = 64>
class Spares {
 public:
  Spares() = default;
  Spares(const Spares&) {}
  Spares& operator=(const Spares&) = delete;
  ~Spares() {
    while (take() != nullptr) {
    }
  }

  /// Returns an object, or null if others have all of them.
  std::unique_ptr<T> take() {
    for (std::atomic<T*>& place : kept_) {
      if (place.load(std::memory_order_relaxed) != nullptr) {
        if (T* const object = place.exchange(nullptr)) {
          return std::unique_ptr<T>(object);
        }
      }
    }
    return nullptr;
  }

  /// Keeps the object, or deletes it if there are too many.
  void give(std::unique_ptr<T> object) {
    for (std::atomic<T*>& place : kept_) {
      T* none = nullptr;
      if (place.compare_exchange_strong(none, object.get())) {
        static_cast<void>(object.release());
        return;
      }
    }
  }

 private:
  std::array<std::atomic<T*>, most> kept_{};
};

template <Part part>
using Primitive =
    std::conditional_t<part == Part::forward, dnnl::convolution_forward,
                       std::conditional_t<part == Part::transposed, dnnl::convolution_backward_data,
                                          dnnl::convolution_backward_weights>>;

/// A part of a convolution for one number of images. Several threads may run it at the same time.
template <Part part>
class Kernel {
 public:
  Kernel(const Convolution& geometry, std::size_t batch, bool bias)
      : Kernel(with_batch(geometry, batch), bias) {}

  bool is_reference() const { return is_reference_; }

  /// The floats of memory that run() needs for weights and for oneDNN.
  std::size_t weight_size() const { return floats(weights_.get_size()); }
  std::size_t scratch_size() const {
    return floats(std::max(scratchpad_.get_size(), reorder_scratchpad_.get_size()));
  }

  /// Computes `to` from `from` and our weights, or our weights from both.
  void run(const float* from, float* weight, const float* bias, float* to, float* memory_of) const {
    std::unique_ptr<Operands> operands = spares_.take();
    if (operands == nullptr) {
      operands = std::make_unique<Operands>(*this);
    }
    constexpr bool back = part == Part::transposed;
    operands->image.set_data_handle(const_cast<float*>(back ? to : from));
    operands->result.set_data_handle(const_cast<float*>(back ? from : to));
    operands->ours.set_data_handle(weight);
    operands->theirs.set_data_handle(memory_of);
    operands->scratch.set_data_handle(memory_of + weight_size());
    operands->reorder_scratch.set_data_handle(memory_of + weight_size());
    operands->bias.set_data_handle(const_cast<float*>(bias));
    execute(*operands, bias != nullptr);
    [[maybe_unused]] static const KernelsEnd end;
    spares_.give(std::move(operands));
  }

 private:
  Kernel(const Convolution& g, bool bias) : arrays_(g) {
    const auto description = describe<part>(g, bias);
    is_reference_ =
        std::string_view(description.impl_info_str()).find("ref") != std::string_view::npos;
    if constexpr (part == Part::weights) {
      weights_ = description.diff_weights_desc();
    } else {
      weights_ = description.weights_desc();
    }
    scratchpad_ = description.scratchpad_desc();
    if (is_reference_) {
      return;
    }
    primitive_ = Primitive<part>(description);
    const bool back = part == Part::weights;
    const dnnl::engine& engine = processor();
    const dnnl::reorder::primitive_desc order(engine, back ? weights_ : arrays_.our_weights, engine,
                                              back ? arrays_.our_weights : weights_,
                                              own_scratchpad());
    reorder_scratchpad_ = order.scratchpad_desc();
    reorder_ = dnnl::reorder(order);
  }

  /// The operands of a call of oneDNN. To make them takes longer than to convolve a small image.
  struct Operands {
    dnnl::stream stream{processor()};
    memory image, ours, theirs, result, bias, scratch, reorder_scratch;

    explicit Operands(const Kernel& kernel)
        : image(at(kernel.arrays_.image)),
          ours(at(kernel.arrays_.our_weights)),
          theirs(at(kernel.weights_)),
          result(at(kernel.arrays_.result)),
          bias(at(kernel.arrays_.bias)),
          scratch(at(kernel.scratchpad_)),
          reorder_scratch(at(kernel.reorder_scratchpad_)) {}

   private:
    static memory at(const memory::desc& description) {
      return {description, processor(), nullptr};
    }
  };

  void execute(Operands& o, bool bias) const {
    if constexpr (part == Part::forward) {
      reorder(o, o.ours, o.theirs);
      execute(primitive_, o.stream,
              {{DNNL_ARG_SCRATCHPAD, o.scratch.get()},
               {DNNL_ARG_SRC, o.image.get()},
               {DNNL_ARG_WEIGHTS, o.theirs.get()},
               {DNNL_ARG_DST, o.result.get()},
               {DNNL_ARG_BIAS, bias ? o.bias.get() : nullptr}});
    } else if constexpr (part == Part::transposed) {
      reorder(o, o.ours, o.theirs);
      execute(primitive_, o.stream,
              {{DNNL_ARG_SCRATCHPAD, o.scratch.get()},
               {DNNL_ARG_DIFF_DST, o.result.get()},
               {DNNL_ARG_WEIGHTS, o.theirs.get()},
               {DNNL_ARG_DIFF_SRC, o.image.get()}});
    } else {
      execute(primitive_, o.stream,
              {{DNNL_ARG_SCRATCHPAD, o.scratch.get()},
               {DNNL_ARG_SRC, o.image.get()},
               {DNNL_ARG_DIFF_DST, o.result.get()},
               {DNNL_ARG_DIFF_WEIGHTS, o.theirs.get()}});
      reorder(o, o.theirs, o.ours);
    }
    o.stream.wait();
  }

  /// Copies weights from one order into the other.
  void reorder(const Operands& o, const memory& from, const memory& to) const {
    execute(reorder_, o.stream,
            {{DNNL_ARG_FROM, from.get()},
             {DNNL_ARG_TO, to.get()},
             {DNNL_ARG_SCRATCHPAD, o.reorder_scratch.get()}});
  }

  static Convolution with_batch(Convolution g, std::size_t batch) {
    g.batch = batch;
    return g;
  }

  /// Calls oneDNN without the map of its C++ interface, which allocates for each operand. Leaves
  /// operands out that are null.
  static void execute(const dnnl::primitive& primitive, const dnnl::stream& stream,
                      std::initializer_list<dnnl_exec_arg_t> operands) {
    std::array<dnnl_exec_arg_t, 5> present;
    const auto end = std::copy_if(operands.begin(), operands.end(), present.begin(),
                                  [](const dnnl_exec_arg_t& a) { return a.memory != nullptr; });
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive.get(), stream.get(),
                               static_cast<int>(end - present.begin()), present.data()),
        "could not execute a convolution");
  }

  Arrays arrays_;
  memory::desc weights_, scratchpad_, reorder_scratchpad_;
  bool is_reference_ = false;
  Primitive<part> primitive_;
  dnnl::reorder reorder_;
  mutable Spares<Operands> spares_;
};

}  // namespace xtape::onednn
