#include "nn/datasets/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using xtape::nn::File;
using xtape::nn::datasets::http_get;
using xtape::nn::datasets::require_safe_url;

/// A port of this machine where connections are accepted and nobody ever says a word.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 1) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
      throw std::runtime_error("no socket");
    }
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/file";
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() { close(); }

  void close() {
    if (socket_ >= 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }

  std::string url;

 private:
  int socket_;
};

}  // namespace

TEST_CASE("http_get stops as soon as its progress callback says so, and keeps the part") {
  const TemporaryFolder folder;
  const File part = File::to_append(folder.write("part", std::string("begun")));
  const SilentServer server;
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
  const File part = File::to_append(folder / "part");
  const SilentServer server;
  xtape::nn::datasets::HttpLimits limits;
  limits.total = std::chrono::seconds(1);
  const auto result = http_get(server.url, part, 100, limits, {});
  CHECK(result.problem.find("timed out") != std::string::npos);
  CHECK(result.transient);
  CHECK_FALSE(result.resumed);
}

TEST_CASE("http_get does not insist where nobody listens") {
  const TemporaryFolder folder;
  const File part = File::to_append(folder / "part");
  SilentServer server;
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
