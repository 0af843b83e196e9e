#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/permits.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// Gives permits back when it is destroyed: what guards are made of. Move-only; any thread.
class [[nodiscard]] HeldPermits {
 public:
  HeldPermits(HeldPermits&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), count_(other.count_) {}
  HeldPermits& operator=(HeldPermits&& other) noexcept {
    if (this != &other) {
      give_back();
      from_ = std::exchange(other.from_, nullptr);
      count_ = other.count_;
    }
    return *this;
  }
  ~HeldPermits() { give_back(); }

 protected:
  HeldPermits(Permits& from, std::uint32_t count) noexcept : from_(&from), count_(count) {}

  [[nodiscard]] bool holds() const noexcept { return from_ != nullptr; }
  [[nodiscard]] std::uint32_t count() const noexcept { return holds() ? count_ : 0; }
  void give_back() noexcept {
    if (holds()) std::exchange(from_, nullptr)->give(count_);
  }
  [[nodiscard]] Permits* from() const noexcept { return from_; }
  void forget() noexcept { from_ = nullptr; }

 private:
  Permits* from_;  // null: what was moved from, or gave back
  std::uint32_t count_;
};

/// The guard of a lock. Any thread may unlock, once.
class LockGuard : public HeldPermits {
 public:
  /// What was moved from, or unlocked, holds nothing.
  void unlock() noexcept { give_back(); }
  [[nodiscard]] bool owns_lock() const noexcept { return holds(); }

 protected:
  using HeldPermits::HeldPermits;
};

/// The leaf of whatever yields a guard of permits.
template <class Guard>
class GuardLeaf : public PermitWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr bool yields_guard = true;
  static constexpr CancelLoss loses = CancelLoss::place;

  GuardLeaf(Permits& permits, std::uint32_t count) noexcept : PermitWait(permits, count) {}

  bool start(Runnable& self) noexcept { return permits().start(*this, self); }
  [[nodiscard]] Result<Guard> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return Guard(permits(), wanted);
  }

 private:
  [[nodiscard]] Permits& permits() const noexcept { return static_cast<Permits&>(room()); }
};

}  // namespace rota::inline v0
