#include "tensor/kernels/onednn_convolution.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "tensor/kernels/onednn_cache.hpp"
#include "tensor/kernels/onednn_kernel.hpp"
#include "tensor/kernels/shares.hpp"
#include "tensor/scratch.hpp"

namespace xtape::onednn {
namespace {

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
        last(calls * images == g.batch ? most : Kernel<part>(g, g.batch % images, bias)),
        memory_size(std::max(most.weight_size(), last.weight_size()) +
                    std::max(most.scratch_size(), last.scratch_size())) {}

  const Kernel<part>& kernel(std::size_t number) const { return number + 1 == calls ? last : most; }
};

/// Returns the plan of a part, or nothing if oneDNN has only its reference kernel, or none.
template <Part part>
std::shared_ptr<const Plan<part>> make_plan(const Convolution& g, bool bias) {
  return call("convolution", [&]() -> std::shared_ptr<const Plan<part>> {
    try {
      auto plan = std::make_shared<const Plan<part>>(g, bias);
      if (!plan->most.is_reference() && !plan->last.is_reference()) {
        return plan;
      }
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) {
        throw;
      }
    }
    return nullptr;
  });
}

using PlanKey = std::array<std::size_t, 17>;

template <Part part>
using Plans = KernelCache<PlanKey, Plan<part>, 256>;

/// Makes the caches before there are threads; see KernelCache::instance().
[[maybe_unused]] const bool made_at_start =
    (Plans<Part::forward>::instance(), Plans<Part::transposed>::instance(),
     Plans<Part::weights>::instance(), true);

/// Returns the plan of make_plan(), and remembers it. To make one takes about 20 us, as long as the
/// convolution of a small image.
template <Part part>
std::shared_ptr<const Plan<part>> plan_of(const Convolution& g, bool bias) {
  const PlanKey key{g.batch,
                    g.image.height,
                    g.image.width,
                    g.in,
                    g.kernel.height,
                    g.kernel.width,
                    g.result.height,
                    g.result.width,
                    g.out,
                    g.stride.height,
                    g.stride.width,
                    g.dilation.height,
                    g.dilation.width,
                    g.before.height,
                    g.before.width,
                    g.groups,
                    2 * thread_count() + (bias ? 1 : 0)};
  return Plans<part>::instance().find(key, [&] { return make_plan<part>(g, bias); });
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
  const auto found = plan_of<part>(g, bias != nullptr);
  if (found == nullptr) {
    return false;
  }
  const Plan<part>& plan = *found;
  const std::size_t added = beta == 0 ? 0 : plan.images * to_size;
  const std::size_t size = plan.memory_size + floats(added * sizeof(float));
  float* const memory = scratch_elements<float, ConvolutionMemory>(plan.shares.number() * size);
  plan.shares.each([&](std::size_t share, std::size_t, std::size_t) {  // each has one call
    const std::size_t begin = share * plan.images, end = std::min(g.batch, begin + plan.images);
    float* const own = memory + share * size;
    add_or_write(beta, (end - begin) * to_size, to + begin * to_size, own + plan.memory_size,
                 [&](float* place) {
                   call("convolution", [&] {
                     plan.kernel(share).run(from + begin * from_size, const_cast<float*>(weight),
                                            bias, place, own);
                   });
                 });
  });
  return true;
}

}  // namespace

std::string kernel_of(const Convolution& g, Part part) {
  return call("convolution", [&]() -> std::string {
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
  const auto found = plan_of<Part::weights>(g, false);
  if (found == nullptr) {
    return false;
  }
  const Plan<Part::weights>& plan = *found;
  const std::size_t number = plan.shares.number(), size = floats(g.weight_size() * sizeof(float));
  const std::size_t own_size = size + plan.memory_size;
  float* const sums = scratch_elements<float, ConvolutionMemory>(number * (size + own_size));
  plan.shares.each([&](std::size_t share, std::size_t begin, std::size_t end) {
    float* const sum = sums + share * size;
    float* const own = sums + number * size + share * own_size;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t first = i * plan.images;
      add_or_write(i == begin ? 0.f : 1.f, g.weight_size(), sum, own, [&](float* place) {
        call("convolution", [&] {
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
