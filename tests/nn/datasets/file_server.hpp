#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A port of this machine on which somebody listens.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
      throw std::runtime_error("no socket");
    }
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  void close() {
    if (socket_ >= 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }

  int socket() const { return socket_; }

  std::string url;

 private:
  int socket_;
};

/// A server that has one file, and answers one request on each connection (RFC 9110).
class FileServer {
 public:
  FileServer(const std::string& path, std::string content)
      : url(listener_.url),
        path_(path),
        content_(std::move(content)),
        thread_([this] { serve(); }) {}
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;
  ~FileServer() {
    ::shutdown(listener_.socket(), SHUT_RDWR);  // accept() returns
    thread_.join();
  }

  /// Returns the first byte that each request asked for, or what else the request was.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  Listener listener_;

 public:
  const std::string url;

 private:
  void serve() {
    for (int client; (client = ::accept(listener_.socket(), nullptr, nullptr)) >= 0;) {
      std::string request;
      char piece[1024];
      for (ssize_t count; request.find("\r\n\r\n") == request.npos &&
                          (count = ::recv(client, piece, sizeof(piece), 0)) > 0;) {
        request.append(piece, static_cast<std::size_t>(count));
      }
      const std::string reply = answer(request);
      ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
      ::close(client);
    }
  }

  std::string answer(const std::string& request) {
    const std::string range = "Range: bytes=";
    const std::size_t at = request.find(range);
    const std::size_t start =
        at == request.npos ? 0 : std::stoul(request.substr(at + range.size()));
    const bool known = request.starts_with("GET " + path_ + " ");
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(known ? std::to_string(start) : request);
    }
    if (!known || start >= content_.size()) {
      return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    const std::string part = content_.substr(start);
    return fmt::format(
               "HTTP/1.1 {}\r\nContent-Length: {}\r\nContent-Range: bytes {}-{}/{}\r\n"
               "Connection: close\r\n\r\n",
               start > 0 ? "206 Partial Content" : "200 OK", part.size(), start,
               content_.size() - 1, content_.size()) +
           part;
  }

  std::string path_, content_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};
