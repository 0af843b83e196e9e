#include "driver/files/posix_aio_waiter.hpp"

#include "base/signals_blocked.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
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
  Asleep where = Asleep::no;
  {
    const std::lock_guard lock(mutex_);
    oldest.next = std::exchange(fresh_, &newest);
    if (!ends_before(newest, oldest.next)) where = std::exchange(asleep_, Asleep::no);
    if (where == Asleep::in_suspend) doorbell_.ring();
  }
  if (where == Asleep::without_work) news_.notify_one();
}

/// Whether the waiter is in aio_suspend, and out of it before any of these ends.
bool PosixAioWaiter::ends_before(const PosixAioRequest& newest,
                                 const PosixAioRequest* after_oldest) const noexcept {
  if (asleep_ != Asleep::in_suspend) return false;
  const std::span listed = std::span(list_).first(listed_);
  for (const PosixAioRequest* fresh = &newest; fresh != after_oldest; fresh = fresh->next) {
    const auto is_before = [&](const aiocb* each) {
      return each->aio_fildes == fresh->control.aio_fildes &&
             each->aio_reqprio <= fresh->control.aio_reqprio;
    };
    if (std::ranges::none_of(listed, is_before)) return false;
  }
  return true;
}

void PosixAioWaiter::look() noexcept {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (asleep_ != Asleep::in_suspend) return;
  asleep_ = Asleep::no;
  doorbell_.ring();
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
  PosixAioRequest* oldest = nullptr;
  while (fresh_ != nullptr) {
    PosixAioRequest* const next = std::exchange(fresh_->next, oldest);
    oldest = std::exchange(fresh_, next);
  }
  for (; oldest != nullptr; oldest = oldest->next) put_in_order(*oldest);
  choose_listed();
  asleep_ = Asleep::no;
  if (std::exchange(cancelled_, false)) {
    listed_ = 0;
  } else if (doorbell_.arm()) {
    list_[listed_++] = &doorbell_.request();
    asleep_ = Asleep::in_suspend;
  } else {
    looks_soon_ = true;  // Without memory for the doorbell nobody can end the wait.
  }
  return true;
}

/// Behind those of its descriptor that the library runs before it.
void PosixAioWaiter::put_in_order(PosixAioRequest& request) noexcept {
  assert(count_ < watched_.size());
  const auto end = watched_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto order = [](const PosixAioRequest* each) {
    return std::pair(each->control.aio_fildes, each->control.aio_reqprio);
  };
  const auto place = std::ranges::upper_bound(watched_.begin(), end, order(&request), {}, order);
  std::move_backward(place, end, end + 1);
  *place = &request;
  count_ += 1;
}

void PosixAioWaiter::choose_listed() noexcept {
  listed_ = 0;
  looks_soon_ = false;
  for (std::size_t first = 0, end = 0; first < count_; first = end) {
    const aiocb& one = watched_[first]->control;
    while (end < count_ && watched_[end]->control.aio_fildes == one.aio_fildes) end += 1;
    const aiocb& chosen = watched_[first + (end - first) / kShare]->control;
    // Of a less urgent one the library may have been in the midst.
    const bool is_mixed = watched_[end - 1]->control.aio_reqprio != one.aio_reqprio;
    looks_soon_ |= is_mixed || &chosen != &one;
    list_[listed_++] = &chosen;
  }
}

/// Whatever ends it, the requests tell what has happened.
void PosixAioWaiter::suspend() noexcept {
  if (listed_ == 0) return;
  static_cast<void>(::aio_suspend(list_.data(), static_cast<int>(listed_),
                                  looks_soon_ ? &kLongest : nullptr));
}

void PosixAioWaiter::hand_back() noexcept {
  bool first = false;
  std::size_t left = 0;
  for (PosixAioRequest* each : std::span(watched_).first(count_)) {
    if (!has_ended(each->control)) {
      watched_[left++] = each;
    } else {
      first |= ended_.push(*each);  // The last touch: the carrier may have it at once.
    }
  }
  count_ = left;
  if (first) notify_();
}

}  // namespace rota::inline v0
