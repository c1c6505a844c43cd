#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "nn/io/file.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// When to give up on a server.
struct HttpLimits {
  std::chrono::milliseconds connect{8000};  ///< To be connected.
  std::chrono::seconds stall{20};           ///< With less than a kilobyte a second.
  std::chrono::seconds total{900};          ///< For one request.
};

/// Called about once a second or more often with the bytes there are and the bytes there will be,
/// 0 while that is not known. Returns false to stop the download.
using HttpProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Thrown when a callback said to stop.
class Stopped : public xtape::Error {
 public:
  Stopped() : Error("stopped") {}
};

/// How a request ended.
struct HttpResult {
  std::string problem = {};  ///< Empty when all has arrived.
  bool transient = false;    ///< Whether the same request may succeed a little later.
  bool resumed = false;      ///< Whether bytes of an earlier request are part of what is there.
};

/// Throws ValueError unless `url` is https://; http:// is let pass to this machine itself
/// (127.0.0.1, [::1], localhost), where nobody listens in on the way.
void require_safe_url(const std::string& url);

/// Fetches `url` into `part`. A part that holds something already is continued where the server can
/// do that (RFC 9110, Range) and begun afresh where it cannot; one that the server has nothing to
/// add to counts as arrived. What has arrived stays in the part
/// when the transfer breaks. Redirections are followed to https:// only. More than `limit` bytes
/// are not taken. The proxies of the environment ($https_proxy, $no_proxy) are used.
///
/// What the server does wrong is in the result. Throws ValueError as require_safe_url does,
/// DataError when the part cannot be written, Stopped when `progress` returns false.
HttpResult http_get(const std::string& url, const File& part, std::uint64_t limit,
                    const HttpLimits& limits, const HttpProgress& progress);

}  // namespace xtape::nn::datasets
