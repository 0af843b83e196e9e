#include "net/unix_socket.hpp"

#include <rota/await.hpp>
#include <rota/time.hpp>

#include "base/unique_fd.hpp"
#include "net/socket.hpp"
#include "time/retry_pause.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace rota::inline v0 {
namespace {

/// One connect of a socket of its own.
class UnixConnectLeaf : public ConnectWait {
 public:
  UnixConnectLeaf(const UnixAddress& to, SocketType type) noexcept
      : ConnectWait(type), address_(to) {}
  bool start(Runnable& self) noexcept {
    return start_connect(self, address_.native(), address_.native_bytes());
  }
  Result<DescriptorRef> finish() noexcept { return take(); }

 private:
  const UnixAddress& address_;
};

Await<UnixConnectLeaf> connect_once(const UnixAddress& to, SocketType type) noexcept {
  return Await<UnixConnectLeaf>(std::in_place, to, type);
}

bool is_socket(const char* path) noexcept {
  struct stat about{};
  return ::lstat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

/// A connect that does not wait tells whether anybody is there: only a socket of nobody refuses.
bool is_deserted(const UnixAddress& at, SocketType type) noexcept {
  if (!is_socket(at.path().data())) return false;
  const UniqueFd probe(::socket(AF_UNIX, native_type(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return false;
  return ::connect(probe.number(), at.native(), at.native_bytes()) < 0 && errno == ECONNREFUSED;
}

template <class Asked>
Result<UnixAddress> address_by(Asked ask, int fd) noexcept {
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  auto& generic = reinterpret_cast<sockaddr&>(native);
  if (ask(fd, &generic, &length) < 0) return failure(errno);
  return UnixAddress::from_native(generic, length);
}

}  // namespace

Result<void> bind_unix(int fd, const UnixAddress& at, SocketType type, StalePath stale) noexcept {
  if (::bind(fd, at.native(), at.native_bytes()) == 0) return {};
  const int error = errno;
  const bool replaces = error == EADDRINUSE && stale == StalePath::replace && !at.path().empty();
  if (!replaces || !is_deserted(at, type)) return failure(error);
  if (::unlink(at.path().data()) < 0 && errno != ENOENT) return failure(errno);
  if (::bind(fd, at.native(), at.native_bytes()) < 0) return failure(errno);
  return {};
}

Result<void> listen_unix(int fd, const UnixAddress& at, SocketType type,
                         const UnixListenOptions& options) noexcept {
  auto bound = bind_unix(fd, at, type, options.stale_path);
  if (bound && ::listen(fd, options.backlog) < 0) return failure(errno);
  return bound;
}

Task<Result<DescriptorRef>> connect_unix(UnixAddress to, SocketType type) {
  RetryPause pause;
  for (;;) {
    Result<DescriptorRef> connected = co_await connect_once(to, type);
    if (connected || !has_no_room(connected.error())) co_return connected;
    Result<void> paused = co_await sleep(pause.next());
    if (!paused) co_return std::unexpected(paused.error());
  }
}

Result<std::pair<DescriptorRef, DescriptorRef>> unix_pair(SocketType type) noexcept {
  int ends[2];
  if (::socketpair(AF_UNIX, native_type(type) | socket_flags(), 0, ends) < 0) return failure(errno);
  auto first = adopt_socket(ends[0]);
  auto second = adopt_socket(ends[1]);
  if (!first) return std::unexpected(first.error());
  if (!second) return std::unexpected(second.error());
  return std::pair(std::move(*first), std::move(*second));
}

Result<UnixAddress> local_unix_address_of(int fd) noexcept { return address_by(::getsockname, fd); }

Result<UnixAddress> peer_unix_address_of(int fd) noexcept { return address_by(::getpeername, fd); }

Result<PeerCredentials> peer_credentials_of(int fd) noexcept {
  ucred native{};
  socklen_t length = sizeof native;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &native, &length) < 0) return failure(errno);
  return PeerCredentials{native.pid, native.uid, native.gid};
}

}  // namespace rota::inline v0
