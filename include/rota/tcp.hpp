#pragma once

#include <rota/address.hpp>
#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/move_leaf.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/stream.hpp>
#include <rota/result.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

class TcpStream;

/// Which half of a connection `shutdown` ends.
enum class ShutdownHalf : std::uint8_t { read, write, both };

/// The leaf of `TcpStream::connect`.
class ConnectLeaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit ConnectLeaf(const Address& to) noexcept;
  bool start(Runnable& self) noexcept;
  void refuse() noexcept { operation_.result = -ECANCELED; }
  Result<TcpStream> finish() noexcept;

 private:
  Address address_;
  Connect operation_;
  CancelNode node_;
  DescriptorRef descriptor_;
};

/// A TCP connection.
///
/// Thread class: *one task per direction*: one reads while another writes. Buffers are borrowed
/// until the call ends, and it ends only when nothing touches them any more. Cancelling a read
/// loses nothing; a cancelled write reports the bytes it moved, or, where every byte was asked for,
/// `operation_canceled` and the count through `written`. The destructor closes in the background;
/// `close` waits and reports.
///
/// A third task may close it as well, on any worker, once the reads and writes of the others have
/// begun: it ends them. What a task is only about to begin would meet a stream whose Descriptor is
/// gone; that the close comes before it or after it has begun is for the program to see to, by a
/// scope or an Event for example.
class TcpStream {
 public:
  /// Fails with what connect(2) says (`connection_refused`, `timed_out`, ...).
  [[nodiscard]] static Await<ConnectLeaf> connect(const Address& to) noexcept {
    return Await<ConnectLeaf>(std::in_place, to);
  }
  /// Takes charge of a connected socket. Only in a task.
  [[nodiscard]] static Result<TcpStream> from_fd(int fd);
  explicit TcpStream(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// At least one byte, or 0 at the end of the stream.
  [[nodiscard]] Await<CountLeaf<Transfer>> read(std::span<std::byte> into) noexcept {
    return Await<CountLeaf<Transfer>>(std::in_place, descriptor_.get(), OpCode::read, into.data(),
                                      into.size());
  }
  /// At least one byte.
  [[nodiscard]] Await<CountLeaf<Transfer>> write(std::span<const std::byte> from) noexcept;
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return Await<WholeWriteLeaf>(std::in_place, descriptor_.get(), OpCode::write, from, 0u,
                                 written);
  }
  /// Scattered over, or gathered from, several buffers, in one call of the kernel.
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> read_vector(std::span<iovec> into) noexcept;
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> write_vector(std::span<iovec> from) noexcept;

  /// Ends one half, at once: the peer reads 0, or this side does.
  Result<void> shutdown(ShutdownHalf half) noexcept;
  [[nodiscard]] Await<CloseLeaf> close() noexcept;

  /// Moves the connection to the worker that is named: from then on its driver waits for it, and
  /// tasks that run there use it without asking another worker. Nothing that the peer sends
  /// meanwhile is lost. Fails with `device_or_resource_busy` while a read or a write of another
  /// task is in flight, and then it stays where it is; so it does when the wait is refused by a
  /// stop, which cannot cancel a move that has begun. Fails with `bad_file_descriptor` once it was
  /// closed or moved from; nobody closes it meanwhile. Where workers steal, over epoll or io_uring,
  /// it follows its tasks by itself, sooner or later, also after this. Only in a task.
  [[nodiscard]] Await<MoveLeaf> move_to(WorkerIndex worker) noexcept;

  Result<void> set_no_delay(bool on) noexcept;
  Result<void> set_keep_alive(bool on) noexcept;
  /// On close: send what is left for at most so many seconds, for which `close` then waits
  /// on one of the `blocking_threads`; 0: reset the connection.
  Result<void> set_linger(int seconds) noexcept;
  Result<void> set_send_buffer_bytes(int bytes) noexcept;
  Result<void> set_receive_buffer_bytes(int bytes) noexcept;

  [[nodiscard]] Result<Address> local_address() const noexcept;
  [[nodiscard]] Result<Address> peer_address() const noexcept;
  /// For options that are not here, except SO_LINGER: what `set_linger` does not know of blocks the
  /// worker in close(2). The number stays the stream's.
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 private:
  DescriptorRef descriptor_;
};

struct ListenOptions {
  int backlog = 1024;
  bool reuse_address = true;
  bool reuse_port = false;  ///< several listeners share the port
  bool ipv6_only = false;

  ListenOptions() = default;
};

/// The multishot accept of a listener: lives until the listener's fd is closed and nobody is left
/// who waited on it.
struct AcceptState;

/// The leaf of `TcpListener::accept`.
class AcceptLeaf : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit AcceptLeaf(Descriptor* listener) noexcept : listener_(listener), away_(OpCode::accept) {}
  bool start(Runnable& self) noexcept;
  void refuse() noexcept {}
  Result<TcpStream> finish() noexcept;

 private:
  void stop() noexcept;

  Descriptor* listener_;
  AcceptState* state_ = nullptr;  ///< held from the start on the listener's worker to the finish
  Operation away_;  ///< the plain accept of a task that does not live on the listener's worker
  CancelNode node_;
  StreamResult accepted_{-ECANCELED, 0, 0};  ///< until there is a connection
  bool is_away_ = false;
};

/// A socket that accepts connections.
///
/// Thread class: *one task* accepts at a time. Cancelling an accept loses no connection. What was
/// accepted and not taken is closed with the listener.
class TcpListener {
 public:
  /// Binds and listens, without blocking. Only in a task. Port 0: see `local_address`.
  [[nodiscard]] static Result<TcpListener> bind(const Address& at,
                                                const ListenOptions& options = {});
  explicit TcpListener(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// Fails with what accept(2) says; `too_many_files_open` and the like come again at the next
  /// call as long as they hold.
  [[nodiscard]] Await<AcceptLeaf> accept() noexcept {
    return Await<AcceptLeaf>(std::in_place, descriptor_.get());
  }
  [[nodiscard]] Await<CloseLeaf> close() noexcept;
  /// As `TcpStream::move_to`, with the connections that were accepted and not taken. Busy: another
  /// task accepts, or more of them are kept than can travel at once; take some first.
  [[nodiscard]] Await<MoveLeaf> move_to(WorkerIndex worker) noexcept;
  [[nodiscard]] Result<Address> local_address() const noexcept;
  /// For options that are not here, except SO_LINGER, which accepted sockets inherit unseen.
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 private:
  DescriptorRef descriptor_;
};

}  // namespace rota::inline v0
