#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/io_object.hpp>
#include <rota/core/stream_waits.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// Which half of a connection `shutdown` ends.
enum class ShutdownHalf : std::uint8_t { read, write, both };

/// What connections of every family have: bytes in both directions.
///
/// The destructor closes in the background; `close` waits and reports. A third task may close it as
/// well, on any worker, once the reads and writes of the others have begun: it ends them. What a
/// task is only about to begin would meet a stream whose Descriptor is gone; that the close comes
/// before it or after it has begun is for the program to see to, by a scope or an Event for
/// example.
///
/// @threads one task per direction: one reads while another writes
/// @loses nothing: bytes that moved are reported; `write_all` and `write_all_in_place` lose the
/// rest of their bytes, and say through `written` how many went
/// @owns the fd is the object's; a buffer is borrowed until the call ends, which is when nothing
/// touches it any more
/// @errors what recv(2) and send(2) say: `connection_reset`, `broken_pipe`, `timed_out`
class SocketStream : public IoObject {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// At least one byte, or 0 at the end of the stream.
  [[nodiscard]] CountAwait read(std::span<std::byte> into) noexcept {
    return read_stream(descriptor(), into);
  }
  /// At least one byte, in a buffer that the runtime lends, or an empty Lease at the end of the
  /// stream. A connection that waits holds no buffer: of ten thousand that are idle only those cost
  /// memory that have something to say. The buffer has 8 KiB, or 64 KiB where the connection keeps
  /// filling it; io_uring takes it from a ring of buffers (Linux 5.19).
  ///
  /// @loses nothing
  /// @owns the bytes are the Lease's
  /// @errors as `read`, and `not_enough_memory`
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept { return receive_stream(descriptor()); }
  /// At least one byte.
  [[nodiscard]] CountAwait write(std::span<const std::byte> from) noexcept {
    return write_stream(descriptor(), from);
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return write_stream_whole(descriptor(), from, written);
  }
  /// Every byte, from where they lie: io_uring has the kernel send them without a copy (Linux
  /// 6.7), and the wait ends when the peer has them and nobody reads them here any more. For what
  /// is large and goes to another machine. What is below 16 KiB is copied, so are the bytes of a
  /// connection that the kernel copies anyway, as on the loopback interface, and so are all with
  /// another driver. A wait that is cancelled, or ended by a close, before the peer has them resets
  /// the connection: nothing else makes the kernel let the bytes go.
  [[nodiscard]] Await<WholeWriteLeaf> write_all_in_place(std::span<const std::byte> from,
                                                         std::size_t* written = nullptr) noexcept {
    return write_stream_in_place(descriptor(), from, written);
  }
  /// Scattered over, or gathered from, several buffers, in one call of the kernel.
  [[nodiscard]] VectorAwait read_vector(std::span<iovec> into) noexcept {
    return read_stream_vector(descriptor(), into);
  }
  [[nodiscard]] VectorAwait write_vector(std::span<iovec> from) noexcept {
    return write_stream_vector(descriptor(), from);
  }

  /// Ends one half, at once: the peer reads 0, or this side does.
  Result<void> shutdown(ShutdownHalf half) noexcept;

  Result<void> set_send_buffer_bytes(int bytes) noexcept;
  Result<void> set_receive_buffer_bytes(int bytes) noexcept;

 protected:
  using IoObject::IoObject;
  SocketStream(SocketStream&&) noexcept = default;
  SocketStream& operator=(SocketStream&&) noexcept = default;
  ~SocketStream() = default;
};

/// How a socket's bytes are cut: not at all, or into messages with or without a connection.
enum class SocketType : std::uint8_t { stream, datagram, packets };

/// The part of a `connect` that does not depend on the family.
class ConnectWait {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  void refuse() noexcept { operation_.result = -ECANCELED; }

 protected:
  explicit ConnectWait(SocketType type) noexcept : operation_(nullptr, 0), type_(type) {}
  /// Makes the socket and starts. The address outlives the wait.
  [[nodiscard]] bool start_connect(Runnable& self, const void* address,
                                   std::uint32_t address_bytes) noexcept;
  /// The connected socket.
  [[nodiscard]] Result<DescriptorRef> take() noexcept;

 private:
  Connect operation_;
  CancelNode node_;
  DescriptorRef descriptor_;
  SocketType type_;
};

}  // namespace rota::inline v0
