#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "nn/io/open_file.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {

/// Time limits of a request.
struct HttpLimits {
  std::chrono::milliseconds connect{8000};  ///< To connect.
  std::chrono::seconds stall{20};           ///< Below a kilobyte per second.
  std::chrono::seconds total{900};          ///< For the whole request.
};

/// A progress callback, called about once a second or more often. It gets the bytes received and
/// the total number of bytes (0 if unknown). It returns false to stop the download.
using HttpProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Thrown if a callback asks to stop.
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

/// Throws ValueError unless `url` is https://. http:// is allowed to this machine (127.0.0.1,
/// [::1], localhost), because nobody can listen on the way.
void require_safe_url(const std::string& url);

/// Fetches `url` into `part`. If the part has content, the request resumes it (RFC 9110, Range) if
/// the server can do that, and starts again otherwise. If the server has nothing to add, the part
/// counts as complete. If the transfer breaks, the part keeps what has arrived. Redirections are
/// followed to https:// only. At most `limit` bytes are accepted. The proxies of the environment
/// ($https_proxy, $no_proxy) are used.
///
/// The result has the errors of the server. Throws ValueError as require_safe_url does, DataError
/// if the part cannot be written, and Stopped if `progress` returns false.
HttpResult http_get(const std::string& url, const File& part, std::uint64_t limit,
                    const HttpLimits& limits, const HttpProgress& progress);

}  // namespace xtape::nn::datasets
