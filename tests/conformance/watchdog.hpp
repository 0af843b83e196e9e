#pragma once

#include "driver/driver.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace rota::conformance {

/// Ends a wait that would last for ever. The suite waits without a deadline, since a deadline
/// hides a lost wake; so somebody else must notice that nothing happens any more. First the
/// watchdog wakes the driver and the case fails in good order; if even that does not end the
/// turn, it prints what was in flight and aborts.
///
/// Armed and disarmed by the case's thread; everything else is its own thread's.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  /// Longer than a disk stalls whose cache others have filled: a sync or a close waits for that.
  static constexpr std::chrono::seconds kPatience{30};

  /// `dump` runs on the watchdog's thread when the driver does not answer any more.
  Watchdog(Driver& driver, std::function<void()> dump);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  void arm() { armed_at_.store(Clock::now().time_since_epoch().count()); }
  /// Something moved: the patience begins anew where it was running.
  void arm_again() {
    if (armed_at_.load() != 0) arm();
  }
  void disarm() { armed_at_.store(0); }
  /// Whether the patience ended since the last `forgive`.
  [[nodiscard]] bool barked() const { return barked_.load(); }
  void forgive() { barked_.store(false); }

 private:
  void watch();
  void look();

  Driver& driver_;
  std::function<void()> dump_;
  std::atomic<Clock::rep> armed_at_{0};
  std::atomic<bool> barked_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rota::conformance
