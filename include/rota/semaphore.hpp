#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/held_permits.hpp>
#include <rota/core/permits.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace rota::inline v0 {

class Semaphore;

/// Permits of a Semaphore, given back when this is destroyed, or released before. Move-only.
class SemaphorePermits : public HeldPermits {
 public:
  using HeldPermits::count;
  /// Any thread; once.
  void release() noexcept { give_back(); }
  /// They do not go back by themselves: whoever has them calls `Semaphore::release`.
  using HeldPermits::forget;

 private:
  friend class GuardLeaf<SemaphorePermits>;
  friend class Semaphore;

  using HeldPermits::HeldPermits;
};
/// The leaf of `Semaphore::acquire`.
using SemaphoreLeaf = GuardLeaf<SemaphorePermits>;

/// A number of permits, of which tasks take some and give them back: how many may do a thing at
/// once.
///
/// Fair for any counts: a task that wants many is not passed by those that want few, however many
/// there are; the permits that come in gather for it. At most `max_permits`. 16 bytes, and 48 of a
/// task that waits.
///
/// @threads any
/// @loses its place in the line, however many permits it wanted; those behind it are let in; one
/// that was given its permits at the same moment has them
/// @owns permits are their object's, until it gives them back or forgets them; the semaphore
/// outlives permits and waiters
/// @errors none
///
///     Result<SemaphorePermits> permits = co_await semaphore.acquire(3);
class Semaphore {
 public:
  static constexpr std::uint32_t max_permits = PermitWord::kMost;

  explicit Semaphore(std::uint32_t permits) noexcept : permits_(checked(permits)) {}
  ~Semaphore() {
    check_usage(!permits_.anybody_waits(), "a Semaphore was destroyed while tasks wait for it");
  }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// Waits for so many at once. More than there ever are never come.
  [[nodiscard]] Await<SemaphoreLeaf> acquire(std::uint32_t count = 1) noexcept {
    return Await<SemaphoreLeaf>(std::in_place, permits_, checked(count));
  }
  /// Empty: there are fewer, or somebody waits for some. Never waits.
  [[nodiscard]] std::optional<SemaphorePermits> try_acquire(std::uint32_t count = 1) noexcept;
  /// Adds permits: those that were forgotten, or new ones.
  void release(std::uint32_t count = 1) noexcept {
    check_usage(count <= max_permits - permits_.available(),
                "a Semaphore was given too many permits");
    permits_.give(count);
  }
  /// How many are there now; old news when it arrives.
  [[nodiscard]] std::uint32_t available() const noexcept { return permits_.available(); }

 private:
  static std::uint32_t checked(std::uint32_t count) noexcept {
    check_usage(count <= max_permits, "a Semaphore has 2^31 - 1 permits at the most");
    return count;
  }

  Permits permits_;
};

}  // namespace rota::inline v0
