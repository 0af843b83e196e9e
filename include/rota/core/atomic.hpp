#pragma once

// The atomic shim. Everything lock-free in Rota is written over these names and includes this
// file by the path <rota/core/atomic.hpp>. A model test puts another file of the same path first
// on its include path (model/shim), where each operation is a scheduling point of an
// explorer: what is model-checked is then the very code that ships.

#include <rota/core/build_mark.hpp>
#include <rota/core/memory_order.hpp>

namespace rota::inline v0 {

/// Whether an Atomic is as large as its value. In a model it is not, and no class that holds one is
/// as large as it promises to be.
inline constexpr bool atomics_are_bare = true;

/// An integer, pointer, enumeration or bool of at most eight bytes that several threads use.
/// The operations and their meaning are those of std::atomic, over the same builtins.
template <class T>
class Atomic {
  static_assert(sizeof(T) <= 8 && __atomic_always_lock_free(sizeof(T), nullptr));

 public:
  constexpr Atomic() noexcept : value_{} {}
  constexpr explicit(false) Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  [[nodiscard]] T load(MemoryOrder order = MemoryOrder::seq_cst) const noexcept {
    T result;
    __atomic_load(&value_, &result, static_cast<int>(order));
    return result;
  }

  void store(T value, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    __atomic_store(&value_, &value, static_cast<int>(order));
  }

  T exchange(T value, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    T before;
    __atomic_exchange(&value_, &value, &before, static_cast<int>(order));
    return before;
  }

  bool compare_exchange_strong(T& expected, T desired, MemoryOrder success,
                               MemoryOrder failure) noexcept {
    return __atomic_compare_exchange(&value_, &expected, &desired, false,
                                     static_cast<int>(success), static_cast<int>(failure));
  }

  bool compare_exchange_strong(T& expected, T desired,
                               MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order, failure_order(order));
  }

  bool compare_exchange_weak(T& expected, T desired, MemoryOrder success,
                             MemoryOrder failure) noexcept {
    return __atomic_compare_exchange(&value_, &expected, &desired, true,
                                     static_cast<int>(success), static_cast<int>(failure));
  }

  bool compare_exchange_weak(T& expected, T desired,
                             MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_weak(expected, desired, order, failure_order(order));
  }

  T fetch_add(T by, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return __atomic_fetch_add(&value_, by, static_cast<int>(order));
  }
  T fetch_sub(T by, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return __atomic_fetch_sub(&value_, by, static_cast<int>(order));
  }
  T fetch_or(T bits, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return __atomic_fetch_or(&value_, bits, static_cast<int>(order));
  }
  T fetch_and(T bits, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return __atomic_fetch_and(&value_, bits, static_cast<int>(order));
  }

 private:
  /// A failed exchange stores nothing, so there is nothing for it to release.
  static constexpr MemoryOrder failure_order(MemoryOrder order) noexcept {
    if (order == MemoryOrder::acq_rel) return MemoryOrder::acquire;
    if (order == MemoryOrder::release) return MemoryOrder::relaxed;
    return order;
  }

  alignas(sizeof(T)) T value_;
};

/// A seq_cst fence on x86 is a locked instruction on the stack, as g++ emits it, where clang emits
/// `mfence`: 5 ns against 41. Only stores that go past the cache would tell the two apart.
inline void fence(MemoryOrder order) noexcept {
#if __has_builtin(__builtin_ia32_pause)
  if (order == MemoryOrder::seq_cst) {
    int onto = 0;
    asm volatile("lock orl $0, %0" : "+m"(onto) : : "memory", "cc");
    return;
  }
#endif
  __atomic_thread_fence(static_cast<int>(order));
}

/// Orders memory accesses as the compiler emits them and costs no instruction. It is one half of
/// an asymmetric pair whose other half is membarrier(2) on the rare side.
inline void signal_fence(MemoryOrder order) noexcept {
  __atomic_signal_fence(static_cast<int>(order));
}

/// Every spin loop calls this once per round: it tells the core, and an explorer, that nothing
/// will change before another thread writes.
inline void spin_pause() noexcept {
#if __has_builtin(__builtin_ia32_pause)
  __builtin_ia32_pause();
#elif __has_builtin(__builtin_arm_yield)
  __builtin_arm_yield();
#else
  signal_fence(MemoryOrder::seq_cst);
#endif
}

}  // namespace rota::inline v0
