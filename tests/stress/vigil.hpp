#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace rota::testing_stress {

/// Where a task is, for whoever asks why nothing moves. Written by the task, wherever it runs.
class Place {
 public:
  /// `what` is a literal.
  void at(const char* what) noexcept {
    what_.store(what, std::memory_order_relaxed);
    steps_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] const char* what() const noexcept { return what_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t steps() const noexcept {
    return steps_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<const char*> what_{""};
  std::atomic<std::uint64_t> steps_{0};
};

/// Watches over the places of a test's tasks, on a thread of its own. When none of them moved for
/// long, though there was a CPU to be had, a wake was lost: it prints where each of them is and
/// ends the process. Nothing in the runtime is roused by it, and the tests set no limit to any wait
/// that would hide the loss.
class Vigil {
 public:
  static constexpr std::size_t kPlaces = 64;

  Vigil();
  ~Vigil();
  Vigil(const Vigil&) = delete;
  Vigil& operator=(const Vigil&) = delete;

  [[nodiscard]] Place& place(std::size_t index) noexcept { return places_[index % kPlaces]; }

 private:
  void watch();
  [[nodiscard]] std::uint64_t steps() const noexcept;
  [[noreturn]] void give_up() const;

  std::array<Place, kPlaces> places_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rota::testing_stress
