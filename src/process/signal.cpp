#include <rota/signal.hpp>

#include <rota/core/atomic.hpp>

#include "process/signal_pipe.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace rota::inline v0 {

namespace {

constexpr int kSignals = 64;  // numbers below this fit one mask
constexpr int kWatches = 16;

/// One watch. It is opened and closed under the table's mutex. `mask` is set before the pipe is
/// published and is its payload.
struct WatchPlace {
  SignalPipe pipe;
  Atomic<std::uint64_t> mask{0};
};

/// Shared by the whole process, as signals are. The mutex is for opening and closing watches; the
/// handler takes no lock.
struct WatchTable {
  std::mutex mutex;
  std::array<WatchPlace, kWatches> places;
  std::array<int, kSignals> watches_of{};             // under mutex
  std::array<struct sigaction, kSignals> previous{};  // under mutex
};

constinit WatchTable table;

std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << signal; }

void on_signal(int signal) {
  const int saved = errno;
  const auto number = static_cast<unsigned char>(signal);
  for (WatchPlace& place : table.places) {
    const int pipe = place.pipe.enter();
    if (pipe != 0 && (place.mask.load(MemoryOrder::relaxed) & bit_of(signal)) != 0) {
      // A full pipe holds 64 KiB of signals that nobody has read: this one adds nothing.
      while (::write(pipe, &number, 1) < 0 && errno == EINTR) {
      }
    }
    place.pipe.leave();
  }
  errno = saved;
}

Result<void> install(int signal) {
  if (table.watches_of[static_cast<std::size_t>(signal)]++ > 0) return {};
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  if (sigaction(signal, &action, &table.previous[static_cast<std::size_t>(signal)]) < 0) {
    table.watches_of[static_cast<std::size_t>(signal)] -= 1;
    return failure(errno);
  }
  return {};
}

void restore(std::uint64_t mask) {
  for (int signal = 1; signal < kSignals; ++signal) {
    const auto at = static_cast<std::size_t>(signal);
    if ((mask & bit_of(signal)) == 0 || --table.watches_of[at] > 0) continue;
    sigaction(signal, &table.previous[at], nullptr);
  }
}

Result<int> take_place(int pipe, std::uint64_t mask) {
  for (int i = 0; i < kWatches; ++i) {
    WatchPlace& place = table.places[static_cast<std::size_t>(i)];
    if (place.pipe.open()) continue;
    place.mask.store(mask, MemoryOrder::relaxed);
    place.pipe.publish(pipe);
    return i;
  }
  return failure(EAGAIN);
}

}  // namespace

Result<SignalWatch> SignalWatch::open(std::initializer_list<int> signals) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return failure(errno);
  DescriptorRef reader;
  try {
    reader = DescriptorRef(adopt_fd(ends[0], FdKind::stream));
  } catch (const std::bad_alloc&) {
    ::close(ends[0]);
    ::close(ends[1]);
    return failure(ENOMEM);
  }

  std::lock_guard lock(table.mutex);
  std::uint64_t mask = 0;
  for (const int signal : signals) {
    const bool known = signal > 0 && signal < kSignals;
    if (known && (mask & bit_of(signal)) != 0) continue;  // Named twice, watched once.
    Result<void> installed = known ? install(signal) : Result<void>(failure(EINVAL));
    if (!installed) {
      restore(mask);
      ::close(ends[1]);
      return std::unexpected(installed.error());
    }
    mask |= bit_of(signal);
  }
  Result<int> place = take_place(ends[1], mask);
  if (!place) {
    restore(mask);
    ::close(ends[1]);
    return std::unexpected(place.error());
  }
  return SignalWatch(std::move(reader), *place);
}

SignalWatch::SignalWatch(SignalWatch&& other) noexcept
    : pipe_(std::move(other.pipe_)), place_(std::exchange(other.place_, -1)) {}

SignalWatch::~SignalWatch() {
  if (place_ < 0) return;
  std::lock_guard lock(table.mutex);
  WatchPlace& place = table.places[static_cast<std::size_t>(place_)];
  restore(place.mask.load(MemoryOrder::relaxed));
  const int pipe = place.pipe.withdraw();
  while (!place.pipe.unused()) ::sched_yield();  // Bounded by the writes under way.
  ::close(pipe);
}

}  // namespace rota::inline v0
