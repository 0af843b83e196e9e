#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// What `FdWatch::wait` waits for, and what it saw: the bits of poll(2).
using PollEvents = std::uint32_t;

/// The leaf of `FdWatch::wait`.
class PollLeaf : public OperationLeaf<Poll> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;
  using OperationLeaf<Poll>::OperationLeaf;
  Result<PollEvents> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<PollEvents>(operation_.result);
  }
};

/// Readiness of an fd that somebody else owns: a C library's socket, a pipe, a device.
///
/// At most one watch of a number at a time, and none of an fd that Rota owns.
///
/// @threads any number of tasks of its worker at once
/// @loses nothing
/// @owns the fd stays its owner's, with its flags, and open until the watch is gone
/// @errors `operation_not_permitted`: a regular file, under epoll; `invalid_argument`: an fd of
/// FD_SETSIZE or more, under select
class FdWatch {
 public:
  /// Only in a task; throws std::bad_alloc.
  explicit FdWatch(int fd) : descriptor_(adopt_fd(fd, FdKind::stream, FdOwner::caller)) {}

  /// Until one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP) holds; an error or a hang-up
  /// always counts. The result is what holds.
  [[nodiscard]] Await<PollLeaf> wait(PollEvents events) noexcept {
    return Await<PollLeaf>(std::in_place, descriptor_.get(), events);
  }
  /// Ends the watch and waits until the driver has forgotten the fd.
  [[nodiscard]] Await<CloseLeaf> forget() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
  }

 private:
  DescriptorRef descriptor_;
};

/// One wait on a borrowed fd: until it can be read without blocking (or has ended, or failed).
///
/// @as FdWatch
/// @threads one task
[[nodiscard]] Task<Result<void>> readable(int fd);
/// The same for writing.
///
/// @as readable
[[nodiscard]] Task<Result<void>> writable(int fd);

}  // namespace rota::inline v0
