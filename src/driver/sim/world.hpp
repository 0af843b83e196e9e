#pragma once

#include <rota/core/instant.hpp>

#include <poll.h>

#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// What the drivers of a simulated runtime share when it has several workers, one of which goes on
/// at a time: the clock, and the order in which they do.
class SimWorld {
 public:
  explicit SimWorld(Instant begin) noexcept : now_(begin) {}
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  virtual ~SimWorld() = default;

  /// Moved by whoever goes on.
  [[nodiscard]] Instant& clock() noexcept { return now_; }
  [[nodiscard]] Instant now() const noexcept { return now_; }
  /// For a driver that is made for this world.
  [[nodiscard]] virtual std::uint64_t draw_seed() noexcept = 0;
  /// By a driver that can complete nothing: others go on, and it does again when one of `polled` is
  /// ready or `until` has passed. Both stay as they are meanwhile.
  virtual void rest(std::span<pollfd> polled, Deadline until) noexcept = 0;

 private:
  Instant now_;
};

/// Real time that a network peer gets before virtual time passes it by: a byte on loopback arrives
/// soon, not at once.
inline constexpr int usual_network_grace_ms = 2;

/// Whether one of these becomes ready within `grace_ms` of real time. Given only where a socket is
/// among them other than a Unix one.
[[nodiscard]] bool network_comes_first(std::span<pollfd> polled, int grace_ms) noexcept;

}  // namespace rota::inline v0
