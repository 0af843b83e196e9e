#include "conformance/watchdog.hpp"

#include <signal.h>

#include <cstdlib>
#include <utility>

namespace rota::conformance {

Watchdog::Watchdog(Driver& driver, std::function<void()> dump)
    : driver_(driver), dump_(std::move(dump)) {
  // The signals that cases send are for the thread of the case, so its mask is full meanwhile and
  // the new thread inherits that.
  sigset_t everything;
  sigset_t before;
  sigfillset(&everything);
  pthread_sigmask(SIG_SETMASK, &everything, &before);
  thread_ = std::thread([this] { watch(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, std::chrono::milliseconds(200), [this] { return ending_; })) look();
}

void Watchdog::look() {
  const Clock::rep since = armed_at_.load();
  if (since == 0) return;
  const auto waited = Clock::now().time_since_epoch() - Clock::duration(since);
  if (waited > 2 * kPatience) {
    dump_();
    std::abort();
  }
  if (waited > kPatience && !barked_.exchange(true)) driver_.wake();
}

}  // namespace rota::conformance
