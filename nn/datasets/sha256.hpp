#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace xtape::nn::datasets {

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece, computed by OpenSSL.
class Sha256 {
 public:
  Sha256();

  void add(std::span<const std::uint8_t> bytes);

  /// The digest of all that was added, as 64 hexadecimal digits. Nothing can be added afterwards.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace xtape::nn::datasets
