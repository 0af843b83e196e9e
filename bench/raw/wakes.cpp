// The limits for a wake: a thread that sleeps in nothing but a futex, in epoll_wait over an eventfd
// as a runtime's worker does, or on a condition variable.
//
//   raw_wakes futex|eventfd|condition

#include "wake_work.hpp"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <thread>

namespace {

using namespace rota::bench;

/// The worker sleeps while the word is 0.
class Futex {
 public:
  void wait() {
    while (word_.exchange(0, std::memory_order_acquire) == 0) call(FUTEX_WAIT_PRIVATE, 0);
  }
  void wake() {
    word_.store(1, std::memory_order_release);
    call(FUTEX_WAKE_PRIVATE, 1);
  }

 private:
  void call(int operation, std::uint32_t value) {
    static_assert(sizeof word_ == sizeof(std::uint32_t));
    ::syscall(SYS_futex, &word_, operation, value, nullptr, nullptr, 0);
  }

  std::atomic<std::uint32_t> word_{0};
};

/// Edge-triggered, so that nobody has to read the count back.
class EventFd {
 public:
  EventFd() {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    if (fd_ < 0 || epoll_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) != 0) {
      give_up("no eventfd under epoll");
    }
  }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  ~EventFd() {
    ::close(epoll_);
    ::close(fd_);
  }

  void wait() {
    epoll_event event{};
    while (::epoll_wait(epoll_, &event, 1, -1) != 1) {
      if (errno != EINTR) give_up("epoll_wait failed");
    }
  }
  void wake() {
    const std::uint64_t one = 1;
    if (::write(fd_, &one, sizeof one) != sizeof one) give_up("write to the eventfd failed");
  }

 private:
  int fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

class Condition {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return posted_; });
    posted_ = false;
  }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      posted_ = true;
    }
    condition_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool posted_ = false;
};

template <class Means>
void measure_means() {
  const WakeCpus cpus = WakeCpus::take();
  WakeProbe probe;
  Means means;
  std::atomic<bool> ended{false};
  std::thread worker([&] {
    for (;;) {
      means.wait();
      probe.arrive();
      if (ended.load(std::memory_order_acquire)) return;
    }
  });
  measure_wakes(cpus, probe, [&means] { means.wake(); });
  ended.store(true, std::memory_order_release);
  means.wake();
  worker.join();
}

}  // namespace

int main(int count, char** words) {
  const std::string_view means = count == 2 ? words[1] : "";
  if (means == "futex") {
    measure_means<Futex>();
  } else if (means == "eventfd") {
    measure_means<EventFd>();
  } else if (means == "condition") {
    measure_means<Condition>();
  } else {
    std::fputs("usage: raw_wakes futex|eventfd|condition\n", stderr);
    return 2;
  }
}
