#pragma once

#include <rota/core/spin_lock.hpp>

#include <array>
#include <cstddef>
#include <new>

namespace rota::inline v0 {

/// How a stack ends below: see StackPool.
enum class StackGuard : unsigned char { installed, protection };

/// The part of a mapping that a fiber may use; the guard lies below `lowest`.
struct StackMemory {
  std::byte* lowest = nullptr;
  std::size_t bytes = 0;
  StackGuard guard = StackGuard::installed;
};

/// No further stack can be had, and why.
class StackLimit : public std::bad_alloc {
 public:
  explicit StackLimit(const char* why) noexcept : why_(why) {}
  [[nodiscard]] const char* what() const noexcept override { return why_; }

 private:
  const char* why_;
};

/// Stacks for fibers. Any thread.
///
/// 1. Below each stack lies a page that cannot be touched: an overflow ends the process there and
///    never writes into somebody else's memory. There is no stack without it.
/// 2. The guard is installed by MADV_GUARD_INSTALL where the kernel has it (6.13): neighbouring
///    stacks are then one map of the process, and 100 000 of them cost 47 maps. Else it is a page
///    of its own protection, two maps per stack, and their number is counted: the process's limit
///    (vm.max_map_count) would otherwise be met by the next malloc that maps, anywhere.
/// 3. Sizes are powers of two. A stack that comes back is kept for the next fiber, up to
///    `Limits::kept` of all sizes; what is more is unmapped. A kept stack keeps its touched pages.
class StackPool {
 public:
  struct Limits {
    std::size_t kept;               ///< stacks that wait for the next fiber
    std::size_t by_protection;      ///< stacks with a guard of their own protection, in all
  };

  StackPool(StackGuard first_choice, Limits limits) noexcept
      : limits_(limits), guard_(first_choice) {}
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  /// Every stack must have come back.
  ~StackPool();

  /// The pool of the process; it is never destroyed, as fibers may outlive main.
  static StackPool& process();
  /// What the kernel's limits leave for stacks, after a reserve for everybody else.
  static Limits limits_of_process() noexcept;

  /// At least `bytes`. Throws StackLimit.
  [[nodiscard]] StackMemory acquire(std::size_t bytes);
  void release(StackMemory stack) noexcept;

  /// Stacks given out and not yet back.
  [[nodiscard]] std::size_t live() noexcept;
  [[nodiscard]] std::size_t kept() noexcept;
  [[nodiscard]] StackGuard guard() noexcept;

 private:
  static constexpr std::size_t kSmallestBytes = 16 * 1024;
  static constexpr std::size_t kSizes = 8;  // up to 2 MiB; larger ones are not kept

  // Lies at the top of a kept stack, which the next fiber touches first.
  struct Kept {
    Kept* next;
    StackMemory stack;
  };

  static std::size_t size_of(std::size_t bytes) noexcept;
  StackMemory map(std::size_t bytes);
  void unmap(StackMemory stack) noexcept;
  [[nodiscard]] bool guard_by_install(std::byte* page, std::size_t page_bytes) noexcept;
  void guard_by_protection(std::byte* page, std::size_t page_bytes);

  const Limits limits_;
  SpinLock lock_;
  // Under lock_:
  StackGuard guard_;
  std::array<Kept*, kSizes> kept_of_size_{};
  std::size_t kept_ = 0;
  std::size_t live_ = 0;
  std::size_t by_protection_ = 0;  // live or kept
};

}  // namespace rota::inline v0
