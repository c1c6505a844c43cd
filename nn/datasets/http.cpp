#include "nn/datasets/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "tensor/version.hpp"

namespace xtape::nn::datasets {
namespace {

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};
using Curl = std::unique_ptr<CURL, Cleanup>;

/// A transfer that is under way: what libcurl's callbacks see. They are called from C, which no
/// exception may cross.
struct Receiver {
  CURL* curl;
  const AppendFile& part;
  std::uint64_t limit;
  const HttpProgress& progress;
  std::uint64_t offset = part.size();  ///< What is there of an earlier request.
  std::uint64_t received = 0;
  bool begun = false;
  std::string problem = {};
  std::exception_ptr error = {};

  /// Runs one callback; false when the transfer is to end.
  template <class Action>
  bool guarded(Action&& action) noexcept {
    try {
      action();
    } catch (...) {
      error = std::current_exception();
    }
    return problem.empty() && error == nullptr;
  }

  void take(std::span<const std::uint8_t> bytes) {
    if (!std::exchange(begun, true)) {
      begin();
    }
    if (problem.empty() && offset + received + bytes.size() > limit) {
      problem = fmt::format("sends more than {} bytes", limit);
    }
    if (problem.empty()) {
      part.write(bytes);
      received += bytes.size();
    }
  }

  /// Sees from the answer whether the bytes to come continue the part.
  void begin() {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 206 && range_start() == offset) {
      return;
    }
    part.truncate();
    offset = 0;
    if (status == 206) {
      problem = "answers with another range than asked for";
    }
  }

  /// The first number of "Content-Range: bytes 100-199/200".
  std::uint64_t range_start() const {
    curl_header* header = nullptr;
    unsigned long long start = 0;
    const bool there =
        curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        std::sscanf(header->value, "bytes %llu-", &start) == 1;  // NOLINT(cert-err34-c)
    return there ? start : ~std::uint64_t{0};
  }
};

std::size_t write_callback(char* data, std::size_t, std::size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
  return receiver.guarded([&] { receiver.take({bytes, count}); }) ? count : count + 1;
}

int progress_callback(void* user, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  auto& receiver = *static_cast<Receiver*>(user);
  const bool go_on = receiver.guarded([&] {
    const auto rest = static_cast<std::uint64_t>(total);
    if (receiver.progress && !receiver.progress(receiver.offset + receiver.received,
                                                rest > 0 ? receiver.offset + rest : 0)) {
      throw Stopped();
    }
  });
  return go_on ? 0 : 1;
}

/// The scheme of a URL and whether it leads to this machine.
std::pair<std::string, bool> scheme_and_loopback(const std::string& text) {
  const std::unique_ptr<CURLU, Cleanup> url(curl_url());
  const auto part = [&](CURLUPart what) {
    char* value = nullptr;
    const bool there = curl_url_get(url.get(), what, &value, 0) == CURLUE_OK;
    const std::unique_ptr<char, Cleanup> owned(value);
    return there ? std::string(value) : std::string();
  };
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return {"", false};
  }
  const std::string host = part(CURLUPART_HOST);
  return {part(CURLUPART_SCHEME), host == "127.0.0.1" || host == "[::1]" || host == "localhost"};
}

void set_up(CURL* curl, const std::string& url, const HttpLimits& limits, Receiver& receiver) {
  const std::string agent = std::string("xtape/") + xtape::version();
  const std::string range = fmt::format("{}-", receiver.offset);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  if (scheme_and_loopback(url).first == "http") {
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  }
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(limits.total.count()));
  if (receiver.offset > 0) {
    curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_callback);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress_callback);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

bool is_transient(CURL* curl, CURLcode code, long status) {
  long proxy_status = 0;
  curl_off_t connected_after = 0;
  curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected_after);
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
      return status >= 500 || status == 429 || status == 408;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return connected_after > 0 && proxy_status < 400;
    default:
      return false;
  }
}

HttpResult explain(CURL* curl, CURLcode code, long status, const char* details) {
  const bool transient = is_transient(curl, code, status);
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    return {fmt::format("HTTP status {}", status), transient};
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL && status >= 300) {
    return {"redirects to what is not HTTPS", transient};
  }
  return {*details != '\0' ? details : curl_easy_strerror(code), transient};
}

}  // namespace

void require_safe_url(const std::string& url) {
  const auto [scheme, loopback] = scheme_and_loopback(url);
  xtape::require<xtape::ValueError>(scheme == "https" || (scheme == "http" && loopback),
                                    "expected a URL that begins with https://, got {}", url);
}

HttpResult http_get(const std::string& url, const AppendFile& part, std::uint64_t limit,
                    const HttpLimits& limits, const HttpProgress& progress) {
  require_safe_url(url);
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Curl curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  xtape::require<xtape::Error>(curl != nullptr, "libcurl cannot start");
  Receiver receiver{curl.get(), part, limit, progress};
  std::array<char, CURL_ERROR_SIZE> details{};
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, details.data());
  set_up(curl.get(), url, limits, receiver);

  const CURLcode code = curl_easy_perform(curl.get());
  if (receiver.error != nullptr) {
    std::rethrow_exception(receiver.error);
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  HttpResult result;
  if (!receiver.problem.empty()) {
    result.problem = receiver.problem;
  } else if (status == 416 && receiver.offset > 0) {
    // Range not satisfiable: there is nothing to come after the part.
  } else if (code != CURLE_OK) {
    result = explain(curl.get(), code, status, details.data());
  }
  result.resumed = receiver.offset > 0;
  return result;
}

}  // namespace xtape::nn::datasets
