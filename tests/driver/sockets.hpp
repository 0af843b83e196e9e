#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

/// Real descriptors for the tests: loopback, port 0, closed by their owner. A failure of one of
/// these calls ends the test program: nothing that follows would mean anything.
namespace rota::testing_sockets {

[[noreturn]] inline void fail(const char* call) {
  std::perror(call);
  std::abort();
}

inline int checked(int result, const char* call) {
  if (result < 0) fail(call);
  return result;
}

inline void wait_for(int number, short events) {
  pollfd asked{number, events, 0};
  while (::poll(&asked, 1, -1) < 0) {
    if (errno != EINTR) fail("poll");
  }
}

/// Until so many bytes of the stream can be read; up to the urgent mark, if there is one.
inline void wait_for_bytes(int number, int bytes) {
  int there = 0;
  while (there < bytes) {
    checked(::ioctl(number, FIONREAD, &there), "FIONREAD");
    std::this_thread::yield();
  }
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { close(); }

  static Fd tcp_socket() {
    return Fd(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
  }
  static Fd udp_socket() {
    return Fd(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
  }
  static Fd unix_socket() {
    return Fd(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
  }

  [[nodiscard]] int number() const { return number_; }
  /// Leaves the number to someone else, who closes it.
  int release() { return std::exchange(number_, -1); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  /// A close that sends RST instead of FIN.
  void reset() {
    const linger at_once{1, 0};
    checked(::setsockopt(number_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
    close();
  }
  void set_option(int option, int value) const {
    checked(::setsockopt(number_, SOL_SOCKET, option, &value, sizeof value), "setsockopt");
  }
  void wait_for(short events) const { testing_sockets::wait_for(number_, events); }
  void send(std::string_view data, int flags = 0) const {
    const ssize_t sent = ::send(number_, data.data(), data.size(), flags | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(data.size())) fail("send");
  }
  /// At least one byte, as many as there are; 0 is the end.
  [[nodiscard]] std::size_t receive_some(std::size_t most) const {
    std::string buffer(most, '\0');
    wait_for(POLLIN);
    const ssize_t count = ::recv(number_, buffer.data(), most, 0);
    if (count < 0) fail("recv");
    return static_cast<std::size_t>(count);
  }

 private:
  int number_ = -1;
};

class Listener : public Fd {
 public:
  Listener() : Fd(Fd::tcp_socket()) {
    auto* mine = reinterpret_cast<sockaddr_in*>(&address_);
    mine->sin_family = AF_INET;
    mine->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(sockaddr_in);
    checked(::bind(number(), address(), bytes), "bind");
    checked(::listen(number(), 1024), "listen");
    checked(::getsockname(number(), reinterpret_cast<sockaddr*>(&address_), &bytes), "name");
  }

  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] static socklen_t address_bytes() { return sizeof(sockaddr_in); }
  [[nodiscard]] sockaddr_storage stored_address() const { return address_; }

  /// A client whose connection is in the queue of this listener.
  [[nodiscard]] Fd connect_client() const {
    Fd client = Fd::tcp_socket();
    if (::connect(client.number(), address(), address_bytes()) < 0 && errno != EINPROGRESS) {
      fail("connect");
    }
    client.wait_for(POLLOUT);
    return client;
  }

 private:
  sockaddr_storage address_{};
};

/// Bound to a name that the kernel picks.
class UnixListener : public Fd {
 public:
  explicit UnixListener(int backlog) : Fd(Fd::unix_socket()) {
    address_.sun_family = AF_UNIX;
    checked(::bind(number(), address(), sizeof(sa_family_t)), "bind");
    checked(::listen(number(), backlog), "listen");
    bytes_ = sizeof address_;
    checked(::getsockname(number(), reinterpret_cast<sockaddr*>(&address_), &bytes_), "name");
  }

  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] socklen_t address_bytes() const { return bytes_; }

 private:
  sockaddr_un address_{};
  socklen_t bytes_ = 0;
};

struct SocketPair {
  Fd near;
  Fd far;

  /// Both ends in O_NONBLOCK mode and without Nagle's delay.
  static SocketPair tcp() {
    const Listener listener;
    SocketPair pair;
    pair.far = listener.connect_client();
    listener.wait_for(POLLIN);
    pair.near = Fd(checked(
        ::accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept"));
    for (const Fd* end : {&pair.near, &pair.far}) {
      const int on = 1;
      checked(::setsockopt(end->number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "NODELAY");
    }
    return pair;
  }

  static SocketPair blocking_unix() {
    int ends[2];
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
    return {Fd(ends[0]), Fd(ends[1])};
  }
};

/// Two datagram sockets that know nobody else.
inline void connect_to_each_other(const Fd& one, const Fd& other) {
  const Fd* ends[] = {&one, &other};
  sockaddr_in names[2]{};
  for (int i = 0; i < 2; ++i) {
    names[i].sin_family = AF_INET;
    names[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&names[i]);
    socklen_t bytes = sizeof names[i];
    checked(::bind(ends[i]->number(), name, bytes), "bind");
    checked(::getsockname(ends[i]->number(), name, &bytes), "name");
  }
  for (int i = 0; i < 2; ++i) {
    const auto* name = reinterpret_cast<const sockaddr*>(&names[1 - i]);
    checked(::connect(ends[i]->number(), name, sizeof names[0]), "connect");
  }
}

struct Pipe {
  Fd reader;
  Fd writer;

  Pipe() {
    int ends[2];
    checked(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), "pipe2");
    reader = Fd(ends[0]);
    writer = Fd(ends[1]);
  }
};

/// In the directory for temporary files, gone with its owner.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory != nullptr ? directory : "/tmp") + "/rota-test-XXXXXX";
    fd_ = Fd(checked(::mkostemp(path_.data(), O_CLOEXEC), "mkostemp"));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }

  [[nodiscard]] int number() const { return fd_.number(); }
  int release() { return fd_.release(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  void write_at(const std::string& data, off_t offset) const {
    const ssize_t written = ::pwrite(number(), data.data(), data.size(), offset);
    if (written != static_cast<ssize_t>(data.size())) fail("pwrite");
  }

 private:
  std::string path_;
  Fd fd_;
};

/// A number that is not open while the test runs alone.
inline int closed_number() {
  Fd fd = Fd::unix_socket();
  const int number = fd.number();
  fd.close();
  return number;
}

}  // namespace rota::testing_sockets
