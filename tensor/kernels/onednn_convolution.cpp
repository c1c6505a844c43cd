#include "tensor/kernels/onednn_convolution.hpp"

#if __has_include(<oneapi/dnnl/dnnl.hpp>)
#include <oneapi/dnnl/dnnl.hpp>
#else
#include <dnnl.hpp>
#endif

#include <algorithm>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "tensor/error.hpp"
#include "tensor/kernels/one_thread.hpp"
#include "tensor/kernels/onednn_guard.hpp"
#include "tensor/kernels/shares.hpp"
#include "tensor/scratch.hpp"

namespace xtape::onednn {
namespace {

using dnnl::memory;

/// Calls a function of oneDNN's as every call needs it, on one thread, and translates exceptions.
template <class F>
auto call(F f) {
  require_workspace();
  const OneThread one;
  const WithoutSignals guard;
  try {
    return f();
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) {
      throw std::bad_alloc();
    }
    fail<Error>("convolution: oneDNN failed with status {}: {}", static_cast<int>(error.status),
                error.what());
  }
}

const dnnl::engine& processor() {
  static const dnnl::engine* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);  // never freed
  return *engine;
}

memory::dim dim(std::size_t extent) { return static_cast<memory::dim>(extent); }

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

constexpr auto direct = dnnl::algorithm::convolution_direct;

dnnl::primitive_attr own_scratchpad() {
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
std::size_t floats(std::size_t bytes) { return (bytes + 63) / 64 * 16; }

/// A part of a convolution for one number of images.
template <Part part>
struct Kernel {
  Convolution g;
  Arrays arrays;
  decltype(describe<part>(g, false)) description;

  Kernel(const Convolution& geometry, std::size_t batch, bool bias)
      : g(with_batch(geometry, batch)), arrays(g), description(describe<part>(g, bias)) {}

  bool is_reference() const {
    return std::string_view(description.impl_info_str()).find("ref") != std::string_view::npos;
  }

  memory::desc weights() const {
    if constexpr (part == Part::weights) {
      return description.diff_weights_desc();
    } else {
      return description.weights_desc();
    }
  }

  /// The floats of memory that run() needs for weights and for oneDNN.
  std::size_t weight_size() const { return floats(weights().get_size()); }
  std::size_t scratch_size() const { return floats(description.scratchpad_desc().get_size()); }

  /// Computes `to` from `from` and our weights, or our weights from both.
  void run(const float* from, float* weight, const float* bias, float* to, float* memory_of) const {
    const dnnl::engine& engine = processor();
    dnnl::stream stream(engine);
    memory ours(arrays.our_weights, engine, weight);
    memory theirs(weights(), engine, memory_of);
    const memory scratch(description.scratchpad_desc(), engine, memory_of + weight_size());
    if constexpr (part != Part::weights) {
      dnnl::reorder(ours, theirs).execute(stream, ours, theirs);
    }
    const auto array = [&](const memory::desc& desc, const float* data) {
      return memory(desc, engine, const_cast<float*>(data));
    };
    std::unordered_map<int, memory> operands{{DNNL_ARG_SCRATCHPAD, scratch}};
    if constexpr (part == Part::forward) {
      operands.insert({{DNNL_ARG_SRC, array(arrays.image, from)},
                       {DNNL_ARG_WEIGHTS, theirs},
                       {DNNL_ARG_DST, array(arrays.result, to)}});
      if (bias != nullptr) {
        operands.insert({DNNL_ARG_BIAS, array(arrays.bias, bias)});
      }
      dnnl::convolution_forward(description).execute(stream, operands);
    } else if constexpr (part == Part::transposed) {
      operands.insert({{DNNL_ARG_DIFF_DST, array(arrays.result, from)},
                       {DNNL_ARG_WEIGHTS, theirs},
                       {DNNL_ARG_DIFF_SRC, array(arrays.image, to)}});
      dnnl::convolution_backward_data(description).execute(stream, operands);
    } else {
      operands.insert({{DNNL_ARG_SRC, array(arrays.image, from)},
                       {DNNL_ARG_DIFF_DST, array(arrays.result, to)},
                       {DNNL_ARG_DIFF_WEIGHTS, theirs}});
      dnnl::convolution_backward_weights(description).execute(stream, operands);
      dnnl::reorder(theirs, ours).execute(stream, theirs, ours);
    }
    stream.wait();
    [[maybe_unused]] static const KernelsEnd end;
  }

 private:
  static Convolution with_batch(Convolution g, std::size_t batch) {
    g.batch = batch;
    return g;
  }
};

/// Returns the number of images of one call of oneDNN. A thread's images are one call, except for
/// the gradient of the weights. There, oneDNN adds the terms of all positions in one float. So that
/// it rounds less often, a call has at most 2048 positions, and the sums of the calls are added.
template <Part part>
std::size_t images_per_call(const Convolution& g) {
  const std::size_t share = Shares(g.batch, g.multiplications()).size();
  if constexpr (part == Part::weights) {
    const std::size_t positions = g.result.height * g.result.width;
    return std::clamp<std::size_t>(2048 / std::max<std::size_t>(positions, 1), 1, share);
  } else {
    return share;
  }
}

/// A division of the images into calls of oneDNN, and of the calls among threads. All calls but the
/// last one have the same number of images, and share a kernel.
template <Part part>
struct Plan {
  std::size_t images;  ///< Of a call.
  std::size_t calls;
  Shares shares;
  Kernel<part> most, last;
  std::size_t memory_size;  ///< For the kernel of a call.

  Plan(const Convolution& g, bool bias)
      : images(images_per_call<part>(g)),
        calls((g.batch + images - 1) / images),
        shares(calls, g.multiplications()),
        most(g, images, bias),
        last(g, g.batch - (calls - 1) * images, bias),
        memory_size(std::max(most.weight_size(), last.weight_size()) +
                    std::max(most.scratch_size(), last.scratch_size())) {}

  const Kernel<part>& kernel(std::size_t number) const { return number + 1 == calls ? last : most; }
};

/// Returns the plan of a part, or nothing if oneDNN has only its reference kernel, or none.
template <Part part>
std::optional<Plan<part>> plan_of(const Convolution& g, bool bias) {
  return call([&]() -> std::optional<Plan<part>> {
    try {
      Plan<part> plan(g, bias);
      if (!plan.most.is_reference() && !plan.last.is_reference()) {
        return plan;
      }
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) {
        throw;
      }
    }
    return std::nullopt;
  });
}

