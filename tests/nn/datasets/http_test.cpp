#include "nn/datasets/http.hpp"

#include <chrono>
#include <string>

#include "tests/nn/datasets/file_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using xtape::nn::AppendFile;
using xtape::nn::datasets::http_get;
using xtape::nn::datasets::require_safe_url;

}  // namespace

TEST_CASE("http_get stops as soon as its progress callback says so, and keeps the part") {
  const TemporaryFolder folder;
  const AppendFile part(folder.write("part", std::string("begun")));
  const Listener server;  // accepts connections and never says a word
  const std::chrono::hours never(24);
  int calls = 0;
  std::uint64_t seen = 0;
  CHECK_THROWS_AS(http_get(server.url, part, 100, {never, never, never},
                           [&](std::uint64_t done, std::uint64_t) {
                             ++calls;
                             seen = done;
                             return false;
                           }),
                  xtape::nn::datasets::Stopped);
  CHECK(calls == 1);
  CHECK(seen == 5);
  CHECK(part.size() == 5);
}

TEST_CASE("http_get gives up on a request that takes too long, which may be tried again") {
  const TemporaryFolder folder;
  const AppendFile part(folder / "part");
  const Listener server;  // accepts connections and never says a word
  xtape::nn::datasets::HttpLimits limits;
  limits.total = std::chrono::seconds(1);
  const auto result = http_get(server.url, part, 100, limits, {});
  CHECK(result.problem.find("timed out") != std::string::npos);
  CHECK(result.transient);
  CHECK_FALSE(result.resumed);
}

TEST_CASE("http_get does not insist where nobody listens") {
  const TemporaryFolder folder;
  const AppendFile part(folder / "part");
  Listener server;
  server.close();
  const auto result = http_get(server.url, part, 100, {}, {});
  CHECK(result.problem.find("connect") != std::string::npos);
  CHECK_FALSE(result.transient);
}

TEST_CASE("URLs are safe over HTTPS, and over HTTP to this machine itself") {
  for (const char* url : {"https://example.com/", "http://127.0.0.1:8000/x", "http://[::1]:80/",
                          "http://localhost/", "https://user@example.com/"}) {
    CHECK_NOTHROW(require_safe_url(url));
  }
  for (const char* url :
       {"http://example.com/", "http://127.0.0.1.example.com/", "http://127.0.0.1@example.com/",
        "ftp://127.0.0.1/", "file:///etc/passwd", "example.com", "", "https://"}) {
    CHECK_FAILS(require_safe_url(url), xtape::ValueError,
                "expected a URL that begins with https://, got " + std::string(url));
  }
}
