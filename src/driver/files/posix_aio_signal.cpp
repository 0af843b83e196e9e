#include "driver/files/posix_aio_signal.hpp"

#include "driver/files/posix_aio_bell.hpp"

#include <signal.h>

#include <mutex>

namespace rota::inline v0 {
namespace {

/// SIGURG first: where nobody handles it, it is ignored, so that one too many harms nobody.
constexpr int kSignalCandidates[] = {SIGURG, SIGIO};

void ring_bells(int) { PosixAioBell::ring_all(); }

/// Whether it has the handler now.
bool put_handler(int number) noexcept {
  struct sigaction found{};
  if (::sigaction(number, nullptr, &found) != 0) return false;
  if ((found.sa_flags & SA_SIGINFO) != 0) return false;
  if (found.sa_handler == ring_bells) return true;
  if (found.sa_handler != SIG_DFL) return false;
  struct sigaction action{};
  action.sa_handler = ring_bells;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  return ::sigaction(number, &action, nullptr) == 0;
}

}  // namespace

int posix_aio_signal() noexcept {
  static constinit std::mutex mutex;
  const std::lock_guard lock(mutex);
  for (const int number : kSignalCandidates) {
    if (put_handler(number)) return number;
  }
  return 0;
}

void take_posix_aio_signal(int number) noexcept {
  thread_local int taken = 0;
  if (taken == number) return;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  if (::pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0) taken = number;
}

}  // namespace rota::inline v0