/// Computes y = f(place) + beta y: f writes `size` numbers to y itself, or to `memory` if they are
/// added to y.
template <class F>
void add_or_write(float beta, std::size_t size, float* y, float* memory, F f) {
  if (beta == 0) {
    f(y);
    return;
  }
  f(memory);
#pragma omp simd
  for (std::size_t i = 0; i < size; ++i) {
    y[i] = memory[i] + beta * y[i];
  }
}

/// Computes `to` = a part of the convolution of `from` + beta `to`, in shares of images.
template <Part part>
bool run(const Convolution& g, std::size_t from_size, std::size_t to_size, const float* from,
         const float* weight, const float* bias, float beta, float* to) {
  const std::optional<Plan<part>> found = plan_of<part>(g, bias != nullptr);
  if (!found) {
    return false;
  }
  const Plan<part>& plan = *found;
  const std::size_t added = beta == 0 ? 0 : plan.images * to_size;
  const std::size_t size = plan.memory_size + floats(added * sizeof(float));
  float* const memory = scratch_elements<float, struct OneDnnMemory>(plan.shares.number() * size);
  plan.shares.each([&](std::size_t share, std::size_t, std::size_t) {  // each has one call
    const std::size_t begin = share * plan.images, end = std::min(g.batch, begin + plan.images);
    float* const own = memory + share * size;
    add_or_write(beta, (end - begin) * to_size, to + begin * to_size, own + plan.memory_size,
                 [&](float* place) {
                   call([&] {
                     plan.kernel(share).run(from + begin * from_size, const_cast<float*>(weight),
                                            bias, place, own);
                   });
                 });
  });
  return true;
}

}  // namespace

std::string kernel_of(const Convolution& g, Part part) {
  return call([&]() -> std::string {
    try {
      return part == Part::forward      ? describe<Part::forward>(g, true).impl_info_str()
             : part == Part::transposed ? describe<Part::transposed>(g, false).impl_info_str()
                                        : describe<Part::weights>(g, false).impl_info_str();
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) {
        throw;
      }
      return "";
    }
  });
}

bool convolve(const Convolution& g, const float* x, const float* weight, const float* bias,
              float beta, float* y) {
  return run<Part::forward>(g, g.image_size() / g.batch, g.result_size() / g.batch, x, weight, bias,
                            beta, y);
}

bool convolve_transposed(const Convolution& g, const float* dy, const float* weight, float beta,
                         float* dx) {
  return run<Part::transposed>(g, g.result_size() / g.batch, g.image_size() / g.batch, dy, weight,
                               nullptr, beta, dx);
}

bool convolve_for_weights(const Convolution& g, const float* x, const float* dy, float beta,
                          float* dw) {
  const std::optional<Plan<Part::weights>> found = plan_of<Part::weights>(g, false);
  if (!found) {
    return false;
  }
  const Plan<Part::weights>& plan = *found;
  const std::size_t number = plan.shares.number(), size = floats(g.weight_size() * sizeof(float));
  const std::size_t own_size = size + plan.memory_size;
  float* const sums = scratch_elements<float, struct OneDnnMemory>(number * (size + own_size));
  plan.shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
    float* const sum = sums + share * size;
    float* const own = sums + number * size + share * own_size;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t first = i * plan.images;
      add_or_write(i == begin ? 0.f : 1.f, g.weight_size(), sum, own, [&](float* place) {
        call([&] {
          plan.kernel(i).run(x + first * (g.image_size() / g.batch), place, nullptr,
                             const_cast<float*>(dy) + first * (g.result_size() / g.batch),
                             own + size);
        });
      });
    }
  });
  add_shares(number, size, sums + size, sums);
  for (std::size_t i = 0; i < g.weight_size(); ++i) {
    dw[i] = sums[i] + (beta == 0 ? 0 : beta * dw[i]);
  }
  return true;
}

}  // namespace xtape::onednn
