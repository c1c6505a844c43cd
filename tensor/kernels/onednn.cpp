#include "tensor/kernels/onednn.hpp"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#else
#include <dnnl.h>
#endif
#include <fmt/format.h>

#include <new>

#include "tensor/error.hpp"
#include "tensor/kernels/onednn_guard.hpp"

namespace xtape::onednn {
void sgemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
           float alpha, const float* a, std::size_t lda, const float* b, std::size_t ldb,
           float beta, float* c, std::size_t ldc) {
  require_workspace();
  const auto flag = [](bool transpose) { return transpose ? 'T' : 'N'; };
  const auto index = [](std::size_t extent) { return static_cast<dnnl_dim_t>(extent); };
  const WithoutSignals guard;
  const dnnl_status_t status =
      dnnl_sgemm(flag(transpose_a), flag(transpose_b), index(m), index(n), index(k), alpha, a,
                 index(lda), b, index(ldb), beta, c, index(ldc));
  [[maybe_unused]] static const KernelsEnd end;
  if (status == dnnl_out_of_memory) {
    throw std::bad_alloc();
  }
  require<Error>(status == dnnl_success, "gemm: oneDNN failed with status {}",
                 static_cast<int>(status));
}

bool usable() noexcept { return !kernels_destroyed; }

std::string version() {
  const dnnl_version_t* linked = dnnl_version();
  return fmt::format("{}.{}.{}", linked->major, linked->minor, linked->patch);
}

}  // namespace xtape::onednn
