#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace xtape::nn::datasets {

/// The SHA-256 (FIPS 180-4) of bytes that are added piece by piece, computed by OpenSSL.
class Sha256 {
 public:
  /// Creates an object without bytes.
  Sha256();

  /// Adds bytes at the end.
  void add(std::span<const std::uint8_t> bytes);

  /// Returns the digest of all added bytes, as 64 hexadecimal digits. No bytes can be added
  /// afterwards.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace xtape::nn::datasets
