#pragma once

#include <rota/await.hpp>
#include <rota/core/io_object.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/stream_wait.hpp>
#include <rota/result.hpp>
#include <rota/socket_stream.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// The part of an `accept` that does not depend on the family.
class AcceptWait : public StreamWait {
 public:
  bool start(Runnable& self) noexcept;

 protected:
  explicit AcceptWait(Descriptor* listener) noexcept
      : StreamWait(listener), accept_(OpCode::accept) {}
  [[nodiscard]] Result<DescriptorRef> take() noexcept;

  // Beside the Stream, for the connection that this task alone has asked for.

  /// Whether that may come with a place instead of a number.
  [[nodiscard]] bool may_give_place(const Runnable& self) const noexcept;
  bool start_alone(Runnable& self, std::uint8_t flags) noexcept;
  bool end_alone(int error) noexcept;
  /// The connection is the Descriptor's that was reserved for it, which without one is given back.
  [[nodiscard]] Result<DescriptorRef> take_into(Descriptor& reserved) noexcept;

 private:
  Operation accept_;  ///< beside the Stream
};

/// The leaf of a listener's `accept`: what is accepted is a Stream of its family.
template <class Stream>
class AcceptLeaf : public AcceptWait {
 public:
  explicit AcceptLeaf(Descriptor* listener) noexcept : AcceptWait(listener) {}
  Result<Stream> finish() noexcept {
    Result<DescriptorRef> accepted = take();
    if (!accepted) return std::unexpected(accepted.error());
    return Stream(std::move(*accepted));
  }
};

/// What listeners of every family have.
///
/// For options that are not here, except SO_LINGER, which accepted sockets inherit unseen, there is
/// `fd`.
///
/// @threads one task accepts at a time
/// @loses nothing: no connection
/// @owns what was accepted and not taken is closed with the listener, and travels with `move_to`;
/// the path of a Unix socket stays
/// @errors what accept(2) says: `too_many_files_open` and other shortages, which come again at the
/// next call as long as they hold; `move_to`: `device_or_resource_busy` when another task accepts,
/// or more is kept than can travel at once: take some first
class SocketListener : public IoObject {
 public:
  /// Of the sockets that are accepted from now on; to be of use to a TCP receiver these are set
  /// before it connects.
  Result<void> set_send_buffer_bytes(int bytes) noexcept;
  Result<void> set_receive_buffer_bytes(int bytes) noexcept;

 protected:
  using IoObject::IoObject;
  SocketListener(SocketListener&&) noexcept = default;
  SocketListener& operator=(SocketListener&&) noexcept = default;
  ~SocketListener() = default;

  /// A socket that is to listen, with what `accept` keeps there.
  [[nodiscard]] static Result<DescriptorRef> open(int family, SocketType type) noexcept;
};

}  // namespace rota::inline v0
