#pragma once

#include <signal.h>

namespace rota::inline v0 {

/// Blocks the signals that are sent to the process while it lives: threads that are started
/// meanwhile inherit that. What a thread does wrong, and a profiler's clock, are its own.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t sent;
    sigfillset(&sent);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      sigdelset(&sent, own);
    }
    pthread_sigmask(SIG_SETMASK, &sent, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace rota::inline v0
