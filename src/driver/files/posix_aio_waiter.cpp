#include "driver/files/posix_aio_waiter.hpp"

#include "base/signals_blocked.hpp"
#include "base/time_units.hpp"

#include <cassert>
#include <ctime>
#include <system_error>
#include <utility>

namespace rota::inline v0 {

PosixAioWaiter::~PosixAioWaiter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  thread_.join();
}

int PosixAioWaiter::start() {
  if (thread_.joinable()) return 0;
  if (const int error = doorbell_.hang(); error != 0) return error;
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  started_.store(true, MemoryOrder::relaxed);
  return 0;
}

void PosixAioWaiter::watch(PosixAioRequest& newest, PosixAioRequest& oldest) noexcept {
  Asleep where;
  {
    const std::lock_guard lock(mutex_);
    oldest.next = std::exchange(fresh_, &newest);
    where = std::exchange(asleep_, Asleep::no);
    if (where == Asleep::in_suspend) doorbell_.ring();
  }
  if (where == Asleep::without_work) news_.notify_one();
}

void PosixAioWaiter::run() noexcept {
  while (take_fresh()) {
    suspend();
    hand_back();
  }
}

/// False: there is nothing to wait for, and nothing comes.
bool PosixAioWaiter::take_fresh() noexcept {
  std::unique_lock lock(mutex_);
  while (count_ == 0 && fresh_ == nullptr) {
    if (stopping_) return false;
    asleep_ = Asleep::without_work;
    news_.wait(lock);
  }
  for (; fresh_ != nullptr; fresh_ = fresh_->next) {
    assert(count_ < watched_.size());
    watched_[count_] = fresh_;
    list_[count_++] = &fresh_->control;
  }
  reachable_ = doorbell_.arm();
  asleep_ = reachable_ ? Asleep::in_suspend : Asleep::no;
  return true;
}

/// Whatever ends it, the requests tell what has happened.
void PosixAioWaiter::suspend() noexcept {
  if (reachable_) {
    list_[count_] = &doorbell_.request();
    static_cast<void>(::aio_suspend(list_.data(), static_cast<int>(count_ + 1), nullptr));
    return;
  }
  // Without memory for the doorbell nobody can end the wait: it is short.
  constexpr timespec pause{0, kNsPerMs};
  static_cast<void>(::aio_suspend(list_.data(), static_cast<int>(count_), &pause));
}

void PosixAioWaiter::hand_back() noexcept {
  bool first = false;
  for (std::size_t i = 0; i < count_;) {
    if (!has_ended(*list_[i])) {
      ++i;
      continue;
    }
    PosixAioRequest& request = *watched_[i];
    count_ -= 1;
    watched_[i] = watched_[count_];
    list_[i] = list_[count_];
    first |= ended_.push(request);  // The last touch: the carrier may have it at once.
  }
  if (first) notify_();
}

}  // namespace rota::inline v0
