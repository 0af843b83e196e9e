#pragma once

#include <rota/core/instant.hpp>

#include "driver/refusal.hpp"

#include <linux/aio_abi.h>

#include <cstddef>
#include <optional>
#include <span>

namespace rota::inline v0 {

/// A context of the kernel's asynchronous I/O (io_setup(2)) and its ring of events, which the
/// kernel fills and shows to this process. Used by one carrier at a time.
///
/// 1. The kernel copies an iocb when it is submitted, but knows a request by its address, which
///    must stay the request's until its event was taken.
/// 2. Every request that was submitted has one event. One for which the ring has no room is
///    refused.
/// 3. The ring's layout is no part of the documented interface (fs/aio.c: struct aio_ring), so it
///    is read only where its header says that it is the one known here; else, as under valgrind,
///    io_getevents(2) is asked.
class AioContext {
 public:
  AioContext() = default;
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;
  /// Waits for what is in flight.
  ~AioContext();

  /// For so many requests at once: 0, or the errno with which one of its calls was refused, which a
  /// filter may do to each of them.
  [[nodiscard]] int set_up(unsigned requests) noexcept;
  /// Why there is none, after `set_up` has failed.
  [[nodiscard]] Refusal refusal(int error) const;
  /// What `set_up` would be refused with now for want of room, told without a context: to end one
  /// takes the kernel 30 ms. Nothing where the system does not say how much room there is.
  [[nodiscard]] static std::optional<Refusal> lack_of_room(unsigned requests);
  [[nodiscard]] bool is_set_up() const noexcept { return id_ != 0; }

  /// How many of them, in order, the kernel took; a negative errno when it refused the first.
  [[nodiscard]] int submit(std::span<iocb*> requests) noexcept;
  /// 0: its event will come all the same, and early. Else an errno: it cannot be cancelled.
  [[nodiscard]] int cancel(iocb& request) noexcept;
  /// What has happened; without a system call where the ring is known.
  [[nodiscard]] std::size_t take(std::span<io_event> events) noexcept;
  /// The same, and where nothing has happened it waits until something has or the time has come.
  [[nodiscard]] std::size_t wait(std::span<io_event> events, Deadline until) noexcept;

 private:
  struct Ring;

  [[nodiscard]] int probe_calls() noexcept;

  aio_context_t id_ = 0;
  Ring* ring_ = nullptr;      ///< null where it is not known
  const char* refused_ = "";  ///< the call that was
};

}  // namespace rota::inline v0
