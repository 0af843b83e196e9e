#include "driver/files/futex_waiter.hpp"

#include "base/futex.hpp"
#include "base/signals_blocked.hpp"
#include "driver/perform.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>

namespace rota::inline v0 {
namespace {

/// Operation::engine_bits of a wait, under the mutex of its thread.
enum WaitBits : std::uint8_t { wait_cancelled = 1 };

/// The number of an entry that was woken, or a negative errno.
std::int32_t wait_for_any(std::span<const futex_waitv> words) noexcept {
  const long woken = ::syscall(SYS_futex_waitv, words.data(), words.size(), 0, nullptr, 0);
  return woken < 0 ? -errno : static_cast<std::int32_t>(woken);
}

futex_waitv entry_of(const void* word, std::uint32_t expected, std::uint32_t flags = 0) noexcept {
  return {.val = expected,
          .uaddr = reinterpret_cast<std::uintptr_t>(word),
          .flags = FUTEX_32 | flags,
          .__reserved = 0};
}

}  // namespace

/// What waits stands in `waits_`. The thread alone takes it out, so that nothing of a call goes
/// away meanwhile. The first word of a call is the bell, by which the carrier tells of what is new.
class FutexWaiter::Thread {
 public:
  Thread(MpscStack<Operation>& completed, const EngineNotify& notify)
      : completed_(completed), notify_(notify), thread_(begin(*this)) {}

  ~Thread() {
    assert(count_ == 0);
    ending_.store(true, MemoryOrder::relaxed);  // The bell publishes it.
    ring_bell();
    thread_.join();
  }

  /// False: it has no room.
  bool add(FutexWait& wait) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (count_ == kMost) return false;
      wait.engine_bits = 0;
      waits_.push_back(wait);
      count_ += 1;
    }
    ring_bell();
    return true;
  }

  /// False: it does not stand here.
  bool cancel(const FutexWait& wait) noexcept {
    {
      const std::lock_guard lock(mutex_);
      Operation* each = waits_.front();
      while (each != nullptr && each != &wait) each = each->next;
      if (each == nullptr) return false;
      each->engine_bits = wait_cancelled;
    }
    ring_bell();
    return true;
  }

 private:
  static constexpr std::size_t kMost = FUTEX_WAITV_MAX - 1;

  /// Signals are for the program's own threads.
  static std::thread begin(Thread& self) {
    const SignalsBlocked blocked;
    return std::thread([&self] { self.run(); });
  }

  void ring_bell() noexcept {
    bell_.fetch_add(1, MemoryOrder::release);
    futex_wake_one(&bell_);
  }

  void run() noexcept {
    for (;;) {
      // Before the look: what comes after it has another value there.
      const std::uint32_t rung = bell_.load(MemoryOrder::acquire);
      look();
      if (ending_.load(MemoryOrder::relaxed)) return;
      if (asked_ == 0) {
        futex_sleep(&bell_, rung);
        continue;
      }
      words_[0] = entry_of(&bell_, rung, FUTEX_PRIVATE_FLAG);
      settle(wait_for_any(std::span(words_).first(1 + asked_)), rung);
    }
  }

  /// Ends what was cancelled, and writes down all others for the call.
  void look() noexcept {
    const std::lock_guard lock(mutex_);
    asked_ = 0;
    Operation* following = nullptr;
    for (Operation* each = waits_.front(); each != nullptr; each = following) {
      following = each->next;
      auto& wait = static_cast<FutexWait&>(*each);
      if (wait.engine_bits == wait_cancelled) {
        conclude(wait, -ECANCELED);
        take_out(wait);
      } else {
        waiting_[asked_++] = &wait;
        words_[asked_] = entry_of(wait.word, wait.expected);
      }
    }
  }

  /// Of a word that has another value, or is not mapped any more, the call does not say which.
  void settle(std::int32_t answer, std::uint32_t rung) noexcept {
    if (answer == 0 || answer == -EINTR) return;
    if (answer > 0) return end(*waiting_[static_cast<std::size_t>(answer) - 1], 0);
    if (answer == -EAGAIN && bell_.load(MemoryOrder::relaxed) != rung) return;
    for (FutexWait* wait : std::span(waiting_).first(asked_)) {
      if (answer != -EAGAIN && answer != -EFAULT) {
        end(*wait, answer);
      } else if (attempt(*wait) == Attempt::complete) {
        end(*wait, wait->result);
      }
    }
  }

  void end(FutexWait& wait, std::int32_t result) noexcept {
    wait.result = result;
    const std::lock_guard lock(mutex_);
    take_out(wait);
  }

  /// Under the mutex. The last touch: the carrier may reap it at once.
  void take_out(FutexWait& wait) noexcept {
    waits_.remove(wait);
    count_ -= 1;
    if (completed_.push(wait)) notify_();
  }

  MpscStack<Operation>& completed_;
  const EngineNotify& notify_;
  Atomic<std::uint32_t> bell_{0};
  Atomic<bool> ending_{false};
  std::mutex mutex_;
  OpList waits_;
  std::size_t count_ = 0;
  // The thread's own: the call.
  std::size_t asked_ = 0;
  std::array<FutexWait*, kMost> waiting_;
  std::array<futex_waitv, FUTEX_WAITV_MAX> words_;
  std::thread thread_;  ///< begins when all before it is made
};

FutexWaiter::FutexWaiter(MpscStack<Operation>& completed, EngineNotify notify) noexcept
    : completed_(completed), notify_(notify) {}

FutexWaiter::~FutexWaiter() = default;

void FutexWaiter::add(FutexWait& wait) {
  if (attempt(wait) != Attempt::complete) {
    if (place(wait)) return;
    conclude(wait, -EAGAIN);
  }
  if (completed_.push(wait)) notify_();
}

/// False: no thread has room, and there is no other.
bool FutexWaiter::place(FutexWait& wait) {
  for (const auto& thread : threads_) {
    if (thread->add(wait)) return true;
  }
  if (threads_.size() == kMostThreads) return false;
  try {
    threads_.push_back(std::make_unique<Thread>(completed_, notify_));
  } catch (const std::system_error&) {
    return false;
  }
  shown_threads_.store(threads_.size(), MemoryOrder::relaxed);
  return threads_.back()->add(wait);
}

void FutexWaiter::cancel(FutexWait& wait) noexcept {
  for (const auto& thread : threads_) {
    if (thread->cancel(wait)) return;
  }
}

}  // namespace rota::inline v0
