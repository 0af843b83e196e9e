#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/stream_waits.hpp>
#include <rota/result.hpp>
#include <rota/socket_listener.hpp>
#include <rota/socket_stream.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rota::inline v0 {

class DirectStream;
class TcpStream;

/// The leaf of `TcpListener::accept_direct`.
class DirectAcceptLeaf : public AcceptWait {
 public:
  explicit DirectAcceptLeaf(Descriptor* listener) noexcept : AcceptWait(listener) {}
  bool start(Runnable& self) noexcept;
  Result<DirectStream> finish() noexcept;

 private:
  Descriptor* reserved_ = nullptr;  ///< where a connection may come without a number: its owner
};

/// The leaf of `DirectStream::install`.
class InstallLeaf : public OperationLeaf<Operation> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit InstallLeaf(DescriptorRef& connection) noexcept
      : OperationLeaf(connection.get(), OpCode::install), connection_(connection) {}
  Result<TcpStream> finish() noexcept;

 private:
  DescriptorRef& connection_;
};

/// A connection that needs no file descriptor: under io_uring (Linux 6.14) its worker's ring has a
/// place for it, and the table of file descriptors of the process does not know it: it is none of
/// those that RLIMIT_NOFILE allows, no program that is started inherits it, and to accept and to
/// close it takes no lock of that table.
///
/// A ring has places for as many connections as RLIMIT_NOFILE says, less 512, and for 16 384 at
/// most; each worker has a ring. Where there is no place, the connection has a file descriptor and
/// everything else is the same: with another driver or an older kernel, once all places are taken,
/// in a runtime whose tasks move between workers, for a task that does not live on the listener's
/// worker, and of a listener whose `accept` was called before, which goes on with numbers.
///
/// It offers what needs no file descriptor. Whoever wants the peer's address, an option or another
/// worker has it given one by `install`. It takes as much time as a TcpStream does.
///
/// The destructor closes in the background; `close` waits and reports. Moved from or closed it has
/// no connection, and whatever is asked of it fails with `bad_file_descriptor`. What a third task
/// may close, see SocketStream.
///
/// @as SocketStream
/// @loses nothing: bytes that moved are reported; `write_all` loses the rest of its bytes, and
/// says through `written` how many went
/// @owns the connection is the object's; a buffer is borrowed until the call ends, which is when
/// nothing touches it any more
class DirectStream {
 public:
  explicit DirectStream(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// At least one byte, or 0 at the end of the stream.
  [[nodiscard]] CountAwait read(std::span<std::byte> into) noexcept {
    return read_stream(descriptor_.get(), into);
  }
  /// At least one byte, in a buffer that the runtime lends: see SocketStream.
  ///
  /// @loses nothing
  /// @owns the bytes are the Lease's
  /// @errors as `read`, and `not_enough_memory`
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept { return receive_stream(descriptor_.get()); }
  /// At least one byte.
  [[nodiscard]] CountAwait write(std::span<const std::byte> from) noexcept {
    return write_stream(descriptor_.get(), from);
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return write_stream_whole(descriptor_.get(), from, written);
  }
  /// Scattered over, or gathered from, several buffers, in one call of the kernel.
  [[nodiscard]] VectorAwait read_vector(std::span<iovec> into) noexcept {
    return read_stream_vector(descriptor_.get(), into);
  }
  [[nodiscard]] VectorAwait write_vector(std::span<iovec> from) noexcept {
    return write_stream_vector(descriptor_.get(), from);
  }

  /// Ends one half: the peer reads 0, or this side does. A stop keeps it from beginning, and does
  /// not undo it.
  [[nodiscard]] Await<StatusLeaf<ShutDown>> shutdown(ShutdownHalf half) noexcept;

  /// Gives it a file descriptor, and with it to the TcpStream that it yields: this one is left
  /// without a connection. When that fails, or is cancelled first, nothing has changed. What other
  /// tasks wait for meanwhile goes on. It is neither moved nor destroyed before it is done.
  ///
  /// @threads one task
  /// @loses nothing: the connection stays here
  /// @owns the connection is the TcpStream's
  /// @errors `too_many_files_open`
  [[nodiscard]] Await<InstallLeaf> install() noexcept {
    return Await<InstallLeaf>(std::in_place, descriptor_);
  }

  /// Ends what is in flight, waits for it and closes; reports what close(2) does.
  [[nodiscard]] Await<CloseLeaf> close() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
  }

 private:
  DescriptorRef descriptor_;
};

}  // namespace rota::inline v0
