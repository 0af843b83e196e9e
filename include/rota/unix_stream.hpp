#pragma once

#include <rota/await.hpp>
#include <rota/core/fd_leaves.hpp>
#include <rota/result.hpp>
#include <rota/socket_listener.hpp>
#include <rota/socket_stream.hpp>
#include <rota/task.hpp>
#include <rota/unix_address.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Who made the other end of a Unix socket, as the kernel saw it when the connection was made.
struct PeerCredentials {
  std::int32_t process = 0;  ///< 0 where it lives in a pid namespace that cannot be seen from here
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};

/// A Unix stream connection.
///
/// @as SocketStream
class UnixStream : public SocketStream {
 public:
  /// Connects. Where the listener's queue is full it waits for room, by asking again after pauses
  /// of 1 to 50 ms, since the kernel tells nobody of it.
  ///
  /// @as TcpStream::connect
  /// @errors what connect(2) says: `connection_refused` where nobody listens (a stale path too),
  /// `no_such_file_or_directory`, `permission_denied`, `wrong_protocol_type`; none for a full queue
  [[nodiscard]] static Task<Result<UnixStream>> connect(UnixAddress to);
  /// Two ends that are connected to each other. Only in a task.
  [[nodiscard]] static Result<std::pair<UnixStream, UnixStream>> pair();
  /// Takes charge of a connected socket. Only in a task.
  [[nodiscard]] static Result<UnixStream> from_fd(int fd);
  explicit UnixStream(DescriptorRef descriptor) noexcept : SocketStream(std::move(descriptor)) {}

  /// With open files beside the bytes, at least one of which there must be. Yields how many bytes
  /// went: the files went with the first of them.
  ///
  /// @loses nothing: the files go with the first byte or not at all
  /// @owns the files stay the caller's too; a buffer is borrowed until the call ends
  /// @errors what sendmsg(2) says; `invalid_argument`: more than 253 files
  [[nodiscard]] Await<SendFdsLeaf> send_with_fds(std::span<const std::byte> from,
                                                 std::span<const int> fds) noexcept {
    return Await<SendFdsLeaf>(std::in_place, descriptor(), from, fds);
  }
  /// The same for what comes; no bytes are the end. A read never goes beyond the bytes that files
  /// came with.
  ///
  /// @loses nothing
  /// @owns the files are the receiver's, closed on exec; those for which `fds` has no room are
  /// closed, and so are those that a plain `read` meets
  /// @errors what recvmsg(2) says; none for files that were lost: the result says `fds_truncated`
  [[nodiscard]] Await<ReceiveFdsLeaf> receive_with_fds(std::span<std::byte> into,
                                                       std::span<OwnedFd> fds) noexcept {
    return Await<ReceiveFdsLeaf>(std::in_place, descriptor(), into, fds);
  }

  [[nodiscard]] Result<PeerCredentials> peer_credentials() const noexcept;
  [[nodiscard]] Result<UnixAddress> local_address() const noexcept;
  [[nodiscard]] Result<UnixAddress> peer_address() const noexcept;
};

/// What `bind` does with a path that is there.
enum class StalePath : std::uint8_t {
  fail,     ///< `address_in_use`, whatever is there
  replace,  ///< a socket at which nobody listens makes way; anything else is `address_in_use`
};

/// How a UnixListener is bound.
struct UnixListenOptions {
  int backlog = 1024;
  StalePath stale_path = StalePath::fail;

  UnixListenOptions() = default;
};

/// A socket that accepts Unix stream connections.
///
/// A path stays in the file system when its listener is gone, closed or killed: the kernel keeps
/// it, and so does Rota, which cannot know whether another process has it by now. It is removed by
/// whoever knows (`unlink`), or replaced by the next `bind` that is told so. That looks whether
/// somebody listens there, removes the path and binds: two processes that do it at the same moment
/// may both succeed, and one of them is then at a path that is gone. Where that can happen a lock
/// file decides first. Abstract names end with their socket and have none of this, nor permissions:
/// see `UnixStream::peer_credentials`.
///
/// @as SocketListener
class UnixListener : public SocketListener {
 public:
  /// What it accepts.
  using Stream = UnixStream;

  /// Binds and listens, without blocking. Only in a task. Nowhere: the kernel chooses an abstract
  /// name, see `local_address`.
  [[nodiscard]] static Result<UnixListener> bind(const UnixAddress& at,
                                                 const UnixListenOptions& options = {});
  explicit UnixListener(DescriptorRef descriptor) noexcept
      : SocketListener(std::move(descriptor)) {}

  /// The next connection.
  [[nodiscard]] Await<AcceptLeaf<UnixStream>> accept() noexcept {
    return Await<AcceptLeaf<UnixStream>>(std::in_place, descriptor());
  }
  [[nodiscard]] Result<UnixAddress> local_address() const noexcept;
};

}  // namespace rota::inline v0
