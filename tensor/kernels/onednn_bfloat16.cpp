#include "tensor/kernels/onednn_bfloat16.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>

#include "tensor/kernels/onednn_cache.hpp"
#include "tensor/kernels/onednn_kernel.hpp"
#include "tensor/scratch.hpp"

namespace xtape::onednn {
namespace {

/// The bits of a number rounded to bfloat16, to nearest, ties to even. A NaN stays a NaN.
std::uint16_t rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t up = bits + 0x7fff + (bits >> 16 & 1);
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<std::uint16_t>((nan ? bits | 0x400000 : up) >> 16);
}

/// Rounds a matrix into rows without gaps.
void round_rows(std::size_t rows, std::size_t columns, const float* from, std::size_t row_length,
                std::uint16_t* to) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* numbers = from + row * row_length;
    std::uint16_t* results = to + row * columns;
#pragma omp simd
    for (std::size_t column = 0; column < columns; ++column) {
      results[column] = rounded(numbers[column]);
    }
  }
}

/// The geometry of a product, which has a kernel of its own.
struct Geometry {
  bool transpose_a, transpose_b;
  std::size_t m, n, k, ldc;
  float beta;

  using Key = std::array<std::size_t, 6>;
  Key key() const {
    return {std::size_t{transpose_a} + 2 * std::size_t{transpose_b},
            m,
            n,
            k,
            ldc,
            std::bit_cast<std::uint32_t>(beta)};
  }
};

/// A matmul of oneDNN for one geometry. Several threads may run it at the same time.
class MatrixKernel {
 public:
  explicit MatrixKernel(const Geometry& g)
      : a_(describe(g.m, g.k, g.transpose_a)),
        b_(describe(g.k, g.n, g.transpose_b)),
        c_({dim(g.m), dim(g.n)}, memory::data_type::f32, memory::dims{dim(g.ldc), 1}) {
    dnnl::primitive_attr attributes = own_scratchpad();
    if (g.beta != 0) {
      dnnl::post_ops added;
      added.append_sum(g.beta);
      attributes.set_post_ops(added);
    }
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc description(processor(), a_, b_, c_, attributes);
#else
    const dnnl::matmul::primitive_desc description({a_, b_, c_}, attributes, processor());
#endif
    is_reference_ =
        std::string_view(description.impl_info_str()).find("ref") != std::string_view::npos;
    scratchpad_ = description.scratchpad_desc();
    if (!is_reference_) {
      primitive_ = dnnl::matmul(description);
    }
  }

  bool is_reference() const { return is_reference_; }
  std::size_t scratch_bytes() const { return scratchpad_.get_size(); }

  void run(std::uint16_t* a, std::uint16_t* b, float* c, std::byte* scratchpad) const {
    const dnnl::engine& engine = processor();
    dnnl::stream stream(engine);
    const memory left(a_, engine, a), right(b_, engine, b), result(c_, engine, c);
    const memory scratch(scratchpad_, engine, scratchpad);
    const std::array<dnnl_exec_arg_t, 4> operands{{{DNNL_ARG_SRC, left.get()},
                                                   {DNNL_ARG_WEIGHTS, right.get()},
                                                   {DNNL_ARG_DST, result.get()},
                                                   {DNNL_ARG_SCRATCHPAD, scratch.get()}}};
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(operands.size()),
                               operands.data()),
        "could not execute a matrix product");
    stream.wait();
    [[maybe_unused]] static const KernelsEnd end;
  }

 private:
  static memory::desc describe(std::size_t rows, std::size_t columns, bool transposed) {
    return {{dim(rows), dim(columns)},
            memory::data_type::bf16,
            transposed ? memory::dims{1, dim(rows)} : memory::dims{dim(columns), 1}};
  }

  memory::desc a_, b_, c_, scratchpad_;
  bool is_reference_ = false;
  dnnl::matmul primitive_;
};

/// Returns the kernel, or nothing if oneDNN has only its reference kernel, or none.
std::shared_ptr<const MatrixKernel> make_kernel(const Geometry& g) {
  try {
    auto kernel = std::make_shared<const MatrixKernel>(g);
    return kernel->is_reference() ? nullptr : kernel;
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) {
      throw;
    }
    return nullptr;
  }
}

using Kernels = KernelCache<Geometry::Key, MatrixKernel, 1024>;

/// Makes the cache before there are threads; see KernelCache::instance().
[[maybe_unused]] const Kernels& kernels_made_at_start = Kernels::instance();

/// Returns a number of bytes in whole cache lines.
std::size_t lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

bool has_bfloat16() noexcept {
  static const bool has = [] {
    const auto needed = static_cast<unsigned>(dnnl_cpu_isa_avx512_core_bf16);
    return (static_cast<unsigned>(dnnl_get_effective_cpu_isa()) & needed) == needed;
  }();
  return has;
}

bool bfloat16_gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                   const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta,
                   float* c, std::size_t ldc) {
  return call("gemm", [&] {
    const Geometry geometry{transpose_a, transpose_b, m, n, k, ldc, beta};
    const auto kernel =
        Kernels::instance().find(geometry.key(), [&] { return make_kernel(geometry); });
    if (kernel == nullptr) {
      return false;
    }
    const std::size_t a_bytes = lines(2 * m * k), b_bytes = lines(2 * k * n);
    std::byte* const block = scratch_elements<std::byte, struct Bfloat16Memory>(
        a_bytes + b_bytes + kernel->scratch_bytes());
    auto* const left = reinterpret_cast<std::uint16_t*>(block);
    auto* const right = reinterpret_cast<std::uint16_t*>(block + a_bytes);
    round_rows(transpose_a ? k : m, transpose_a ? m : k, a, lda, left);
    round_rows(transpose_b ? n : k, transpose_b ? k : n, b, ldb, right);
    kernel->run(left, right, c, block + a_bytes + b_bytes);
    return true;
  });
}

}  // namespace xtape::onednn
