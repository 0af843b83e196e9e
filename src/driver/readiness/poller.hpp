#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>

#include "core/descriptor.hpp"
#include "driver/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

namespace rota::inline v0 {

/// From now on `interest` is waited for on the Descriptor, beside what was armed before. A level
/// poller reports the Descriptor once and disarms it altogether; an edge poller registers the fd
/// once, with everything, and needs no second Arm.
struct Arm {
  Descriptor* descriptor;
  std::uint8_t interest;
};

/// What was seen on a Descriptor, or that the kernel would not wait for it.
struct Ready {
  Descriptor* descriptor;
  std::uint8_t interest;
  int refused = 0;  ///< errno of an arm that failed: so does every operation that waits
};

/// A readiness mechanism. Used by one carrier at a time, except `wake`.
///
/// What an implementation owes:
/// 1. `turn` applies the arms, waits until something is ready, `until` passed or `wake` was
///    called, and fills `out` from its start; it returns how many it filled. A positive wait is
///    never shortened below `until` (round up), and EINTR is not the caller's business. `out` has
///    room for one report per arm at least.
/// 2. Readiness that already holds when a Descriptor is armed is reported.
/// 3. Spurious reports are allowed, but not one that would come again at once and for ever: what
///    nobody armed must not end a wait. A missing report never is allowed.
/// 4. After `forget` the Descriptor is not reported again, even if the kernel object lives on in
///    a dup'ed fd or a forked child. An edge-triggered poller, which keeps no list, may be asked by
///    any thread that owns the Descriptor, also while another one is in `turn`; what that turn had
///    seen already may then still be reported.
/// 5. `arm_refused` is asked before a Descriptor is used at all: 0, or the errno with which every
///    operation on it must fail (select: EINVAL for fd >= FD_SETSIZE). What only the attempt can
///    show (epoll: EPERM for a file, ENOSPC for too many watches) is reported as `refused`.
class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  virtual std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) = 0;
  virtual void forget(Descriptor& descriptor) noexcept = 0;
  virtual void wake() noexcept = 0;
  /// What ends a wait when the kernel writes to it, as `wake` does.
  [[nodiscard]] virtual int wake_number() const noexcept = 0;

  [[nodiscard]] virtual int arm_refused(const Descriptor& descriptor) const noexcept = 0;
  [[nodiscard]] virtual bool edge_triggered() const noexcept = 0;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

/// A poller that works here, or why there is none: every call that it needs has been tried.
using MadePoller = std::expected<std::unique_ptr<Poller>, Refusal>;

}  // namespace rota::inline v0
