#pragma once

#include <rota/address.hpp>
#include <rota/await.hpp>
#include <rota/core/ahead_leaf.hpp>
#include <rota/direct_stream.hpp>
#include <rota/result.hpp>
#include <rota/socket_listener.hpp>
#include <rota/socket_stream.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

class TcpStream;

/// The leaf of `TcpStream::connect`.
class ConnectLeaf : public ConnectWait {
 public:
  explicit ConnectLeaf(const Address& to) noexcept
      : ConnectWait(SocketType::stream), address_(to) {}
  bool start(Runnable& self) noexcept {
    return start_connect(self, address_.native(), address_.native_bytes());
  }
  Result<TcpStream> finish() noexcept;

 private:
  Address address_;
};

/// When the kernel asks a silent peer whether it is still there, and when it gives it up, so that
/// what waits for it ends with `timed_out`.
struct KeepAlive {
  int idle_seconds = 60;      ///< of silence before the first question
  int interval_seconds = 10;  ///< between questions that are not answered
  int questions = 6;          ///< before it is given up

  KeepAlive() = default;
};

/// A TCP connection.
///
/// @as SocketStream
class TcpStream : public SocketStream {
 public:
  /// Makes a connection.
  ///
  /// @threads one task
  /// @loses nothing: the socket is closed
  /// @owns the address is copied
  /// @errors what socket(2) and connect(2) say: `connection_refused`, `timed_out`,
  /// `host_unreachable`, `network_unreachable`, `too_many_files_open`
  [[nodiscard]] static Await<ConnectLeaf> connect(const Address& to) noexcept {
    return Await<ConnectLeaf>(std::in_place, to);
  }
  /// Takes charge of a connected socket. Only in a task.
  [[nodiscard]] static Result<TcpStream> from_fd(int fd);
  explicit TcpStream(DescriptorRef descriptor) noexcept : SocketStream(std::move(descriptor)) {}

  /// As `receive`, and once this was called the runtime may receive before it is asked: io_uring
  /// has one request for all that comes (Linux 6.0), and messages that follow each other share
  /// buffers (6.16). For many small messages. What is here already waits for whoever reads the
  /// connection next, by this or another call of it; some 16 messages, then the rest waits in the
  /// socket. With another driver, and where tasks move between workers, it is `receive`. Each that
  /// waits keeps its buffer, so a connection that is left lying keeps memory of the worker.
  ///
  /// Bytes may have left the socket: who reads behind the connection's back, through `fd` or in
  /// another process, misses them, a wait for the socket to be readable does not see them, and to
  /// have read past urgent data ends a wait for that. `move_to` fails with
  /// `device_or_resource_busy` when more is here than can travel: receive some first.
  ///
  /// @threads one task
  /// @loses nothing
  /// @owns the bytes are the Lease's; with a shared buffer it keeps all of its 64 KiB
  /// @errors as `receive`
  [[nodiscard]] Await<AheadLeaf> receive_ahead() noexcept {
    return Await<AheadLeaf>(std::in_place, descriptor());
  }

  Result<void> set_no_delay(bool on) noexcept;
  /// With the system's times.
  Result<void> set_keep_alive(bool on) noexcept;
  Result<void> set_keep_alive(const KeepAlive& times) noexcept;
  /// On close: send what is left for at most so many seconds, for which `close` then waits
  /// on one of the `blocking_threads`; 0: reset the connection. What was set behind its back, by
  /// SO_LINGER on `fd`, blocks the worker in close(2).
  Result<void> set_linger(int seconds) noexcept;

  [[nodiscard]] Result<Address> local_address() const noexcept;
  [[nodiscard]] Result<Address> peer_address() const noexcept;
};

/// How a TcpListener is bound.
struct ListenOptions {
  int backlog = 1024;
  bool reuse_address = true;
  bool reuse_port = false;  ///< several listeners share the port
  bool ipv6_only = false;   ///< false: an IPv6 listener on [::] takes IPv4 connections too

  ListenOptions() = default;
};

/// A socket that accepts TCP connections.
///
/// @as SocketListener
class TcpListener : public SocketListener {
 public:
  /// What it accepts.
  using Stream = TcpStream;

  /// Binds and listens, without blocking. Only in a task. Port 0: see `local_address`.
  [[nodiscard]] static Result<TcpListener> bind(const Address& at,
                                                const ListenOptions& options = {});
  explicit TcpListener(DescriptorRef descriptor) noexcept : SocketListener(std::move(descriptor)) {}

  /// The next connection.
  [[nodiscard]] Await<AcceptLeaf<TcpStream>> accept() noexcept {
    return Await<AcceptLeaf<TcpStream>>(std::in_place, descriptor());
  }
  /// The next connection, without a file descriptor where that can be: see DirectStream. It takes
  /// what `accept` would have got next.
  [[nodiscard]] Await<DirectAcceptLeaf> accept_direct() noexcept {
    return Await<DirectAcceptLeaf>(std::in_place, descriptor());
  }
  [[nodiscard]] Result<Address> local_address() const noexcept;
};

}  // namespace rota::inline v0
