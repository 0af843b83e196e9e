#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// A count that one thread at a time writes, as if it were a plain integer, and that any thread
/// reads at any moment. Relaxed: nothing is published by it. A load and a store instead of a
/// read-modify-write, which would lock the bus on each of a worker's steps.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  operator std::uint64_t() const noexcept {  // NOLINT(google-explicit-constructor)
    return value_.load(MemoryOrder::relaxed);
  }
  Counter& operator+=(std::uint64_t by) noexcept {
    value_.store(value_.load(MemoryOrder::relaxed) + by, MemoryOrder::relaxed);
    return *this;
  }
  Counter& operator-=(std::uint64_t by) noexcept {
    value_.store(value_.load(MemoryOrder::relaxed) - by, MemoryOrder::relaxed);
    return *this;
  }

 private:
  Atomic<std::uint64_t> value_{0};
};

}  // namespace rota::inline v0
