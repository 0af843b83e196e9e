#include "driver/files/futex_waiter.hpp"

#include <rota/core/atomic.hpp>

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

/// Operation::engine_bits of a wait. Written under the mutex of its thread.
enum WaitBits : std::uint8_t { wait_stands = 1, wait_cancelled = 2 };

/// The number of the entry that was woken, or a negative errno. No entry is left behind in the
/// kernel.
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

/// What waits stands in `waits_`, in the order in which it came. The thread alone takes it out, so
/// that between two looks at the list none of it goes away.
class FutexWaiter::Thread {
 public:
  /// The first entry of a call is the bell's.
  static constexpr std::size_t kMost = FUTEX_WAITV_MAX - 1;

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
      wait.engine_bits = wait_stands;
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
    std::array<futex_waitv, FUTEX_WAITV_MAX> words;
    for (;;) {
      // Before the look: what comes after it has another value there.
      words[0] = entry_of(&bell_, bell_.load(MemoryOrder::acquire), FUTEX_PRIVATE_FLAG);
      const std::size_t asked = look(words);
      if (ending_.load(MemoryOrder::relaxed)) return;
      settle(wait_for_any(std::span(words).first(1 + asked)), asked);
    }
  }

  /// Ends what was cancelled, and writes down the words of all others, which it counts.
  std::size_t look(std::span<futex_waitv, FUTEX_WAITV_MAX> words) noexcept {
    const std::lock_guard lock(mutex_);
    std::size_t asked = 0;
    Operation* following = nullptr;
    for (Operation* each = waits_.front(); each != nullptr; each = following) {
      following = each->next;
      auto& wait = static_cast<FutexWait&>(*each);
      if (wait.engine_bits == wait_cancelled) {
        conclude(wait, -ECANCELED);
        take_out(wait);
      } else {
        words[++asked] = entry_of(wait.word, wait.expected);
      }
    }
    return asked;
  }

  /// Takes out what has ended of those that the call was for, which are the first.
  void settle(std::int32_t woken, std::size_t asked) noexcept {
    const std::lock_guard lock(mutex_);
    Operation* following = waits_.front();
    for (std::size_t number = 1; number <= asked; ++number) {
      auto& wait = static_cast<FutexWait&>(*following);
      following = wait.next;
      if (has_ended(wait, woken, number)) take_out(wait);
    }
  }

  /// A call that was refused for one of its words says nothing about the others.
  static bool has_ended(FutexWait& wait, std::int32_t woken, std::size_t number) noexcept {
    wait.result = 0;
    if (woken >= 0) return number <= static_cast<std::size_t>(woken);
    if (woken == -EINTR) return false;
    if (woken == -EAGAIN || woken == -EFAULT) return attempt(wait) == Attempt::complete;
    conclude(wait, woken);
    return true;
  }

  /// The last touch: the carrier may reap it at once.
  void take_out(FutexWait& wait) noexcept {
    waits_.remove(wait);
    count_ -= 1;
    wait.engine_bits = 0;
    if (completed_.push(wait)) notify_();
  }

  MpscStack<Operation>& completed_;
  const EngineNotify& notify_;
  Atomic<std::uint32_t> bell_{0};
  std::mutex mutex_;
  OpList waits_;
  std::size_t count_ = 0;
  Atomic<bool> ending_{false};
  std::thread thread_;  ///< begins when all before it is made
};

FutexWaiter::FutexWaiter(MpscStack<Operation>& completed, EngineNotify notify) noexcept
    : completed_(completed), notify_(notify) {}

FutexWaiter::~FutexWaiter() = default;

void FutexWaiter::add(FutexWait& wait) {
  wait.engine_bits = 0;
  if (attempt(wait) != Attempt::complete) {
    for (const auto& thread : threads_) {
      if (thread->add(wait)) return;
    }
    try {
      threads_.push_back(std::make_unique<Thread>(completed_, notify_));
      if (threads_.back()->add(wait)) return;
    } catch (const std::system_error&) {
      conclude(wait, -EAGAIN);
    }
  }
  if (completed_.push(wait)) notify_();
}

void FutexWaiter::cancel(FutexWait& wait) noexcept {
  for (const auto& thread : threads_) {
    if (thread->cancel(wait)) return;
  }
}

}  // namespace rota::inline v0
