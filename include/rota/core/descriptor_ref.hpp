#pragma once

#include <rota/core/operation.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What a file descriptor is, as far as a driver must know.
enum class FdKind : std::uint8_t {
  socket,  ///< readiness has a meaning and recv/send work
  stream,  ///< readiness has a meaning; read/write (a pipe, an eventfd, a tty)
  shared,  ///< the same, and others have the same open file: its O_NONBLOCK is not Rota's to set
  file,    ///< always "ready": a file engine's
};

/// Who closes the number.
enum class FdOwner : std::uint8_t { runtime, caller };

/// Gives an fd to the runtime of the current task. Only in a task; throws std::bad_alloc.
[[nodiscard]] Descriptor& adopt_fd(int fd, FdKind kind, FdOwner owner = FdOwner::runtime);
/// A Descriptor of the current task's worker that has neither a number nor a place yet: for whoever
/// must not find that there is no memory for one once a connection has come. Only in a task; throws
/// std::bad_alloc. `release_closed` gives it back.
[[nodiscard]] Descriptor& reserve_socket();
/// Makes it the owner of what an accept with op_wants_place came back with.
void own_accepted(Descriptor& reserved, const Operation& accept) noexcept;
/// Ends what is in flight and closes the fd, in the background. Any thread.
void abandon(Descriptor& descriptor) noexcept;
/// The Descriptor's close has completed: gives its place back.
void release_closed(Descriptor& descriptor) noexcept;
/// The flags that new sockets are made with here (SOCK_CLOEXEC, and SOCK_NONBLOCK where the
/// driver waits for readiness). Only in a task.
[[nodiscard]] int socket_flags() noexcept;

/// The owning reference to a Descriptor. Move-only; the destructor abandons.
class DescriptorRef {
 public:
  DescriptorRef() = default;
  explicit DescriptorRef(Descriptor& descriptor) noexcept : descriptor_(&descriptor) {}
  DescriptorRef(DescriptorRef&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  DescriptorRef& operator=(DescriptorRef&& other) noexcept {
    if (this != &other) {
      if (descriptor_ != nullptr) abandon(*descriptor_);
      descriptor_ = std::exchange(other.descriptor_, nullptr);
    }
    return *this;
  }
  ~DescriptorRef() {
    if (descriptor_ != nullptr) abandon(*descriptor_);
  }

  explicit operator bool() const noexcept { return descriptor_ != nullptr; }
  [[nodiscard]] Descriptor& operator*() const noexcept { return *descriptor_; }
  [[nodiscard]] Descriptor* get() const noexcept { return descriptor_; }
  [[nodiscard]] Descriptor* release() noexcept { return std::exchange(descriptor_, nullptr); }

 private:
  Descriptor* descriptor_ = nullptr;
};

/// The number; -1 where it was given up.
[[nodiscard]] int fd_of(const DescriptorRef& descriptor) noexcept;

}  // namespace rota::inline v0
