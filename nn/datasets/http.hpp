#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "nn/io/append_file.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// Time limits of a request.
struct HttpLimits {
  std::chrono::milliseconds connect{8000};  ///< The time to connect.
  std::chrono::seconds stall{20};           ///< The time below one kilobyte per second.
  std::chrono::seconds total{900};          ///< For the whole request.
};

/// A progress callback, called about once a second or more often. Its arguments are the number of
/// bytes received and the total number of bytes (0 if unknown). The callback returns false to stop
/// the download.
using HttpProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// The error that is thrown if a callback stops a download.
class Stopped : public xtape::Error {
 public:
  Stopped() : Error("stopped") {}
};

/// The outcome of a request.
struct HttpResult {
  std::string problem = {};  ///< Empty on success.
  bool transient = false;    ///< True if the same request may succeed later.
  bool resumed = false;      ///< True if the part has bytes of an earlier request.
};

/// Throws ValueError unless `url` is https://. For this machine (127.0.0.1, [::1], localhost),
/// http:// is allowed, because the data do not leave the machine.
void require_safe_url(const std::string& url);

/// Fetches `url` into `part`. If `part` has content, the request asks for the remaining bytes (RFC
/// 9110, Range). If the server does not support that, the transfer starts again. If the server has
/// nothing to add, `part` counts as complete. If the transfer breaks, `part` keeps the received
/// bytes. Redirections must be https://. At most `limit` bytes are accepted. The request uses the
/// proxies of the environment ($https_proxy, $no_proxy).
///
/// Returns the errors of the server in the result. Throws ValueError as require_safe_url() does.
/// Throws DataError if `part` cannot be written, and Stopped if `progress` returns false.
HttpResult http_get(const std::string& url, const AppendFile& part, std::uint64_t limit,
                    const HttpLimits& limits, const HttpProgress& progress);

}  // namespace xtape::nn::datasets
