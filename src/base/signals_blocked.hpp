#pragma once

#include <signal.h>

namespace rota::inline v0 {

/// Blocks all signals of the calling thread while it lives: threads that are started meanwhile
/// inherit that, so that a signal of the process goes to one of the program's own.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace rota::inline v0
