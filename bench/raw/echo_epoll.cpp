// The limit for readiness: an echo server written by hand over edge-triggered epoll. One hot
// buffer for all connections, read then write at once; a short read says that the socket is empty
// and saves the read that would only return EAGAIN. A connection that always has data is served for
// as long as it has, unless a budget says after how many bytes the others come first:
// `raw_echo_epoll [BUDGET_BYTES]`.

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server_life.hpp"

namespace {

using rota::bench::fail;

constexpr std::size_t hot_buffer_bytes = 64U * 1024U;

struct Connection {
  int fd = -1;
  std::string unsent;    ///< Only while the socket's send buffer is full.
  bool waiting = false;  ///< Has used its budget: in `waiting_`.
};

class EchoServer {
 public:
  EchoServer(int listener, std::size_t budget_bytes)
      : listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)), budget_bytes_(budget_bytes) {
    if (epoll_ < 0) fail("epoll_create1", errno);
    watch(listener_, EPOLLIN | EPOLLET, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> ready;
    for (;;) {
      const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                     waiting_.empty() ? -1 : 0);
      if (count < 0) {
        if (errno == EINTR) continue;
        fail("epoll_wait", errno);
      }
      for (const epoll_event& event : std::span(ready).first(static_cast<std::size_t>(count))) {
        auto* connection = static_cast<Connection*>(event.data.ptr);
        if (connection == nullptr) {
          accept_all();
        } else if (!connection->waiting) {
          serve(connection);
        }
      }
      for (Connection* connection : std::exchange(waiting_, {})) {
        connection->waiting = false;
        serve(connection);
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t events, Connection* connection) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = connection;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl", errno);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
              new Connection{.fd = fd, .unsent = {}, .waiting = false});
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        fail("accept4", errno);
      }
    }
  }

  void serve(Connection* connection) {
    if (!flush(*connection) || !echo(*connection)) {
      ::close(connection->fd);
      delete connection;
    }
  }

  /// False when the connection is over.
  bool flush(Connection& connection) {
    if (connection.unsent.empty()) return true;
    const ssize_t put =
        ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), 0);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    connection.unsent.erase(0, static_cast<std::size_t>(put));
    return true;
  }

  bool echo(Connection& connection) {
    for (std::size_t echoed = 0; connection.unsent.empty();) {
      if (echoed >= budget_bytes_) {
        connection.waiting = true;
        waiting_.push_back(&connection);
        return true;
      }
      const ssize_t got = ::recv(connection.fd, hot_buffer_.data(), hot_buffer_.size(), 0);
      if (got == 0) return false;
      if (got < 0) {
        if (errno == EINTR) continue;
        return errno == EAGAIN;
      }
      const auto bytes = static_cast<std::size_t>(got);
      echoed += bytes;
      if (!send_or_keep(connection, std::span(hot_buffer_).first(bytes))) return false;
      if (bytes < hot_buffer_.size()) return true;
    }
    return true;
  }

  static bool send_or_keep(Connection& connection, std::span<const char> data) {
    const ssize_t put = ::send(connection.fd, data.data(), data.size(), 0);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
    const auto done = static_cast<std::size_t>(put < 0 ? 0 : put);
    if (done < data.size()) connection.unsent.append(data.data() + done, data.size() - done);
    return true;
  }

  int listener_;
  int epoll_;
  std::size_t budget_bytes_;
  std::vector<Connection*> waiting_;
  std::array<char, hot_buffer_bytes> hot_buffer_;
};

}  // namespace

int main(int count, char** words) {
  constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  const std::size_t budget = count > 1 ? std::stoul(words[1]) : none;
  static EchoServer server(rota::bench::listen_and_announce(), budget);
  server.run();
}
