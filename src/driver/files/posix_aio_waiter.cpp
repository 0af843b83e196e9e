#include "driver/files/posix_aio_waiter.hpp"

#include "base/signals_blocked.hpp"
#include "base/time_units.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <ctime>
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
    if (!comes_by_itself_to(newest, oldest.next)) where = std::exchange(asleep_, Asleep::no);
    if (where == Asleep::in_suspend) doorbell_.ring();
  }
  if (where == Asleep::without_work) news_.notify_one();
}

/// Whether its wait ends before any of these does.
bool PosixAioWaiter::comes_by_itself_to(const PosixAioRequest& newest,
                                        const PosixAioRequest* behind) const noexcept {
  if (asleep_ != Asleep::in_suspend) return false;
  const std::span awaited = std::span(awaited_).first(awaited_count_);
  const auto ends_later = [&](const aiocb& control) {
    return std::ranges::any_of(awaited, [&](const Awaited& each) {
      return each.fd == control.aio_fildes && each.lag <= control.aio_reqprio;
    });
  };
  const PosixAioRequest* each = &newest;
  while (each != behind && ends_later(each->control)) each = each->next;
  return each == behind;
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
  choose_awaited();
  wait_ = Wait::not_at_all;
  if (!std::exchange(cancelled_, false)) {
    wait_ = doorbell_.arm() ? Wait::until_roused : Wait::shortly;
  }
  asleep_ = wait_ == Wait::until_roused ? Asleep::in_suspend : Asleep::no;
  return true;
}

/// Behind those of its file that the library runs before it.
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

void PosixAioWaiter::choose_awaited() noexcept {
  awaited_count_ = 0;
  for (std::size_t first = 0; first < count_;) {
    const int fd = watched_[first]->control.aio_fildes;
    std::size_t behind = first;
    while (behind < count_ && watched_[behind]->control.aio_fildes == fd) behind += 1;
    const aiocb& chosen = watched_[first + (behind - first) / kFew]->control;
    awaited_[awaited_count_] = {fd, chosen.aio_reqprio};
    list_[awaited_count_++] = &chosen;
    first = behind;
  }
}

/// Whatever ends it, the requests tell what has happened.
void PosixAioWaiter::suspend() noexcept {
  std::size_t listed = awaited_count_;
  switch (wait_) {
    case Wait::until_roused: {
      list_[listed++] = &doorbell_.request();
      static_cast<void>(::aio_suspend(list_.data(), static_cast<int>(listed), nullptr));
      return;
    }
    case Wait::shortly: {
      // Without memory for the doorbell nobody can end the wait.
      constexpr timespec pause{0, kNsPerMs};
      static_cast<void>(::aio_suspend(list_.data(), static_cast<int>(listed), &pause));
      return;
    }
    case Wait::not_at_all: return;
  }
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
